#pragma once

#include "engine/engine.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace braid {

/// A request as it was when something happened to it.
struct RequestSnapshot {
  Request request;
  std::int32_t kv_tokens = 0;
  std::int32_t generated = 0;
  std::int32_t num_evictions = 0;
  std::int32_t num_chunks = 0;
  std::int64_t first_scheduled_ns = -1;
  std::int64_t first_token_ns = -1;
  std::int64_t last_token_ns = -1;
  std::vector<KvExtent> extents;
  std::int32_t granted = 0;
};

/// A step was issued; requests as they were before it, in order of the plan.
struct StepStarted {
  std::int64_t now_ns = 0;
  RunningStep step;
  std::vector<RequestSnapshot> before;
};

/// A step, or a stretch of its repeats, ended; requests as they are after it.
struct StepEnded {
  std::int64_t now_ns = 0;
  RunningStep step;
  std::vector<RequestSnapshot> after;
};

struct RequestLeft {
  enum class Why : std::uint8_t { kFinished, kEvicted, kRejected };
  std::int64_t now_ns = 0;
  Why why = Why::kFinished;
  RequestSnapshot request;
};

using Fact = std::variant<StepStarted, StepEnded, RequestLeft>;

/// Writes down what an engine says, as values that outlive it.
class HistoryRecorder final : public EngineListener {
 public:
  void OnStarted(const EngineView& view, StepIndex step) override;
  void OnEnded(const EngineView& view, StepIndex step) override;
  void OnFinished(const EngineView& view, const RequestState& request) override;
  void OnEvicted(const EngineView& view, const RequestState& request) override;
  void OnRejected(const EngineView& view, const RequestState& request,
                  const std::string& why) override;

  const std::vector<Fact>& facts() const { return facts_; }

 private:
  std::vector<Fact> facts_;
};

}  // namespace braid
