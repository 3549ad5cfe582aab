#pragma once

#include "base/status.h"
#include "comm/collectives/message_stream.h"
#include "comm/transport.h"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// What every communication of a group needs to know. All members of the group must start the same
/// one with the same group and tag. Borrowed until it is done.
struct CollectiveCall {
  Transport* transport = nullptr;
  std::span<const int> group;  ///< ranks of the job, this one among them, the same list everywhere
  MessageTag tag;
  Deadline deadline;
  std::string_view phase;  ///< for errors, e.g. "prefill"
};

/// A communication of a group as a state machine: a Start of the derived class sets it up, then
/// Poll moves it on without ever waiting. Objects may be started again once done and keep their
/// scratch memory, so keep one for each strand slot. At most one may be in flight per channel.
///
/// An error ends the job: the transport has then been aborted, so that peers learn of it at once
/// and the buffers are no longer in use.
/// Thread: rank thread only.
class Collective {
 public:
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;
  virtual ~Collective() = default;

  /// True when this rank's part is done: its result is there and its buffers are free again.
  /// Does a bounded piece of work (some messages of kChunkBytes) a call. A pause of more than
  /// kLongestPause between two calls (a suspended job) does not count towards the deadline.
  /// Errors: DeadlineExceeded, naming this rank, the peer it waits for with its host, phase and
  /// tag; otherwise those of Transport::Test with the same context.
  Result<bool> Poll();

  bool done() const { return state_ == State::kDone; }

  /// No loop that runs leaves a communication alone for so long.
  static constexpr std::chrono::seconds kLongestPause{1};

 protected:
  /// `operation_name` as errors shall call it, "all-reduce".
  explicit Collective(std::string_view operation_name) : operation_name_(operation_name) {}

  /// Takes over `call` and forgets the last use; nothing is sent yet.
  /// Errors: InvalidArgument where the group is not one (empty, a stranger, someone twice, without
  /// this rank); FailedPrecondition where the last use is still in flight.
  Status Begin(const CollectiveCall& call);

  /// Moves on; true when done. The default lets all added flows advance.
  virtual Result<bool> Advance() { return AdvanceFlows(); }

  /// Gives memory of this object that messages use to Transport::Keep, after an error.
  virtual void KeepScratch() {}

  /// The rank that keeps this one waiting, the one furthest behind if there are several.
  virtual int WaitingFor() const;

  void AddSend(int group_index, std::span<const std::byte> data);
  void AddReceive(int group_index, std::span<std::byte> data);
  Result<bool> AdvanceFlows();

  Transport& transport() const { return *call_.transport; }
  const CollectiveCall& call() const { return call_; }
  int group_size() const { return static_cast<int>(call_.group.size()); }
  int my_index() const { return my_index_; }
  int rank_of(int group_index) const { return call_.group[static_cast<std::size_t>(group_index)]; }

 private:
  enum class State { kIdle, kRunning, kDone, kFailed };

  std::string Where() const;
  Status Fail(Status error);

  std::string_view operation_name_;
  CollectiveCall call_;
  std::chrono::steady_clock::time_point last_poll_;
  int my_index_ = -1;
  State state_ = State::kIdle;
  Status error_;
  std::vector<ChunkedFlow> flows_;
};

}  // namespace braid
