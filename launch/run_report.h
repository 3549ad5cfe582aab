#pragma once

#include "launch/option_table.h"
#include "parallel/layout/mesh.h"
#include "runtime/generate.h"
#include "runtime/job.h"

#include <string>
#include <vector>

namespace braid {

/// What a run has to tell when it is over.
struct RunOutcome {
  Generation generation;
  std::string text;
  bool interrupted = false;
  double start_to_first_token_seconds = 0;  ///< from the program's start, loading included
  std::vector<RankReport> ranks;
};

/// The table that follows the text.
std::string RunSummary(const RunOutcome& outcome);

/// The same and more as one JSON object; docs and scripts may rely on its keys.
std::string RunJson(const RunOutcome& outcome, const Mesh& mesh, const OptionTable& config);

/// Of the time that ranks could have computed, the part in which they waited for messages. 0..1
double CommunicationShare(const std::vector<RankReport>& ranks);

}  // namespace braid
