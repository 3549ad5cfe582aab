#include "runtime/log_stream.h"

#include "base/hash.h"

#include <algorithm>
#include <utility>

namespace braid {
namespace {

constexpr std::uint32_t kFrameOperation = 2;
constexpr std::uint32_t kBodyOperation = 3;
// Far above any step; a damaged frame must not ask for all memory.
constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{1} << 28;

MessageTag TagOf(std::uint64_t sequence, std::uint32_t operation) {
  return {.channel = 0, .operation = operation, .step = sequence};
}

}  // namespace

Status LogWriter::Append(LogEntryKind kind, std::string body) {
  InFlight& entry = in_flight_.emplace_back();
  entry.body = std::move(body);
  entry.frame.kind = static_cast<std::uint32_t>(kind);
  entry.frame.sequence = ++sequence_;
  entry.frame.body_bytes = entry.body.size();
  entry.frame.body_hash = HashBytes(std::as_bytes(std::span(entry.body)));
  for (int peer = 1; peer < transport_->size(); ++peer) {
    ASSIGN_OR_RETURN(const Ticket frame,
                     transport_->Send(peer, TagOf(sequence_, kFrameOperation),
                                      std::as_bytes(std::span(&entry.frame, 1))));
    entry.sends.push_back({peer, frame});
    if (entry.body.empty()) continue;
    ASSIGN_OR_RETURN(const Ticket sent, transport_->Send(peer, TagOf(sequence_, kBodyOperation),
                                                         std::as_bytes(std::span(entry.body))));
    entry.sends.push_back({peer, sent});
  }
  return {};
}

Result<bool> LogWriter::Poll() {
  while (!in_flight_.empty()) {
    std::vector<Sent>& sends = in_flight_.front().sends;
    while (!sends.empty()) {
      ASSIGN_OR_RETURN(const bool done, transport_->Test(sends.back().ticket));
      if (!done) return false;
      sends.pop_back();
    }
    in_flight_.pop_front();
  }
  return true;
}

Result<std::optional<LogEntry>> LogReader::Poll() {
  if (state_ == State::kIdle) {
    ASSIGN_OR_RETURN(ticket_, transport_->Receive(0, TagOf(sequence_ + 1, kFrameOperation),
                                                  std::as_writable_bytes(std::span(&frame_, 1))));
    state_ = State::kFrame;
  }
  ASSIGN_OR_RETURN(bool done, transport_->Test(ticket_));
  if (!done) return std::optional<LogEntry>();
  if (state_ == State::kFrame) {
    if (frame_.sequence != sequence_ + 1 || frame_.body_bytes > kMaxBodyBytes || frame_.kind < 1 ||
        frame_.kind > 3) {
      return Internal("the log from rank 0 is out of order at entry " +
                      std::to_string(sequence_ + 1));
    }
    body_.resize(frame_.body_bytes);
    if (!body_.empty()) {
      ASSIGN_OR_RETURN(ticket_, transport_->Receive(0, TagOf(sequence_ + 1, kBodyOperation),
                                                    std::as_writable_bytes(std::span(body_))));
      state_ = State::kBody;
      ASSIGN_OR_RETURN(done, transport_->Test(ticket_));
      if (!done) return std::optional<LogEntry>();
    }
  }
  state_ = State::kIdle;
  if (HashBytes(std::as_bytes(std::span(body_))) != frame_.body_hash) {
    return Internal("entry " + std::to_string(sequence_ + 1) + " of the log arrived damaged");
  }
  ++sequence_;
  return std::optional<LogEntry>(
      {static_cast<LogEntryKind>(frame_.kind), sequence_, std::move(body_)});
}

}  // namespace braid
