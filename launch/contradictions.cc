#include "launch/contradictions.h"

#include <fmt/format.h>

namespace braid {

const Option& Contradictions::Get(std::string_view option) const {
  const Option* found = table_.Find(option);
  BRAID_CHECK(found != nullptr);
  return *found;
}

bool Contradictions::IsSet(std::string_view option) const {
  const Option* found = table_.Find(option);
  if (found == nullptr || found->origin.kind == Origin::Kind::kDefault) return false;
  if (const auto* entries = std::get_if<EntriesTarget>(&found->target)) {
    return entries->size() > 0;
  }
  return ValueText(*found) != found->initial;
}

bool Contradictions::IsStated(std::string_view option) const {
  const Option* found = table_.Find(option);
  return IsSet(option) || (found != nullptr && found->origin.kind == Origin::Kind::kFlag);
}

std::string Contradictions::NameOf(std::string_view option) const {
  const Option& found = Get(option);
  if (found.origin.kind == Origin::Kind::kFlag) {
    const std::string& flag = found.origin.place;
    const auto* is_on = std::get_if<SwitchTarget>(&found.target);
    if (is_on != nullptr && !*is_on->value) return "--no-" + found.name;
    return flag == "--" + found.name ? flag : fmt::format("{} ({})", flag, found.file_key());
  }
  return found.in_flags && found.origin.kind == Origin::Kind::kDefault ? "--" + found.name
                                                                       : FileName(found);
}

std::string Contradictions::PlaceOf(std::initializer_list<std::string_view> options) const {
  for (const std::string_view option : options) {
    const Origin& origin = Get(option).origin;
    if (origin.kind == Origin::Kind::kFile) return origin.place + ": ";
  }
  return "";
}

void Contradictions::Add(std::initializer_list<std::string_view> options,
                         std::string_view message) {
  text_ += fmt::format("{}{}{}", text_.empty() ? "" : "\n", PlaceOf(options), message);
}

void Contradictions::RefuseBoth(std::string_view one, std::string_view other,
                                std::string_view advice) {
  if (!IsSet(one) || !IsSet(other)) return;
  Add({one, other},
      fmt::format("{} and {} contradict each other: {}", NameOf(one), NameOf(other), advice));
}

}  // namespace braid
