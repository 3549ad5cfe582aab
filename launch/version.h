#pragma once

#include <string_view>

namespace braid {

/// "0.1.0", as the build states it.
std::string_view Version();

/// "g++ 12.2.0, Release, with MPI".
std::string_view BuildDescription();

}  // namespace braid
