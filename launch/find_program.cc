#include "launch/find_program.h"

#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <system_error>

namespace braid {

std::optional<std::string> FindProgram(const std::string& name, const Environment& environment) {
  std::istringstream folders(environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = (folder.empty() ? "." : folder) + "/" + name;
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return std::nullopt;
}

Result<std::string> OwnProgram() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Unavailable("cannot find this program's own path: " + error.message());
  return path.string();
}

}  // namespace braid
