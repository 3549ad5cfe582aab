#include "launch/trace_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace braid {

std::string TraceFileOf(const std::string& path, Comm comm, const World& world) {
  if (comm == Comm::kInproc || world.size == 1) return path;
  std::filesystem::path file(path);
  file.replace_filename(
      fmt::format("{}.rank{}{}", file.stem().string(), world.rank, file.extension().string()));
  return file.string();
}

Status CheckTraceFile(const std::string& path, Comm comm, const World& world) {
  const std::string file = TraceFileOf(path, comm, world);
  if (std::ofstream(file, std::ios::app)) return {};
  return InvalidArgument(fmt::format("--trace {}: cannot write this file", file));
}

}  // namespace braid
