#pragma once

#include "base/status.h"
#include "models/tokenizer.h"
#include "runtime/generate.h"
#include "runtime/job.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace braid {

/// One prompt of stories260K with what an independent implementation makes of it.
struct GreedyStory {
  std::string prompt;
  /// Of BOS, prompt and generated ones, those that are run through the model. The text has one
  /// more, the token that comes of the last of them.
  std::int32_t max_total_tokens = 0;
  std::string text;  ///< with the prompt
};

/// The folder that BRAID_TEST_STORIES260K names (of the model or a file in it); empty without.
inline std::filesystem::path StoriesFolder() {
  const char* const path = std::getenv("BRAID_TEST_STORIES260K");
  if (path == nullptr || *path == '\0') return {};
  return std::filesystem::is_directory(path) ? std::filesystem::path(path)
                                             : std::filesystem::path(path).parent_path();
}

inline std::string StoriesModel() { return (StoriesFolder() / "stories260K.gguf").string(); }

/// Empty where the file cannot be read.
inline std::vector<GreedyStory> ReadStories() {
  std::ifstream file(StoriesFolder() / "greedy.json");
  const nlohmann::json list = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  std::vector<GreedyStory> stories;
  if (!list.is_array()) return stories;
  for (const nlohmann::json& entry : list) {
    stories.push_back({entry["prompt"], entry["max_total_tokens"], entry["text"]});
  }
  return stories;
}

/// Prompt and greedy continuation of one story as text, by this job.
inline Result<std::string> TellStory(Lead& lead, const GreedyStory& story) {
  std::vector<std::int32_t> tokens = lead.tokenizer().Encode(story.prompt, false, true);
  GenerateOptions options;
  options.max_tokens = story.max_total_tokens + 1 - static_cast<std::int32_t>(tokens.size());
  // The reference stops at BOS too.
  bool begun_anew = false;
  options.on_token = [&](std::int32_t token) {
    begun_anew = token == lead.tokenizer().bos_id();
    return !begun_anew;
  };
  ASSIGN_OR_RETURN(Generation generation, Generate(lead, tokens, options));
  if (begun_anew) generation.tokens.pop_back();
  tokens.insert(tokens.end(), generation.tokens.begin(), generation.tokens.end());
  return lead.tokenizer().DecodeAll(tokens);
}

}  // namespace braid
