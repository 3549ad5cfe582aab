#pragma once

#include "models/gguf/gguf_file.h"
#include "models/tokenizer.h"
#include "models/vocabulary_from_gguf.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace braid {

/// A test with the vocabulary of a model file that an environment variable names, or of the only
/// model in a folder that it names. Without the variable the test is skipped; where `CI` is "true"
/// and the file is required, it fails.
class RealVocabularyTest : public ::testing::Test {
 protected:
  void Load(const char* variable, bool is_required_in_ci) {
    const char* const path = std::getenv(variable);
    if (path == nullptr || *path == '\0') {
      const char* const ci = std::getenv("CI");
      const bool in_ci = ci != nullptr && std::string(ci) == "true";
      if (in_ci && is_required_in_ci) {
        FAIL() << variable << " must name the model file in CI";
      }
      GTEST_SKIP() << variable << " does not name a model file";
    }
    const auto file = GgufFile::Open(ModelIn(path));
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    auto read = VocabularyFromGguf(*file);
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    vocabulary_ = *read;
    auto made = Tokenizer::Make(std::move(read).value());
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    tokenizer_ = std::move(made).value();
  }

  static std::string ModelIn(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) return path.string();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".gguf") return entry.path().string();
    }
    return path.string();
  }

  Vocabulary vocabulary_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace braid
