#pragma once

#include "engine/engine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Requests from a list.
class ListSource final : public RequestSource {
 public:
  explicit ListSource(std::vector<Request> requests, Status status = {})
      : requests_(std::move(requests)), status_(std::move(status)) {}

  bool Next(Request& request) override {
    if (next_ == requests_.size()) return false;
    request = requests_[next_++];
    return true;
  }
  Status status() const override { return status_; }

 private:
  std::vector<Request> requests_;
  std::size_t next_ = 0;
  Status status_;
};

/// Does what a test says.
class ScriptedPlanner final : public Planner {
 public:
  using Script = std::function<void(const EngineView&, std::span<const Event>, StepSink&)>;
  explicit ScriptedPlanner(Script script) : script_(std::move(script)) {}

  void Plan(const EngineView& view, std::span<const Event> events, StepSink& sink) override {
    ++calls;
    script_(view, events, sink);
  }

  int calls = 0;

 private:
  Script script_;
};

/// Every pass of every step takes kPassNs.
class EvenExecutor final : public Executor {
 public:
  static constexpr std::int64_t kPassNs = 10;

  void Start(const EngineView& view, StepIndex index) override {
    const RunningStep& step = view.step(index);
    std::int32_t passes = step.repeats;
    for (const PlannedRequest& planned : step.plan.requests) {
      const RequestState& state = view.request(planned.request);
      if (planned.decode) {
        passes = std::min(passes, state.request.output_tokens - state.generated);
      }
    }
    running_.push_back({index, step.number, step.start_ns, std::max(1, passes)});
  }
  void Stop(StepIndex index, std::int64_t now_ns) override {
    for (Run& run : running_) {
      if (run.step != index) continue;
      const auto passes =
          static_cast<std::int32_t>((now_ns - run.start_ns + kPassNs - 1) / kPassNs);
      run.passes = std::min(run.passes, std::max(1, passes));
    }
  }
  std::int64_t NextNs() override { return running_.empty() ? kNever : First()->end_ns(); }
  Completion Next() override {
    const Run run = *First();
    running_.erase(First());
    return {.step = run.step, .end_ns = run.end_ns(), .repeats_done = run.passes};
  }
  bool Ended(const RequestState& request) override {
    return request.generated >= request.request.output_tokens;
  }

 private:
  struct Run {
    StepIndex step;
    std::uint64_t number;
    std::int64_t start_ns;
    std::int32_t passes;
    std::int64_t end_ns() const { return start_ns + passes * kPassNs; }
  };
  std::vector<Run>::iterator First() {
    return std::min_element(running_.begin(), running_.end(), [](const Run& a, const Run& b) {
      return a.end_ns() != b.end_ns() ? a.end_ns() < b.end_ns() : a.number < b.number;
    });
  }

  std::vector<Run> running_;
};

/// What the engine said, one line each.
class LineListener final : public EngineListener {
 public:
  void OnStarted(const EngineView& view, StepIndex step) override {
    Add(view, "step " + std::to_string(view.step(step).number) + " starts");
  }
  void OnEnded(const EngineView& view, StepIndex step) override {
    const RunningStep& ended = view.step(step);
    Add(view, "step " + std::to_string(ended.number) + " ends after " +
                  std::to_string(ended.repeats_done));
  }
  void OnFinished(const EngineView& view, const RequestState& request) override {
    Add(view, "request " + std::to_string(request.request.id) + " finishes");
  }
  void OnEvicted(const EngineView& view, const RequestState& request) override {
    Add(view, "request " + std::to_string(request.request.id) + " evicted");
  }
  void OnRejected(const EngineView& view, const RequestState& request,
                  const std::string& why) override {
    Add(view, "request " + std::to_string(request.request.id) + " rejected: " + why);
  }

  std::vector<std::string> lines;

 private:
  void Add(const EngineView& view, const std::string& what) {
    lines.push_back(std::to_string(view.now_ns) + " " + what);
  }
};

/// The slots that a request holds for its step, in token order.
inline std::vector<KvExtent> HeldBy(const RequestState& request) {
  std::vector<KvExtent> kept;
  if (request.granted > 0) {
    const KvExtent& last = request.extents.back();
    kept.push_back({last.instance, last.first_slot + last.count, request.granted});
  }
  kept.insert(kept.end(), request.ahead.begin(), request.ahead.end());
  std::vector<KvExtent> held;
  std::int32_t left = request.held;
  for (KvExtent extent : kept) {
    extent.count = std::min(extent.count, left);
    left -= extent.count;
    if (extent.count > 0) held.push_back(extent);
  }
  return held;
}

/// An engine whose planner is a script.
struct ScriptedEngine {
  ScriptedEngine(const EngineOptions& options, ScriptedPlanner::Script script)
      : planner(std::move(script)), engine(options, planner, executor, listener) {}

  ScriptedPlanner planner;
  EvenExecutor executor;
  LineListener listener;
  Engine engine;
};

inline StepPlan DecodePlan(std::vector<std::int32_t> instances, std::vector<RequestIndex> requests,
                           std::int32_t master, std::int32_t max_repeats = 1) {
  StepPlan plan;
  plan.instances = std::move(instances);
  for (const RequestIndex request : requests) {
    plan.requests.push_back({.request = request, .decode = true, .master = master});
  }
  plan.max_repeats = max_repeats;
  return plan;
}

/// A chunk whose KV stays as `shares` say.
inline StepPlan ChunkPlan(std::vector<std::int32_t> instances, RequestIndex request,
                          std::vector<KvShare> shares) {
  StepPlan plan;
  plan.instances = std::move(instances);
  plan.shares = std::move(shares);
  PlannedRequest planned = {.request = request, .rows = 0, .master = plan.instances.front()};
  for (const KvShare& share : plan.shares) planned.rows += share.tokens;
  planned.num_shares = static_cast<std::uint32_t>(plan.shares.size());
  plan.requests.push_back(planned);
  return plan;
}

inline StepPlan MovePlan(std::vector<std::int32_t> instances, RequestIndex request,
                         std::int32_t from, std::vector<KvShare> shares) {
  StepPlan plan = ChunkPlan(std::move(instances), request, std::move(shares));
  plan.requests.front().master = from;
  plan.move = true;
  return plan;
}

/// Prefills every request whole in instance `index % instances` and decodes it until it ends.
inline void ServeOneByOne(const EngineView& view, StepSink& sink) {
  for (RequestIndex index = 0; index < std::ssize(view.requests); ++index) {
    const RequestState& state = view.request(index);
    if (!state.live || !state.idle()) continue;
    const auto home = static_cast<std::int32_t>(index % std::ssize(view.instances));
    if (state.phase == Phase::kDecode) {
      sink.Issue(DecodePlan({home}, {index}, home, 1'000));
    } else {
      sink.Issue(ChunkPlan({home}, index, {{home, state.prefill_left()}}));
    }
  }
}

}  // namespace braid
