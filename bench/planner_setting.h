#pragma once

#include "base/status.h"
#include "planner/sim/simulation/simulation.h"

#include <cstdint>
#include <string>

namespace braid {

/// What the command line asks for.
struct FigureOptions {
  bool quick = false;  ///< small runs that only show that everything works
  int jobs = 1;        ///< searches side by side; timings always run alone
  int ratio_seeds = 10;
  int seeds = 3;         ///< of the comparison of braid with loongserve
  std::string mooncake;  ///< the trace; empty: its figures are not run
};

/// A policy as a figure compares it.
enum class Contender { kLoongServe, kStaticTp, kStaticSp, kReplicas, kBraid };

/// One change to how a contender is modelled.
enum class Mechanism {
  kAsEvaluated,  ///< the paper, with the settings of its evaluation
  kAtOnce,       ///< prompts start at the next pass boundary, not after ten
  kInOrder,      ///< loongserve: first come, first served
  kReleased,     ///< loongserve: what the released code does
  kHostPasses,   ///< decode passes no faster than the released scheduler takes them to be
};

/// 8 x A800, LWM-7B, instances of two devices, LoongServe's SLO. The papers' systems know output
/// lengths, as their clients told them; braid does not. Replicas take requests in turn. The static
/// policies have no tipping point: they prefill all that waits and fits, up to 500,000 tokens.
/// Errors: those of built-in models and profiles.
Result<SimulationSpec> SettingOf(Contender contender,
                                 Mechanism mechanism = Mechanism::kAsEvaluated);
std::string ContenderName(Contender contender);
/// "" for kAsEvaluated.
std::string MechanismName(Mechanism mechanism);

/// The named workload with LoongServe's arrivals.
void SetNamed(SimulationSpec& spec, const std::string& workload, std::uint64_t seed);
/// All of a trace file; arrivals are the file's.
void SetTrace(SimulationSpec& spec, const std::string& path);

}  // namespace braid
