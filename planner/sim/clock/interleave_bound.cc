#include "planner/sim/clock/interleave_bound.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace braid {
namespace {

constexpr double kSlot = 0.05;  // of a step
constexpr int kImprovements = 400;
constexpr double kFirstImprovement = 0.4;

// In steps of a batch of size 1.0.
struct Job {
  double arrival = 0;
  double size = 0;
};

std::vector<Job> JobsOf(const InterleaveWorkload& workload) {
  const TimedTemplate tmpl = MakeInterleaveTemplate(workload);
  std::vector<Job> jobs;
  for (const StrandStart& batch : DrawInterleaveBatches(workload, tmpl)) {
    jobs.push_back(
        {static_cast<double>(batch.arrival_ns) / static_cast<double>(InterleaveWorkload::kStepNs),
         static_cast<double>(batch.sizes[Size::kRows]) / 1000});
  }
  return jobs;
}

// Steps that a rank does in the time of one.
double Capacity(const InterleaveWorkload& workload) {
  const auto network = static_cast<std::size_t>(WorkClass::kNetwork);
  const auto product = static_cast<std::size_t>(WorkClass::kMatMul);
  const double factor =
      static_cast<double>(MakeInterleaveContention(workload).factor[product][network]) /
      static_cast<double>(ContentionMatrix::kOne);
  const double transfers = static_cast<double>(workload.network_share) / 1000;
  const double least = std::min(transfers, 1 - transfers);
  return 1 / (1 - std::max(0.0, 2 - factor) * least);
}

std::size_t SlotOf(double time) { return static_cast<std::size_t>(time / kSlot); }

// As if lanes were water: the oldest at full speed, the next with the rest. A slot costs the time
// until fewer than two batches are left.
std::vector<double> FirstPrices(const std::vector<Job>& jobs, double capacity) {
  std::vector<double> prices;
  std::vector<double> left;  // of the batches that are there
  std::vector<bool> crowded;
  std::size_t next = 0;
  while (next < jobs.size() || !left.empty()) {
    const double now = static_cast<double>(crowded.size()) * kSlot;
    while (next < jobs.size() && jobs[next].arrival <= now) left.push_back(jobs[next++].size);
    crowded.push_back(left.size() >= 2);
    double room = capacity * kSlot;
    for (double& mine : left) {
      const double done = std::min({mine, kSlot, room});
      mine -= done;
      room -= done;
    }
    std::erase_if(left, [](double mine) { return mine <= 0; });
  }
  prices.resize(crowded.size(), 0.0);
  double price = 0;
  for (std::size_t slot = prices.size(); slot-- > 0;) {
    price = crowded[slot] ? price + kSlot : 0;
    prices[slot] = price;
  }
  return prices;
}

// A batch in its cheapest slots at given prices.
class CheapestSlots {
 public:
  // Returns what they cost and adds them to `use`.
  double Take(const Job& job, const std::vector<double>& prices, std::vector<double>& use) {
    slots_.clear();
    const std::size_t first = SlotOf(job.arrival);
    const auto wanted = static_cast<std::size_t>(job.size / kSlot) + 2;
    for (std::size_t slot = first;; ++slot) {
      const double begins = static_cast<double>(slot) * kSlot;
      const double waited = std::max(0.0, begins - job.arrival) / job.size;
      // Later ones are no cheaper, as no price is negative.
      if (slots_.size() == wanted && waited >= slots_.front().cost) break;
      const double cost = waited + (slot < prices.size() ? prices[slot] : 0.0);
      if (slots_.size() == wanted) {
        if (cost >= slots_.front().cost) continue;
        std::pop_heap(slots_.begin(), slots_.end());
        slots_.pop_back();
      }
      slots_.push_back({cost, slot, std::min(kSlot, begins + kSlot - job.arrival)});
      std::push_heap(slots_.begin(), slots_.end());
    }
    std::sort_heap(slots_.begin(), slots_.end());
    double left = job.size;
    double sum = 0;
    for (const Slot& slot : slots_) {
      const double taken = std::min(left, slot.length);
      sum += taken * slot.cost;
      left -= taken;
      if (slot.index < use.size()) use[slot.index] += taken;
    }
    return sum;
  }

 private:
  struct Slot {
    double cost = 0;  // of a unit
    std::size_t index = 0;
    double length = 0;
    bool operator<(const Slot& other) const { return cost < other.cost; }
  };
  std::vector<Slot> slots_;
};

}  // namespace

double LeastMeanLatency(const InterleaveWorkload& workload) {
  const std::vector<Job> jobs = JobsOf(workload);
  const double capacity = Capacity(workload);
  std::vector<double> prices = FirstPrices(jobs, capacity);
  std::vector<double> use;
  CheapestSlots cheapest;
  double best = 0;
  for (int i = 0; i < kImprovements; ++i) {
    use.assign(prices.size(), 0.0);
    double sum = 0;
    for (const Job& job : jobs) sum += cheapest.Take(job, prices, use) + job.size / 2;
    for (const double price : prices) sum -= price * capacity * kSlot;
    best = std::max(best, sum);
    const double step = kFirstImprovement / std::sqrt(1.0 + i);
    for (std::size_t slot = 0; slot < prices.size(); ++slot) {
      prices[slot] = std::max(0.0, prices[slot] + step * (use[slot] / kSlot - capacity));
    }
  }
  double alone = 0;
  for (const Job& job : jobs) alone += job.size;
  return std::max(best, alone) / static_cast<double>(jobs.size());
}

}  // namespace braid
