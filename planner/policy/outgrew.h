#pragma once

#include <cstdint>
#include <string>

namespace braid {

/// What a user reads of a request whose text grew beyond all memory that it may use.
inline std::string Outgrew(std::int64_t needed, std::int64_t capacity) {
  return "prompt and output together need " + std::to_string(needed) + " KV slots, there are " +
         std::to_string(capacity);
}

}  // namespace braid
