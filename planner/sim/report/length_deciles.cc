#include "planner/sim/report/length_deciles.h"

#include <algorithm>
#include <bit>

namespace braid {
namespace {

/// Lengths below 2^kExactBits are buckets of their own; above, 2^(kExactBits - 1) from each power
/// of two to the next.
constexpr int kExactBits = 9;

int CoarseBits(std::int64_t tokens) {
  const auto width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(tokens)));
  return std::max(0, width - kExactBits);
}

}  // namespace

void LengthDeciles::Count(std::int64_t shortest, const Counts& counts) {
  Counts& entry = by_length_[shortest];
  entry.requests += counts.requests;
  entry.met += counts.met;
  entry.longest = std::max(entry.longest, counts.longest);
}

void LengthDeciles::Coarsen() {
  coarse_ = true;
  std::map<std::int64_t, Counts> exact;
  exact.swap(by_length_);
  for (const auto& [tokens, counts] : exact) {
    const int bits = CoarseBits(tokens);
    Count(tokens >> bits << bits, counts);
  }
}

void LengthDeciles::Add(std::int64_t prompt_tokens, bool met) {
  const int bits = coarse_ ? CoarseBits(prompt_tokens) : 0;
  Count(prompt_tokens >> bits << bits,
        {.requests = 1, .met = met ? 1 : 0, .longest = prompt_tokens});
  ++num_requests_;
  if (by_length_.size() > kMostLengths) Coarsen();
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
      decile.max_tokens = counts.longest;
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
