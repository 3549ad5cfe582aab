#include "launch/simulation_files.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace braid {

Result<std::unique_ptr<SimulationFiles>> SimulationFiles::Make(const std::string& folder,
                                                               const std::string& policy,
                                                               const Slo& slo) {
  ASSIGN_OR_RETURN(RequestCsv csv, RequestCsv::Make(folder + "/requests-" + policy + ".csv", slo));
  ASSIGN_OR_RETURN(StepTrace trace, StepTrace::Make(folder + "/trace-" + policy + ".json"));
  return std::unique_ptr<SimulationFiles>(new SimulationFiles(std::move(csv), std::move(trace)));
}

Status SimulationFiles::Close() {
  const Status csv = csv_.Close();
  const Status trace = trace_.Close();
  return csv.ok() ? trace : csv;
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && std::filesystem::is_directory(path, error)) return {};
  return InvalidArgument("--out " + path + ": cannot make this folder: " +
                         (error ? error.message() : "a file of this name is in the way"));
}

}  // namespace braid
