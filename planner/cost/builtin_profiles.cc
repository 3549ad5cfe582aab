#include "planner/cost/builtin_profiles.h"

#include "planner/cost/profile.h"

namespace braid {

std::vector<std::string> BuiltinProfileNames() {
  std::vector<std::string> names;
  for (const EmbeddedProfile& profile : EmbeddedProfiles()) names.emplace_back(profile.name);
  return names;
}

Result<Profile> BuiltinProfile(std::string_view name) {
  std::string known;
  for (const EmbeddedProfile& profile : EmbeddedProfiles()) {
    if (profile.name == name) {
      return ParseProfile(profile.yaml, std::string(name) + ".yaml (built in)");
    }
    known += (known.empty() ? "" : ", ") + std::string(profile.name);
  }
  return NotFound("no built-in profile '" + std::string(name) + "'; there are " + known +
                  ", and the path of a file that ends in .yaml names one of yours");
}

Result<Profile> FindProfile(const std::string& name_or_path) {
  const bool is_path = name_or_path.find('/') != std::string::npos ||
                       name_or_path.ends_with(".yaml") || name_or_path.ends_with(".yml");
  return is_path ? LoadProfile(name_or_path) : BuiltinProfile(name_or_path);
}

}  // namespace braid
