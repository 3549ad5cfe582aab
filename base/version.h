#pragma once

#include <string_view>

namespace braid {

/// "0.1.0".
std::string_view Version();

}  // namespace braid
