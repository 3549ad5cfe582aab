#include "launch/simulation_progress.h"

#include "launch/text_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace braid {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};

void BeLate() {
  constexpr char kText[] = "\nbraid: interrupted, ending; Ctrl-C again ends it at once\n";
  (void)!write(STDERR_FILENO, kText, sizeof(kText) - 1);
}

void GiveUp() {
  constexpr char kText[] = "\nbraid: interrupted twice; no table, and files may be incomplete\n";
  (void)!write(STDERR_FILENO, kText, sizeof(kText) - 1);
  _exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace

SimulationProgress::SimulationProgress(CommandContext& context)
    : watch_(GiveUp, BeLate), line_(context) {}

void SimulationProgress::Begin(std::string what, std::int64_t total) {
  what_ = std::move(what);
  total_ = total;
  begun_ = Clock::now();
  shown_ = begun_ - kShowEvery;
}

ProgressCheck SimulationProgress::check() {
  return [this](std::uint64_t finished, std::int64_t now_ns) {
    Show(finished, now_ns);
    return !watch_.interrupted();
  };
}

void SimulationProgress::Show(std::uint64_t finished, std::int64_t now_ns) {
  const Clock::time_point now = Clock::now();
  if (now - shown_ < kShowEvery) return;
  shown_ = now;
  const double wall = std::chrono::duration<double>(now - begun_).count();
  const double simulated = static_cast<double>(now_ns) * 1e-9;
  std::string text = what_ + ": ";
  if (total_ > 0) {
    const double share = static_cast<double>(finished) / static_cast<double>(total_);
    text += fmt::format("{:.0f} %, {} of {} requests", std::min(share, 1.0) * 100,
                        FormatCount(finished), FormatCount(static_cast<std::uint64_t>(total_)));
  } else {
    text += FormatCount(finished) + " requests";
  }
  text += fmt::format(", {:.0f} s simulated", simulated);
  if (wall > 0.2) text += fmt::format(", {:.0f} times real time", simulated / wall);
  line_.Show(text);
}

std::int64_t ExpectedRequests(const WorkloadSpec& workload) {
  if (workload.num_requests > 0) return workload.num_requests;
  return workload.kind == WorkloadKind::kTrace ? 0 : kDefaultGeneratedRequests;
}

}  // namespace braid
