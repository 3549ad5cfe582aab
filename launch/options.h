#pragma once

#include "launch/option_table.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// What run and verify share: the model and how it is computed.
struct ModelOptions {
  std::string model;
  std::string dtype = "auto";
  std::string numerics = "fast";
  std::int64_t ctx = 0;        ///< tokens; 0: the model's own
  std::int64_t chunk = 512;    ///< rows of one step at most
  std::int64_t timeout = 120;  ///< seconds that a rank waits for another at most
};

/// The prompt, as given.
struct PromptOptions {
  std::optional<std::string> prompt;
  std::string prompt_file;
};

/// braid run.
struct RunOptions {
  ModelOptions model;
  PromptOptions prompt;
  std::int64_t tp = 0;  ///< 0: ranks / pp
  std::int64_t pp = 1;
  std::string comm;  ///< "", "inproc", "mpi"
  bool chat = false;
  std::optional<std::string> system;
  std::int64_t max_tokens = 128;
  double temperature = 0;
  std::int64_t top_k = 0;
  double top_p = 1;
  std::int64_t seed = 0;
  bool json = false;
  std::string trace;
  std::string config;
  bool print_config = false;
};

/// braid verify.
struct VerifyOptions {
  // All rows of a step yield logits here, so steps are kept small.
  VerifyOptions() { model.chunk = 64; }

  ModelOptions model;
  PromptOptions prompt;
  std::vector<std::int32_t> tp;
  std::vector<std::int32_t> pp;
  std::string comm;  ///< "", "inproc", "mpi"
  std::int64_t max_tokens = 32;
  double tolerance = 1e-4;  ///< of logits, as max|a-b| / max|b|
  bool json = false;
  std::string config;
  bool print_config = false;
};

/// braid inspect.
struct InspectOptions {
  std::int64_t tp = 1;
  std::int64_t pp = 1;
  std::string dtype = "auto";
  bool json = false;
};

/// braid launch.
struct LaunchOptions {
  std::int64_t ranks = 0;
  std::string hosts;
  bool dry_run = false;
  bool verbose = false;
};

/// The tables behind flags, files, help and --print-config. The struct outlives its table.
OptionTable TableOf(RunOptions& fields);
OptionTable TableOf(VerifyOptions& fields);
OptionTable TableOf(InspectOptions& fields);
OptionTable TableOf(LaunchOptions& fields);

}  // namespace braid
