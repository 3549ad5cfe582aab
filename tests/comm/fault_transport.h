#pragma once

#include "comm/transport.h"

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// What goes wrong, counted in messages that the rank starts, from 0.
struct Fault {
  enum class Kind { kNone, kDelaySends, kDropSend, kDie, kWrongOperation };
  Kind kind = Kind::kNone;
  int at = 0;                          ///< kDelaySends: from this send on
  std::chrono::milliseconds delay{0};  ///< kDelaySends
};

/// A transport whose rank misbehaves in one way, around any other.
class FaultTransport final : public Transport {
 public:
  FaultTransport(std::unique_ptr<Transport> inner, const Fault& fault)
      : Transport(inner->rank(), inner->size()), inner_(std::move(inner)), fault_(fault) {
    for (int peer = 0; peer < size(); ++peer) hosts_.push_back(inner_->host(peer));
  }

  std::string name() const override { return "fault"; }
  std::string host(int peer) const override { return hosts_[static_cast<std::size_t>(peer)]; }

  Result<bool> Test(Ticket ticket) override {
    if (inner_ == nullptr) return Died();
    RETURN_IF_ERROR(SendWhatIsDue());
    const Flight& flight = flights_[ticket.index];
    switch (flight.state) {
      case Flight::State::kDropped:
        return true;
      case Flight::State::kHeld:
        RETURN_IF_ERROR(inner_->Health());
        return false;
      case Flight::State::kStarted:
        break;
    }
    return inner_->Test(flight.ticket);
  }
  void Abort(const Status& status) override {
    if (inner_ != nullptr) inner_->Abort(status);
  }
  Status Health() override { return inner_ != nullptr ? inner_->Health() : Died(); }
  Status Close(Deadline deadline) override {
    return inner_ != nullptr ? inner_->Close(deadline) : Died();
  }

 protected:
  Result<Ticket> StartSend(int peer, const MessageTag& tag,
                           std::span<const std::byte> data) override {
    RETURN_IF_ERROR(DieIfDue());
    Flight flight{.peer = peer, .tag = tag, .data = data};
    const int number = num_sends_++;
    if (fault_.kind == Fault::Kind::kWrongOperation && number == fault_.at) {
      ++flight.tag.operation;
    }
    if (fault_.kind == Fault::Kind::kDelaySends && number >= fault_.at) {
      flight.state = Flight::State::kHeld;
      flight.due = std::chrono::steady_clock::now() + fault_.delay;
      held_.push_back(flights_.size());
    } else if (fault_.kind == Fault::Kind::kDropSend && number == fault_.at) {
      flight.state = Flight::State::kDropped;
    } else {
      ASSIGN_OR_RETURN(flight.ticket, inner_->Send(peer, flight.tag, data));
    }
    return Keep(flight);
  }
  Result<Ticket> StartReceive(int peer, const MessageTag& tag, std::span<std::byte> data) override {
    RETURN_IF_ERROR(DieIfDue());
    Flight flight;
    ASSIGN_OR_RETURN(flight.ticket, inner_->Receive(peer, tag, data));
    return Keep(flight);
  }

 private:
  struct Flight {
    enum class State { kStarted, kHeld, kDropped };
    State state = State::kStarted;
    Ticket ticket{};
    int peer = -1;
    MessageTag tag{};
    std::span<const std::byte> data{};
    Deadline due{};
  };

  Ticket Keep(const Flight& flight) {
    flights_.push_back(flight);
    return {.index = static_cast<std::uint32_t>(flights_.size() - 1)};
  }
  Status DieIfDue() {
    if (fault_.kind == Fault::Kind::kDie && num_started_++ == fault_.at) inner_.reset();
    return inner_ != nullptr ? Status() : Died();
  }
  static Status Died() { return Unavailable("this rank has died, as the test wants"); }
  Status SendWhatIsDue() {
    while (!held_.empty() && flights_[held_.front()].due <= std::chrono::steady_clock::now()) {
      Flight& flight = flights_[held_.front()];
      held_.pop_front();
      ASSIGN_OR_RETURN(flight.ticket, inner_->Send(flight.peer, flight.tag, flight.data));
      flight.state = Flight::State::kStarted;
    }
    return Status();
  }

  std::unique_ptr<Transport> inner_;  // null once dead
  Fault fault_;
  std::vector<std::string> hosts_;
  int num_started_ = 0;
  int num_sends_ = 0;
  std::vector<Flight> flights_;  // a ticket is an index; never reused, tests are short
  std::deque<std::size_t> held_;
};

}  // namespace braid
