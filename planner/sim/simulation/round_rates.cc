#include "planner/sim/simulation/round_rates.h"

namespace braid {
namespace {

constexpr std::int32_t kMostStrands = 8;  // as ValidateClusterSpec allows

/// The two leading bits of a size.
std::int64_t Coarse(std::int64_t size) {
  int shift = 0;
  while ((size >> shift) > 3) ++shift;
  return size >> shift << shift;
}

std::int64_t Flags(const StepSignature& signature) {
  return signature.degree * 16 + (signature.prefill ? 1 : 0) + (signature.decode ? 2 : 0) +
         (signature.sampled ? 4 : 0) + (signature.across_nodes ? 8 : 0);
}

}  // namespace

RoundRates::RoundRates(const CostModel& costs)
    : costs_(costs),
      rounds_(CoRun::Make({.kind = DisciplineKind::kRounds, .depth = kMostStrands},
                          costs.contention(), {.steps = 2, .tasks = 12'000})) {
  BRAID_CHECK(rounds_.ok());  // constants of ours
}

std::span<const std::int64_t> RoundRates::Rates(std::span<const Strand> strands) {
  key_.clear();
  for (const Strand& strand : strands) {
    key_.push_back(Flags(strand.signature));
    for (const std::int64_t size : strand.sizes.of) key_.push_back(Coarse(size));
  }
  const auto found = known_.find(key_);
  if (found != known_.end()) return found->second;
  std::vector<CoRunStrand> running;
  for (const Strand& strand : strands) {
    CoRunStrand coarse = {.tmpl = &costs_.Timed(strand.signature)};
    for (std::size_t i = 0; i < coarse.sizes.of.size(); ++i) {
      coarse.sizes.of[i] = Coarse(strand.sizes.of[i]);
    }
    coarse.priority = -static_cast<std::int32_t>(running.size());
    running.push_back(coarse);
  }
  std::vector<std::int64_t>& rates = known_[key_];
  const Status measured = rounds_.value().Rates(running, &rates);
  BRAID_CHECK(measured.ok());  // templates of ours, no more of them than the depth
  return rates;
}

}  // namespace braid
