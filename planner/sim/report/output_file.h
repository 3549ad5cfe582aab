#pragma once

#include "base/status.h"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace braid {

/// A text file being written. The first failure is kept, what follows it is dropped, and Close says
/// it: a full disk gives one message however much was to be written.
/// Thread: one. The destructor closes without a word; Close where the content matters.
class OutputFile {
 public:
  /// Empties or creates the file. Errors: Unavailable with path and cause.
  static Result<OutputFile> Make(const std::string& path);

  void Write(std::string_view text);
  /// Errors: Unavailable where anything since Make could not be written. OK when called again.
  Status Close();

  const std::string& path() const { return path_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  OutputFile(std::string path, std::FILE* file);
  void KeepError();

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  Status status_;
};

/// Writes a whole file. Errors: Unavailable with path and cause.
Status WriteOutputFile(const std::string& path, std::string_view text);

}  // namespace braid
