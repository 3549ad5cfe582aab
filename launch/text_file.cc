#include "launch/text_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <system_error>

namespace braid {

Result<std::string> ReadTextStream(std::istream& stream, std::size_t max_bytes,
                                   const std::string& what) {
  std::string text;
  std::array<char, 16384> buffer;
  while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
         stream.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > max_bytes) {
      return InvalidArgument(fmt::format("the {} has more than {} bytes", what, max_bytes));
    }
  }
  if (stream.bad()) return NotFound(fmt::format("cannot read the {}", what));
  return text;
}

Result<std::string> ReadTextFile(const std::string& path, std::size_t max_bytes,
                                 const std::string& what) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return InvalidArgument(fmt::format("{}: a folder, not a {} file", path, what));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return NotFound(fmt::format("{}: cannot read this {} file: {}", path, what,
                                errno != 0 ? std::strerror(errno) : "unknown reason"));
  }
  Result<std::string> text = ReadTextStream(file, max_bytes, what);
  if (!text.ok()) return text.error().WithContext(path);
  return text;
}

}  // namespace braid
