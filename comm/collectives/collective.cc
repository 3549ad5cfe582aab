#include "comm/collectives/collective.h"

#include "comm/envelope.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid {
namespace {

/// This rank's index in the group.
Result<int> FindInGroup(const CollectiveCall& call) {
  const int rank = call.transport->rank();
  int my_index = -1;
  for (std::size_t i = 0; i < call.group.size(); ++i) {
    const int member = call.group[i];
    if (member < 0 || member >= call.transport->size()) {
      return InvalidArgument("a group names rank " + std::to_string(member) +
                             ", but the job has ranks 0 to " +
                             std::to_string(call.transport->size() - 1));
    }
    const auto before = call.group.first(i);
    if (std::find(before.begin(), before.end(), member) != before.end()) {
      return InvalidArgument("a group names rank " + std::to_string(member) + " twice");
    }
    if (member == rank) my_index = static_cast<int>(i);
  }
  if (my_index < 0) {
    return InvalidArgument("rank " + std::to_string(rank) + " is not in the group (of " +
                           std::to_string(call.group.size()) + ") it is to communicate with");
  }
  return my_index;
}

}  // namespace

Status Collective::Begin(const CollectiveCall& call) {
  if (state_ == State::kRunning) {
    return FailedPrecondition(std::string(operation_name_) + " started while " + Where() +
                              " is still in flight");
  }
  ASSIGN_OR_RETURN(my_index_, FindInGroup(call));
  call_ = call;
  last_poll_ = std::chrono::steady_clock::now();
  flows_.clear();
  error_ = Status();
  state_ = State::kRunning;
  return Status();
}

Result<bool> Collective::Poll() {
  switch (state_) {
    case State::kDone:
      return true;
    case State::kFailed:
      return error_;
    case State::kIdle:
      return FailedPrecondition(std::string(operation_name_) + " polled before it was started");
    case State::kRunning:
      break;
  }
  const Result<bool> advanced = Advance();
  if (!advanced.ok()) return Fail(advanced.error().WithContext(Where()));
  if (*advanced) {
    state_ = State::kDone;
    return true;
  }
  const auto now = std::chrono::steady_clock::now();
  // Whoever was suspended has not waited: the peers may have been suspended with it.
  if (now - last_poll_ > kLongestPause) call_.deadline += now - last_poll_;
  last_poll_ = now;
  if (now > call_.deadline) {
    return Fail(DeadlineExceeded(Where() + " waited past its deadline for " +
                                 RankOnHost(transport(), WaitingFor())));
  }
  return false;
}

std::string Collective::Where() const {
  return RankOnHost(transport(), transport().rank()) + ", " + std::string(operation_name_) +
         " of phase '" + std::string(call_.phase) + "' (channel " +
         std::to_string(call_.tag.channel) + ", step " + std::to_string(call_.tag.step) +
         ", operation " + std::to_string(call_.tag.operation) + ")";
}

Status Collective::Fail(Status error) {
  transport().Abort(error);
  KeepScratch();
  state_ = State::kFailed;
  error_ = std::move(error);
  return error_;
}

void Collective::AddSend(int group_index, std::span<const std::byte> data) {
  flows_.push_back(ChunkedFlow::Sending(rank_of(group_index), data));
}

void Collective::AddReceive(int group_index, std::span<std::byte> data) {
  flows_.push_back(ChunkedFlow::Receiving(rank_of(group_index), data));
}

Result<bool> Collective::AdvanceFlows() {
  bool all_done = true;
  for (ChunkedFlow& flow : flows_) {
    if (flow.done()) continue;
    ASSIGN_OR_RETURN(const bool done, flow.Advance(transport(), call_.tag));
    all_done = all_done && done;
  }
  return all_done;
}

int Collective::WaitingFor() const {
  // A missing message says more about a peer than one it has not taken yet.
  const ChunkedFlow* worst = nullptr;
  for (const ChunkedFlow& flow : flows_) {
    if (flow.done()) continue;
    if (worst == nullptr || (flow.receiving() && !worst->receiving()) ||
        (flow.receiving() == worst->receiving() && flow.messages_left() > worst->messages_left())) {
      worst = &flow;
    }
  }
  return worst != nullptr ? worst->peer() : transport().rank();
}

}  // namespace braid
