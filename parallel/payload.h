#pragma once

#include "plan/program.h"

#include <cstddef>
#include <cstdint>

namespace braid {

/// Payload bytes that the communication at `place` moves to or from this rank's buffer:
/// rows x width x 4. Gathers: this rank's own slice. Ring shifts and exchanges: what this rank
/// sends, to all members together.
std::int64_t PayloadBytes(const Template& tmpl, const TaskPlace& place, const Bindings& bindings);

/// What a communication between chosen members (send, receive, ring shift, exchanges, moves) sends
/// to, or expects from, member `member` of its group, in bytes. Sums and gathers: see
/// layout/volume.
std::int64_t BytesToMember(const Template& tmpl, const Task& task, const Bindings& bindings,
                           std::size_t member);
std::int64_t BytesFromMember(const Template& tmpl, const Task& task, const Bindings& bindings,
                             std::size_t member);

}  // namespace braid
