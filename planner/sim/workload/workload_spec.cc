#include "planner/sim/workload/workload_spec.h"

#include "planner/sim/workload/named_workloads.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace braid {
namespace {

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

// Collects what is wrong, so that a user mends a file once.
class Violations {
 public:
  void Add(const std::string& text) {
    if (!text_.empty()) text_ += "; ";
    text_ += text;
  }

  void RequireRange(const std::string& field, double value, double low, double high) {
    if (value >= low && value <= high) return;  // false for NaN
    Add(field + " is " + Text(value) + ", but may be " + Text(low) + " .. " + Text(high));
  }

  void RequireRange(const std::string& field, std::int64_t value, std::int64_t low,
                    std::int64_t high) {
    if (value >= low && value <= high) return;
    Add(field + " is " + std::to_string(value) + ", but may be " + std::to_string(low) + " .. " +
        std::to_string(high));
  }

  Status ToStatus() const { return text_.empty() ? Status() : InvalidArgument(text_); }

 private:
  std::string text_;
};

void CheckLength(const std::string& field, const LengthSpec& length, Violations& violations) {
  violations.RequireRange(field + ".min", length.min, std::int64_t{1}, kMaxRequestTokens);
  if (length.kind == LengthKind::kFixed) return;
  violations.RequireRange(field + ".max", length.max, std::int64_t{1}, kMaxRequestTokens);
  if (length.max < length.min) {
    violations.Add(field + ".max is " + std::to_string(length.max) + ", below its min of " +
                   std::to_string(length.min));
  }
  if (length.kind == LengthKind::kZipf) {
    violations.RequireRange(field + ".alpha", length.alpha, 0.0, 20.0);
  }
  if (length.kind == LengthKind::kLogNormal) {
    const auto most = static_cast<double>(kMaxRequestTokens);
    violations.RequireRange(field + ".median", length.median, 1.0, most);
    violations.RequireRange(field + ".sigma", length.sigma, 0.0, 20.0);
  }
}

void CheckClasses(const WorkloadSpec& spec, Violations& violations) {
  if (spec.classes.empty()) {
    violations.Add("classes is empty, but a generated workload needs the lengths of at least one");
    return;
  }
  constexpr double kMaxWeight = 1e6;
  double sum = 0;
  for (std::size_t i = 0; i < spec.classes.size(); ++i) {
    const std::string field = "classes[" + std::to_string(i) + "]";
    violations.RequireRange(field + ".weight", spec.classes[i].weight, 0.0, kMaxWeight);
    CheckLength(field + ".prompt", spec.classes[i].prompt, violations);
    CheckLength(field + ".output", spec.classes[i].output, violations);
    sum += spec.classes[i].weight;
  }
  if (sum == 0) violations.Add("the weights of all classes are 0, so none could be drawn");
}

void CheckName(const WorkloadSpec& spec, Violations& violations) {
  const NamedWorkload named = FindNamedWorkload(spec.name);
  if (named.name.empty()) {
    std::string names;
    for (const std::string& name : WorkloadNames()) names += (names.empty() ? "" : ", ") + name;
    violations.Add("there is no workload '" + spec.name + "', but " + names);
  } else if (spec.without_long && named.num_short_classes == 0) {
    violations.Add("without_long has no meaning for '" + spec.name +
                   "', only for short-beside-long");
  }
}

// A field that another kind of workload reads would be ignored without a word.
void CheckForeignFields(const WorkloadSpec& spec, Violations& violations) {
  const bool trace = spec.kind == WorkloadKind::kTrace;
  if (!trace && !spec.path.empty()) violations.Add("path is set, but only traces read it");
  if (!trace && spec.offset != 0) violations.Add("offset is set, but only traces read it");
  if (!trace && spec.rate_scale != 1) violations.Add("rate_scale is set, but only traces read it");
  if (trace && spec.arrivals.kind != ArrivalKind::kDefault) {
    violations.Add("arrivals are set, but a trace has its own");
  }
  if (spec.kind != WorkloadKind::kGenerated && !spec.classes.empty()) {
    violations.Add("classes are set, but only generated workloads read them");
  }
  if (spec.kind != WorkloadKind::kNamed && spec.without_long) {
    violations.Add("without_long is set, but only short-beside-long reads it");
  }
}

void CheckRate(const WorkloadSpec& spec, Violations& violations) {
  if (spec.rate != 0) {
    violations.RequireRange("rate", spec.rate, kMinRequestRate, kMaxRequestRate);
    if (spec.rate_scale != 1) {
      violations.Add("rate and rate_scale are both set, but each says how fast to play: give one");
    }
  }
  violations.RequireRange("rate_scale", spec.rate_scale, kMinRequestRate, kMaxRequestRate);
  if (spec.kind == WorkloadKind::kTrace) return;
  constexpr double kMaxSeconds = 1e9;  // 31 years: nanoseconds fit with room for chance
  const double rate = spec.rate == 0 ? 1 : spec.rate;
  const auto count = static_cast<double>(spec.num_requests);
  if (rate > 0 && count / rate > kMaxSeconds) {
    violations.Add("num_requests / rate is " + Text(count / rate) +
                   " seconds, but a run may last " + Text(kMaxSeconds));
  }
}

}  // namespace

Status ValidateWorkloadSpec(const WorkloadSpec& spec) {
  Violations violations;
  if (spec.kind == WorkloadKind::kNamed) CheckName(spec, violations);
  if (spec.kind == WorkloadKind::kGenerated) CheckClasses(spec, violations);
  if (spec.kind == WorkloadKind::kTrace && spec.path.empty()) {
    violations.Add("path is empty, but a trace workload needs its file");
  }
  CheckForeignFields(spec, violations);
  CheckRate(spec, violations);
  if (spec.arrivals.kind == ArrivalKind::kGamma) {
    violations.RequireRange("arrivals.cv", spec.arrivals.cv, 0.01, 100.0);
  }
  violations.RequireRange("num_requests", spec.num_requests, std::int64_t{0}, kMaxRequests);
  violations.RequireRange("offset", spec.offset, std::int64_t{0}, kMaxRequests);
  violations.RequireRange("max_output_tokens", spec.max_output_tokens, std::int64_t{0},
                          kMaxRequestTokens);
  return violations.ToStatus();
}

}  // namespace braid
