#pragma once

#include "plan/step_plan.h"

#include <cstdint>
#include <vector>

namespace braid {

/// Requests in order of insertion, with removal at O(1) amortised by leaving a hole: iterate with
/// ForEach. One request is in at most one set that shares a `places` table.
class RequestSet {
 public:
  void Add(RequestIndex request, std::vector<std::int32_t>& places) {
    if (places.size() <= static_cast<std::size_t>(request)) {
      places.resize(static_cast<std::size_t>(request) + 1, kNoIndex);
    }
    places[static_cast<std::size_t>(request)] = static_cast<std::int32_t>(items_.size());
    items_.push_back(request);
    ++size_;
  }

  void Remove(RequestIndex request, std::vector<std::int32_t>& places) {
    const auto place = static_cast<std::size_t>(places[static_cast<std::size_t>(request)]);
    items_[place] = kNoIndex;
    places[static_cast<std::size_t>(request)] = kNoIndex;
    --size_;
    if (items_.size() > 2 * size_ + kSlack) Compact(places);
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const RequestIndex item : items_) {
      if (item != kNoIndex) visit(item);
    }
  }

  /// The request added last; kNoIndex where empty.
  RequestIndex Newest() const {
    for (std::size_t i = items_.size(); i-- > 0;) {
      if (items_[i] != kNoIndex) return items_[i];
    }
    return kNoIndex;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t kSlack = 8;

  void Compact(std::vector<std::int32_t>& places) {
    std::size_t kept = 0;
    for (const RequestIndex item : items_) {
      if (item == kNoIndex) continue;
      places[static_cast<std::size_t>(item)] = static_cast<std::int32_t>(kept);
      items_[kept++] = item;
    }
    items_.resize(kept);
  }

  std::vector<RequestIndex> items_;
  std::size_t size_ = 0;
};

}  // namespace braid
