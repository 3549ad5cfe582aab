#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"

#include <cstdint>

namespace braid {

/// A 64-bit fingerprint of a model file, by which ranks notice that one of them has another file.
/// Covers the file's size, the whole header (metadata and tensor table) and of each tensor up to
/// eight 4 KiB samples: its first and last bytes and six evenly between (so a tensor up to 32 KiB
/// is covered whole). A change that misses all samples goes unnoticed: it tells files apart, it
/// does not prove them equal.
/// Cost:   reads the header and 32 KiB a tensor past the mapping; milliseconds when cached.
/// Errors: Unavailable where the disk fails.
/// Thread: any.
Result<std::uint64_t> Fingerprint(const GgufFile& file);

}  // namespace braid
