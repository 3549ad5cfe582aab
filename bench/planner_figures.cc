// The figures of planner and clock, each with its target, in one table.
//
//   planner_figures [--quick] [--jobs N] [--seeds N] [--ratio-seeds N] [--mooncake PATH]
//                   [--only CHAPTER[,CHAPTER..]]
//
// Chapters: speed, calls, cost, ratios, braid, beside, interleaving, determinism. Progress goes to
// stderr, the tables to stdout as Markdown. --quick makes every run small, in well under a minute;
// its figures only show that all works. Exits 0 whatever is met, as the table says
// it; 1 where something could not be measured.
#include "bench/planner_chapters.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string_view>
#include <thread>

namespace braid {
namespace {

constexpr const char* kUsage =
    "usage: planner_figures [--quick] [--jobs N] [--seeds N] [--ratio-seeds N]\n"
    "                       [--mooncake PATH] [--only CHAPTER[,CHAPTER..]]\n";
constexpr const char* kDefaultTrace = "../shared/traces/mooncake_conversation.jsonl";
constexpr int kMostJobs = 64;
constexpr int kMostSeeds = 1'000;

struct Command {
  FigureOptions options;
  std::string only;  ///< with a comma at each end; empty: all
};

bool ReadCount(const char* text, int most, int* count) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 1 || value > most) return false;
  *count = static_cast<int>(value);
  return true;
}

bool Read(int argc, char** argv, Command* command) {
  FigureOptions& options = command->options;
  if (std::filesystem::exists(kDefaultTrace)) options.mooncake = kDefaultTrace;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--quick") {
      options.quick = true;
      continue;
    }
    if (++i == argc) return false;
    bool good = true;
    if (name == "--jobs") {
      good = ReadCount(argv[i], kMostJobs, &options.jobs);
    } else if (name == "--seeds") {
      good = ReadCount(argv[i], kMostSeeds, &options.seeds);
    } else if (name == "--ratio-seeds") {
      good = ReadCount(argv[i], kMostSeeds, &options.ratio_seeds);
    } else if (name == "--mooncake") {
      options.mooncake = argv[i];
    } else if (name == "--only") {
      command->only = fmt::format(",{},", argv[i]);
    } else {
      good = false;
    }
    if (!good) return false;
  }
  return true;
}

using MakeChapter = std::function<Result<Chapter>(Goodputs&)>;

/// In the order of the table; `order` says when each runs: what is timed goes first.
struct Part {
  const char* name;
  int order;
  MakeChapter make;
};

std::vector<Part> Parts(const FigureOptions& options) {
  return {{"cost", 2, [](Goodputs&) { return CostModelChapter(); }},
          {"ratios", 5, [&](Goodputs& goodputs) { return RatioChapter(options, goodputs); }},
          {"braid", 6, [&](Goodputs& goodputs) { return BraidChapter(options, goodputs); }},
          {"beside", 7, [&](Goodputs& goodputs) { return BesideChapter(options, goodputs); }},
          {"interleaving", 3, [&](Goodputs&) { return InterleavingChapter(options); }},
          {"calls", 1, [&](Goodputs&) { return PlannerCallChapter(options); }},
          {"speed", 0, [&](Goodputs&) { return SpeedChapter(options); }},
          {"determinism", 4, [](Goodputs&) { return DeterminismChapter(); }}};
}

struct Report {
  std::vector<Chapter> chapters;
  std::vector<std::string> failures;
};

/// A chapter that fails does not take the others with it.
Report Measure(const Command& command) {
  Goodputs goodputs(command.options.jobs);
  Report report;
  const std::vector<Part> parts = Parts(command.options);
  std::vector<Chapter> chapters(parts.size());
  for (int order = 0; order < static_cast<int>(parts.size()); ++order) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].order != order) continue;
      const std::string wanted = fmt::format(",{},", parts[i].name);
      if (!command.only.empty() && command.only.find(wanted) == std::string::npos) continue;
      std::fprintf(stderr, "== %s\n", parts[i].name);
      Result<Chapter> made = parts[i].make(goodputs);
      if (made.ok()) {
        chapters[i] = std::move(*made);
      } else {
        report.failures.push_back(fmt::format("{}: {}", parts[i].name, made.error().ToString()));
      }
    }
  }
  std::erase_if(chapters, [](const Chapter& chapter) { return chapter.title.empty(); });
  report.chapters = std::move(chapters);
  for (const std::string& failure : goodputs.failures()) report.failures.push_back(failure);
  return report;
}

int Main(int argc, char** argv) {
  Command command;
  if (!Read(argc, argv, &command)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const Report report = Measure(command);
  if (command.options.quick) std::puts("Quick runs: that all works, not what is reached.\n");
  for (const std::string& failure : report.failures) {
    std::printf("FAILED, and so do figures that need it: %s\n\n", failure.c_str());
  }
  std::fputs(PrintedChapters(report.chapters).c_str(), stdout);
  return report.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace braid

int main(int argc, char** argv) { return braid::Main(argc, argv); }
