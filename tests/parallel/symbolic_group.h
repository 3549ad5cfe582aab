#pragma once

#include "base/status.h"
#include "plan/program.h"
#include "plan/step.h"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A token of a request, by its place in the request's context.
struct Tag {
  std::uint64_t request = 0;
  std::int32_t position = 0;

  auto operator<=>(const Tag&) const = default;
};

/// What an instance sent, counted token by token, of all layers together.
struct CountedTraffic {
  std::int64_t ring_tokens = 0;
  std::int64_t query_rows = 0;
  std::int64_t partial_rows = 0;
  std::int64_t moved_tokens = 0;
};

/// Runs the templates of a group of one-rank instances with tags in the place of numbers: keys and
/// values are the tag of their token, attention collects the tags that it saw. So it knows, without
/// any of the formulas of parallel/layout, whether every query saw every earlier token of its
/// request exactly once, where each token ends up, and how many travelled.
class SymbolicGroup {
 public:
  SymbolicGroup(const Step& step, std::span<const Template> templates,
                std::span<const Bindings> bindings);

  /// Errors: Internal saying what went wrong first.
  Status Run();

  const CountedTraffic& traffic(std::size_t instance) const { return ranks_[instance].traffic; }

 private:
  using Seen = std::multiset<Tag>;
  struct PeerRow {
    std::size_t master = 0;
    std::int32_t row = 0;  ///< of the master
    Tag tag;
    Seen seen;
  };
  struct Rank {
    std::uint32_t next = 0;
    std::vector<std::map<std::int32_t, Tag>> pool;  ///< [layers] slot -> token
    std::vector<Tag> rows;
    std::vector<Tag> visiting[2][2];    ///< [half][even, odd]
    std::vector<PeerRow> peer_rows[2];  ///< [half]
    std::map<std::int32_t, Seen> seen;  ///< own row -> keys
    CountedTraffic traffic;
  };

  const Task& TaskOf(std::size_t rank) const;
  std::size_t LayerOf(std::size_t rank) const;
  const BoundHalf& HalfOf(std::size_t rank, const Task& task) const;
  bool AllStandAt(std::size_t rank) const;

  Status RunAll();
  Status Compute(std::size_t rank);
  Status Communicate(std::size_t rank);
  Status Pack(std::size_t rank, const Task& task);
  Status Retain(std::size_t rank, const Task& task);
  Status AttendBlock(std::size_t rank, const Task& task);
  Status Store(std::size_t rank, const Task& task);
  Status AttendLocal(std::size_t rank, const Task& task);
  Status AttendPeers(std::size_t rank, const Task& task);
  Status CheckSeen(std::size_t rank, const Task& task);
  Status CheckEnd() const;
  std::vector<Tag> LocalTokens(std::size_t rank, const BoundRequest& request) const;

  const Step& step_;
  std::span<const Template> templates_;
  std::span<const Bindings> bindings_;
  std::vector<Rank> ranks_;
};

}  // namespace braid
