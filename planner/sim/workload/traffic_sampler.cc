#include "planner/sim/workload/traffic_sampler.h"

#include "planner/sim/workload/portable_math.h"

namespace braid {
namespace {

// The three sets, as `classes_` of a Zipf workload; the first prompt distribution is the target's.
enum ZipfSet : std::size_t { kShareGpt, kLEval, kLvEval };

constexpr double kSquareRootOfTwoPi = 2.50662827463100050242;

}  // namespace

TrafficSampler::TrafficSampler(const std::vector<TrafficClass>& classes, std::size_t num_kept)
    : num_kept_(num_kept) {
  double weight = 0;
  for (const TrafficClass& traffic : classes) {
    weight += traffic.weight;
    classes_.push_back({weight, LengthSampler(traffic.prompt), LengthSampler(traffic.output)});
  }
}

TrafficSampler::TrafficSampler(double zipf_alpha) : num_kept_(0) {
  const LengthSampler target({.kind = LengthKind::kZipf,
                              .min = stand_in::kZipfMin,
                              .max = stand_in::kZipfMax,
                              .alpha = zipf_alpha});
  for (const LengthSpec& output :
       {stand_in::kShareGptOutput, stand_in::kLEvalOutput, stand_in::kLvEvalOutput}) {
    classes_.push_back({0, target, LengthSampler(output)});
  }
}

RequestLengths TrafficSampler::Draw(Random& random) const {
  if (num_kept_ == 0) return DrawSnapped(random);
  // One draw even for one class: a mixture does not shift when a class is added at weight 0.
  const double mark = random.Unit() * classes_.back().weight_until;
  std::size_t index = 0;
  while (index + 1 < classes_.size() && mark >= classes_[index].weight_until) ++index;
  const Class& drawn = classes_[index];
  const std::int64_t prompt = drawn.prompt.Draw(random);
  return {.prompt = prompt, .output = drawn.output.Draw(random), .left_out = index >= num_kept_};
}

RequestLengths TrafficSampler::DrawSnapped(Random& random) const {
  const std::int64_t prompt = SnapToSets(classes_[kShareGpt].prompt.Draw(random));
  ZipfSet set = kShareGpt;
  const double mark = random.Unit();
  if (prompt >= stand_in::kLEvalPrompt.min) set = mark < ShareOfLEval(prompt) ? kLEval : kLvEval;
  return {.prompt = prompt, .output = classes_[set].output.Draw(random)};
}

std::int64_t SnapToSets(std::int64_t target) {
  constexpr std::int64_t kBelow = stand_in::kShareGptPrompt.max;
  constexpr std::int64_t kAbove = stand_in::kLEvalPrompt.min;
  if (target <= kBelow || target >= kAbove) return target;
  return target - kBelow <= kAbove - target ? kBelow : kAbove;
}

double ShareOfLEval(std::int64_t tokens) {
  if (tokens < stand_in::kLvEvalPrompts.front().min) return 1;
  if (tokens > stand_in::kLEvalPrompt.max) return 0;
  // Densities of ln(tokens), times the number of prompts.
  const double z =
      (PortableLog(static_cast<double>(tokens)) - PortableLog(stand_in::kLEvalPrompt.median)) /
      stand_in::kLEvalPrompt.sigma;
  const double l_eval = stand_in::kLEvalPrompts * PortableExp(-z * z / 2) /
                        (stand_in::kLEvalPrompt.sigma * kSquareRootOfTwoPi);
  const double span = PortableLog(static_cast<double>(stand_in::kLvEvalPrompts.back().max) /
                                  static_cast<double>(stand_in::kLvEvalPrompts.front().min));
  const double lv_eval = stand_in::kLvEvalPromptCount / span;
  return l_eval / (l_eval + lv_eval);
}

}  // namespace braid
