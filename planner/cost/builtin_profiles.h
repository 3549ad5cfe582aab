#pragma once

#include <span>
#include <string_view>

namespace braid {

struct EmbeddedProfile {
  std::string_view name;
  std::string_view yaml;
};

/// The files of planner/cost/profiles, as text, in alphabetical order; written by CMake.
std::span<const EmbeddedProfile> EmbeddedProfiles();

}  // namespace braid
