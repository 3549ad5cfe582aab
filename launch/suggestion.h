#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// " (did you mean 'x'?)" with the candidate nearest to `word`, or "" where none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace braid
