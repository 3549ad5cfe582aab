#include "base/hash.h"
#include "bench/planner_chapters.h"

#include <fmt/format.h>

namespace braid {
namespace {

/// Every fact that an observer hears, as one number.
class FactHash final : public Observer {
 public:
  void OnFinished(const RequestRecord& record) override {
    Add(static_cast<std::int64_t>(record.request.id));
    Add(record.request.arrival_ns);
    Add(record.request.prompt_tokens);
    Add(record.request.output_tokens);
    Add(record.first_scheduled_ns);
    Add(record.first_token_ns);
    Add(record.finish_ns);
    Add(record.longest_gap_ns);
    Add(record.prefill_degree);
    Add(record.decode_degree);
    Add(record.num_chunks);
    Add(record.num_evictions);
    Add(record.rejected ? 1 : 0);
  }
  void OnStep(const StepSpan& span) override {
    Add(span.start_ns);
    Add(span.end_ns);
    for (std::int32_t i = 0; i < span.num_instances; ++i) Add(span.instances[i]);
    Add(span.strand);
    Add(span.repeats);
    Add(span.prefill_rows);
    Add(span.decode_rows);
    Add(span.compute_ns);
    Add(span.network_ns);
    Add(span.move ? 1 : 0);
  }
  void OnScaling(std::int64_t time_ns, ScalingEvent event) override {
    Add(time_ns);
    Add(static_cast<std::int64_t>(event));
  }
  void OnKv(std::int64_t time_ns, std::int64_t used_slots) override {
    Add(time_ns);
    Add(used_slots);
  }

  std::uint64_t Value() const { return hasher_.Value(); }

 private:
  void Add(std::int64_t value) { hasher_.Add(static_cast<std::uint64_t>(value)); }

  Hasher hasher_;
};

}  // namespace

Result<Chapter> DeterminismChapter() {
  Chapter chapter = {.title = "### Determinism"};
  std::vector<std::vector<std::string>> rows = {
      {"policy", "hash of all facts of zipf-1.2, 500 requests"}};
  int same = 0;
  const std::vector<std::string> policies = PolicyNames();
  for (const std::string& policy : policies) {
    ASSIGN_OR_RETURN(SimulationSpec spec, SettingOf(Contender::kBraid));
    SetNamed(spec, "zipf-1.2", 0);
    spec.policy.name = policy;
    spec.workload.rate = 2;
    spec.workload.num_requests = 500;
    FactHash first;
    FactHash second;
    RETURN_IF_ERROR(Simulate(spec, &first).status());
    RETURN_IF_ERROR(Simulate(spec, &second).status());
    same += first.Value() == second.Value() ? 1 : 0;
    rows.push_back({policy, fmt::format("{:016x}", first.Value())});
  }
  const auto all = static_cast<int>(policies.size());
  chapter.targets.push_back({.what = "same seed, same bytes",
                             .target = "every policy",
                             .reached = fmt::format("{} of {} policies", same, all),
                             .verdict = VerdictOf(same == all)});
  chapter.details =
      "Two runs in this process. What another machine or compiler must give is pinned by "
      "tests/planner/simulation/determinism_test.cc (pinned_csv.txt) and, for workloads, "
      "tests/planner/workload/named_workload_test.cc.\n\n" +
      MarkdownTable(rows);
  return chapter;
}

}  // namespace braid
