#include "planner/sim/workload/named_workloads.h"

#include <algorithm>
#include <string>

namespace braid {
namespace {

using namespace stand_in;  // NOLINT(google-build-using-namespace): the constants of our own header

std::vector<TrafficClass> ShareGpt(double weight) {
  return {{.weight = weight, .prompt = kShareGptPrompt, .output = kShareGptOutput}};
}

std::vector<TrafficClass> LEval(double weight) {
  return {{.weight = weight, .prompt = kLEvalPrompt, .output = kLEvalOutput}};
}

std::vector<TrafficClass> LvEval(double weight) {
  std::vector<TrafficClass> levels;
  levels.reserve(kLvEvalPrompts.size());
  for (const LengthSpec& prompt : kLvEvalPrompts) {
    levels.push_back({.weight = weight / static_cast<double>(kLvEvalPrompts.size()),
                      .prompt = prompt,
                      .output = kLvEvalOutput});
  }
  return levels;
}

std::vector<TrafficClass> Mixed() {
  std::vector<TrafficClass> classes;
  for (const auto& set : {ShareGpt(1), LEval(1), LvEval(1)}) {
    classes.insert(classes.end(), set.begin(), set.end());
  }
  for (TrafficClass& traffic : classes) {
    traffic.prompt.min = std::max(traffic.prompt.min, kMixedMinPrompt);
    traffic.output.min = std::max(traffic.output.min, kMixedMinOutput);
  }
  return classes;
}

std::vector<TrafficClass> ShortBesideLong() {
  std::vector<TrafficClass> classes = ShareGpt(1 - kLongShare);
  classes.push_back({.weight = kLongShare, .prompt = kLongPrompt, .output = kLvEvalOutput});
  return classes;
}

std::vector<NamedWorkload> NamedWorkloads() {
  constexpr ArrivalKind kPaper = ArrivalKind::kLoongServe;
  return {
      {.name = "sharegpt", .arrivals = kPaper, .classes = ShareGpt(1)},
      {.name = "l-eval", .arrivals = kPaper, .classes = LEval(1)},
      {.name = "lv-eval", .arrivals = kPaper, .classes = LvEval(1)},
      {.name = "mixed", .arrivals = kPaper, .classes = Mixed()},
      {.name = "zipf-1.0", .arrivals = kPaper, .zipf_alpha = 1.0, .classes = {}},
      {.name = "zipf-1.2", .arrivals = kPaper, .zipf_alpha = 1.2, .classes = {}},
      {.name = "zipf-1.4", .arrivals = kPaper, .zipf_alpha = 1.4, .classes = {}},
      {.name = "short-beside-long", .classes = ShortBesideLong(), .num_short_classes = 1},
  };
}

}  // namespace

NamedWorkload FindNamedWorkload(std::string_view name) {
  for (const NamedWorkload& workload : NamedWorkloads()) {
    if (workload.name == name) return workload;
  }
  return {};
}

std::vector<std::string> WorkloadNames() {
  std::vector<std::string> names;
  for (const NamedWorkload& workload : NamedWorkloads()) names.emplace_back(workload.name);
  return names;
}

}  // namespace braid
