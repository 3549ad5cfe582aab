#pragma once

#include "base/status.h"
#include "models/gguf/random_model.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <vector>

namespace braid {

/// A folder of its own for one test's files, gone with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "braid_test_XXXXXX").string();
    BRAID_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Writes a random model and returns its path.
inline std::string WriteModel(const TestFolder& folder, const RandomModel& model,
                              const std::string& name = "model.gguf") {
  const std::string path = folder.File(name);
  const Result<GgufWriter> writer = MakeRandomModel(model);
  BRAID_CHECK(writer.ok());
  BRAID_CHECK(writer->Write(path).ok());
  return path;
}

/// The first `bytes` bytes of a file as another file.
inline std::string WriteTruncated(const TestFolder& folder, const std::string& path,
                                  std::size_t bytes) {
  std::vector<char> head(bytes);
  std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(bytes));
  const std::string truncated = folder.File("truncated.gguf");
  std::ofstream(truncated, std::ios::binary)
      .write(head.data(), static_cast<std::streamsize>(bytes));
  return truncated;
}

}  // namespace braid
