#pragma once

#include "base/status.h"
#include "launch/options.h"
#include "launch/world.h"
#include "runtime/job.h"

#include <cstdint>
#include <string>

namespace braid {

/// How the ranks of a job talk.
enum class Comm : std::uint8_t { kInproc, kMpi };

/// `comm` is "inproc", "mpi", or "" to decide by who started us.
/// Errors: InvalidArgument where each of several processes would run a whole job of its own.
Result<Comm> ChooseComm(const std::string& comm, const World& world);

/// The mesh on which `comm` can run --tp (0: not given) x --pp.
/// Errors: as ChooseMesh.
Result<Mesh> ChooseMeshFor(Comm comm, std::int64_t tp, std::int64_t pp, const World& world);

/// Errors: InvalidArgument where no model is named.
Result<JobOptions> JobOptionsOf(const ModelOptions& fields, const Mesh& mesh);

/// The prompt, from wherever it comes; `otherwise` where none is given.
/// Errors: InvalidArgument where two are given or none and no `otherwise`; as ReadTextFile.
Result<std::string> ReadPrompt(const PromptOptions& fields, const char* otherwise);

}  // namespace braid
