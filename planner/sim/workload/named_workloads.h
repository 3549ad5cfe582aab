#pragma once

#include "planner/sim/workload/workload_spec.h"

#include <array>
#include <string_view>
#include <vector>

namespace braid {

/// The parameters of the named workloads, all in one place. They stand in for data sets that the
/// project does not ship: statistics of LoongServe's workloads (arXiv:2404.09526v2, section 7.1,
/// and its released scripts), of Medha (arXiv:2409.17264v4) where it says so; "chosen": ours,
/// within what is published. docs/workloads.md lists them with what they give.
namespace stand_in {

/// ShareGPT: range of prompts and the cut of outputs below 1,000 are the released filter's; output
/// mean 236, within 200 .. 250; prompt median and both spreads chosen.
inline constexpr LengthSpec kShareGptPrompt = {
    .kind = LengthKind::kLogNormal, .min = 4, .max = 2'300, .median = 500, .sigma = 1.2};
inline constexpr LengthSpec kShareGptOutput = {
    .kind = LengthKind::kLogNormal, .min = 4, .max = 999, .median = 180, .sigma = 1.0};

/// L-Eval: range published; mean 20.4K, which the saturation rate of 2.4 requests/s implies; spread
/// chosen. Outputs: median 47 (Medha), P90 of 115 and the largest, 563, counted on its answers.
inline constexpr LengthSpec kLEvalPrompt = {
    .kind = LengthKind::kLogNormal, .min = 2'700, .max = 210'500, .median = 14'000, .sigma = 0.85};
inline constexpr LengthSpec kLEvalOutput = {
    .kind = LengthKind::kLogNormal, .min = 1, .max = 563, .median = 47, .sigma = 0.7};

/// LV-Eval: five levels of 16K .. 256K words at 1.28 tokens a word, +-25 %, a fifth of the
/// questions each; the shortest prompt published is 15.1K. Outputs are short answers.
inline constexpr std::array<LengthSpec, 5> kLvEvalPrompts = {{
    {.kind = LengthKind::kUniform, .min = 15'100, .max = 25'000},
    {.kind = LengthKind::kUniform, .min = 30'750, .max = 51'250},
    {.kind = LengthKind::kUniform, .min = 61'500, .max = 102'500},
    {.kind = LengthKind::kUniform, .min = 123'000, .max = 205'000},
    {.kind = LengthKind::kUniform, .min = 247'500, .max = 412'500},
}};
inline constexpr LengthSpec kLvEvalOutput = {.kind = LengthKind::kUniform, .min = 5, .max = 30};

/// Mixed: as many of each set, of those with at least these lengths.
inline constexpr std::int64_t kMixedMinPrompt = 16;
inline constexpr std::int64_t kMixedMinOutput = 4;

/// Zipf targets: weight x^-alpha on [10, 200000).
inline constexpr std::int64_t kZipfMin = 10;
inline constexpr std::int64_t kZipfMax = 199'999;
/// How many prompts of each set a target can snap to: L-Eval's pairs as published; six English
/// subsets of LV-Eval at five levels, estimated.
inline constexpr double kLEvalPrompts = 2'043;
inline constexpr double kLvEvalPromptCount = 4'100;

/// Long prompts beside ShareGPT-like ones; they answer as LV-Eval does.
inline constexpr double kLongShare = 0.05;
inline constexpr LengthSpec kLongPrompt = {
    .kind = LengthKind::kUniform, .min = 100'000, .max = 200'000};

}  // namespace stand_in

/// What a name stands for.
struct NamedWorkload {
  std::string_view name;
  ArrivalKind arrivals = ArrivalKind::kPoisson;
  /// Above 0: prompts are Zipf targets snapped to the union of the sets, outputs those of the set
  /// that the prompt came from. 0: `classes` says all.
  double zipf_alpha = 0;
  std::vector<TrafficClass> classes;
  std::size_t num_short_classes =
      0;  ///< the rest of `classes` is left out by without_long; 0: none
};

/// An unknown name gives a workload whose `name` is empty.
NamedWorkload FindNamedWorkload(std::string_view name);

}  // namespace braid
