#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace braid {

/// Rows of one of the files that tools/tokenizer_golden.py writes; null where it cannot be read.
inline nlohmann::json ReadGolden(const std::string& name) {
  std::ifstream file(std::string(BRAID_TOKENIZER_GOLDEN_DIR) + "/" + name + "_golden.json");
  return nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
}

}  // namespace braid
