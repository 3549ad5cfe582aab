#include "planner/sim/report/length_deciles.h"

#include <algorithm>

namespace braid {

void LengthDeciles::Add(std::int64_t prompt_tokens, bool met) {
  Counts& counts = by_length_[prompt_tokens];
  ++counts.requests;
  counts.met += met ? 1 : 0;
  ++num_requests_;
}

std::array<LengthDecile, 10> LengthDeciles::Deciles() const {
  std::array<LengthDecile, 10> deciles;
  // In tenths of a request everything is a whole number: a decile holds num_requests_ of them.
  std::int64_t begin = 0;
  std::array<double, 10> met_tenths = {};
  for (const auto& [tokens, counts] : by_length_) {
    const std::int64_t end = begin + 10 * counts.requests;
    for (std::int64_t d = begin / num_requests_; d < 10 && d * num_requests_ < end; ++d) {
      const std::int64_t from = std::max(begin, d * num_requests_);
      const std::int64_t part = std::min(end, (d + 1) * num_requests_) - from;
      LengthDecile& decile = deciles[static_cast<std::size_t>(d)];
      if (decile.requests == 0) decile.min_tokens = tokens;
      decile.max_tokens = tokens;
      decile.requests += static_cast<double>(part);
      met_tenths[static_cast<std::size_t>(d)] += static_cast<double>(part) *
                                                 static_cast<double>(counts.met) /
                                                 static_cast<double>(counts.requests);
    }
    begin = end;
  }
  for (std::size_t d = 0; d < deciles.size(); ++d) {
    if (deciles[d].requests == 0) continue;
    deciles[d].attainment = met_tenths[d] / deciles[d].requests;
    deciles[d].requests /= 10;
  }
  return deciles;
}

}  // namespace braid
