#include "bench/planner_goodputs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

namespace braid {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Goodputs::Ask(const std::string& name, const SimulationSpec& spec,
                   const GoodputSearch& search) {
  const auto same = [&](const Question& question) { return question.name == name; };
  if (rates_.contains(name) || std::any_of(open_.begin(), open_.end(), same)) return;
  open_.push_back({name, spec, search});
}

Status Goodputs::Answer(const Question& question, double* rate) const {
  const Result<Goodput> found = FindGoodput(question.spec, question.search);
  if (!found.ok()) return found.status().WithContext(question.name);
  *rate = found->rate;
  return Status();
}

void Goodputs::Run() {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // guards all below
  std::size_t num_done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < open_.size(); i = next++) {
      const auto started = std::chrono::steady_clock::now();
      double rate = 0;
      const Status status = Answer(open_[i], &rate);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
      const std::lock_guard lock(mutex);
      std::fprintf(stderr, "[%zu/%zu] %s: %.3f/s (%.1f s)\n", ++num_done, open_.size(),
                   open_[i].name.c_str(), rate, took.count());
      rates_[open_[i].name] = rate;
      if (!status.ok()) {
        rates_[open_[i].name] = kUnknown;
        failures_.push_back(status.ToString());
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 1; t < jobs_; ++t) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  open_.clear();
}

double Goodputs::Rate(const std::string& name) const {
  const auto found = rates_.find(name);
  return found == rates_.end() ? kUnknown : found->second;
}

}  // namespace braid
