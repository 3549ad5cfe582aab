#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace braid {

/// A tenth of all requests, by prompt length.
struct LengthDecile {
  std::int64_t min_tokens = 0;  ///< shortest and longest prompt in it; 0: there were no requests
  std::int64_t max_tokens = 0;
  double requests = 0;
  double attainment = 1;  ///< share that met the SLO
};

/// SLO attainment by length decile: requests sorted by prompt length and cut into ten parts of the
/// same size. Where a cut falls between requests of one length, that length counts in both parts in
/// proportion, so the figures do not depend on an order among equals.
/// Memory: one entry for each length that occurred, 5 MB at most: beyond kMostLengths of them,
/// lengths that differ by less than 1/256 count as equal, the shortest and longest of a decile are
/// then within that. The same figures in whatever order requests are added.
/// Thread: one.
class LengthDeciles {
 public:
  static constexpr std::size_t kMostLengths = 65'536;

  void Add(std::int64_t prompt_tokens, bool met);
  std::array<LengthDecile, 10> Deciles() const;

 private:
  struct Counts {
    std::int64_t requests = 0;
    std::int64_t met = 0;
    std::int64_t longest = 0;  ///< of the bucket; the shortest is the key
  };
  void Count(std::int64_t shortest, const Counts& counts);
  void Coarsen();

  std::map<std::int64_t, Counts> by_length_;
  bool coarse_ = false;
  std::int64_t num_requests_ = 0;
};

}  // namespace braid
