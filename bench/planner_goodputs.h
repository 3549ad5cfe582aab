#pragma once

#include "base/status.h"
#include "planner/sim/simulation/goodput.h"

#include <map>
#include <string>
#include <vector>

namespace braid {

/// Searches for goodput, each asked for by name, made once and kept: figures share them.
/// Thread: one; Run uses threads of its own and joins them.
class Goodputs {
 public:
  explicit Goodputs(int jobs) : jobs_(jobs) {}

  /// The same name asks for the same search.
  void Ask(const std::string& name, const SimulationSpec& spec, const GoodputSearch& search);
  /// Makes those that were asked for since, and says each on stderr. One that fails does not end
  /// the others.
  void Run();
  /// Requests a second; 0 where no rate is good; not a number, so that no mean hides it, where the
  /// search failed or the name was not asked for.
  double Rate(const std::string& name) const;
  /// Messages of searches that failed: their figures are not to be believed.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Question {
    std::string name;
    SimulationSpec spec;
    GoodputSearch search;
  };
  Status Answer(const Question& question, double* rate) const;

  int jobs_;
  std::vector<Question> open_;
  std::map<std::string, double> rates_;
  std::vector<std::string> failures_;
};

}  // namespace braid
