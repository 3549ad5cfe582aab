#pragma once

#include "plan/program.h"

#include <array>
#include <cstdint>
#include <vector>

namespace braid {

/// What of a step the time of a task depends on. Sizes are those of one rank's instance.
enum class Size : std::uint8_t {
  kRows,           ///< tokens whose linear layers run here
  kSampledRows,    ///< of them, those that yield logits
  kPrefillPairs,   ///< (p + n)^2 - p^2 over prefill chunks of n tokens after p, this instance's
                   ///< share
  kDecodeContext,  ///< KV tokens that decode rows read here
  kRingTokens,     ///< KV tokens in the largest block that travels one ring step
  kQueryRows,      ///< decode rows whose queries travel to one peer (and whose partials return)
  kMovedTokens,    ///< KV tokens that this instance sends or receives in a move
  kNone,
};
inline constexpr int kNumSizes = static_cast<int>(Size::kNone);

struct StepSizes {
  std::array<std::int64_t, kNumSizes> of = {};

  std::int64_t& operator[](Size size) { return of[static_cast<std::size_t>(size)]; }
  std::int64_t operator[](Size size) const { return of[static_cast<std::size_t>(size)]; }
  bool operator==(const StepSizes&) const = default;
};

/// Resources that slow each other when two tasks use them at once; indices of the contention
/// matrix.
enum class WorkClass : std::uint8_t { kMatMul, kAttention, kOther, kNetwork };
inline constexpr int kNumWorkClasses = 4;

/// contention[a][b]: by how much work of class a takes longer while work of class b runs on the
/// same rank, in 1/1024 (1024: not at all).
struct ContentionMatrix {
  static constexpr std::int64_t kOne = 1024;
  std::array<std::array<std::int64_t, kNumWorkClasses>, kNumWorkClasses> factor = {
      {{kOne, kOne, kOne, kOne},
       {kOne, kOne, kOne, kOne},
       {kOne, kOne, kOne, kOne},
       {kOne, kOne, kOne, kOne}}};
};

/// The time of one task as a function of sizes, in integers only, so that every machine and
/// compiler gets the same nanosecond:
///   fixed_ns + max(floor_ns, (sum of coefficient x size) >> kCoefficientBits)
struct TimedTask {
  static constexpr int kCoefficientBits = 24;
  struct Term {
    Size size = Size::kNone;
    std::int64_t coefficient = 0;  ///< ns per unit of size, times 2^kCoefficientBits; >= 0
  };
  Lane lane = Lane::kCompute;
  WorkClass work = WorkClass::kOther;
  bool cuttable = false;  ///< may be cut in pieces without changing what it computes
  std::uint8_t num_dependencies = 0;
  std::uint16_t first_dependency = 0;  ///< index into TimedTemplate::dependencies
  std::int64_t fixed_ns = 0;           ///< launch, latency
  std::int64_t floor_ns = 0;           ///< what even one row takes: reading the weights
  std::array<Term, 2> terms = {};

  std::int64_t Ns(const StepSizes& sizes) const {
    // A slow device's coefficient times the pairs of a million tokens does not fit 64 bits.
    __extension__ using Wide = __int128;
    Wide scaled = 0;
    for (const Term& term : terms) {
      if (term.size != Size::kNone) scaled += Wide{term.coefficient} * sizes[term.size];
    }
    const auto variable = static_cast<std::int64_t>(scaled >> kCoefficientBits);
    return fixed_ns + (variable > floor_ns ? variable : floor_ns);
  }
};

/// A template with times instead of operands: what the clock runs. Sections and dependencies as in
/// Template: prologue, layer section x num_layers, epilogue; edges are backward distances in
/// unrolled order. Within one strand each lane runs its tasks in order.
/// Thread: immutable once built; share it.
struct TimedTemplate {
  std::vector<TimedTask> tasks;
  std::vector<std::uint16_t> dependencies;
  Section prologue;
  Section layer;
  Section epilogue;
  std::int32_t num_layers = 0;
  std::int64_t overhead_ns =
      0;  ///< before the first task of every step: planning, launch, host work
};

}  // namespace braid
