#pragma once

#include "base/status.h"
#include "launch/environment.h"
#include "parallel/layout/mesh.h"

#include <cstdint>

namespace braid {

/// The processes that a launcher started together, as this one sees them.
struct World {
  bool launched = false;  ///< by mpirun or another launcher that speaks PMIx
  std::int32_t rank = 0;
  std::int32_t size = 1;
};

/// Reads what mpirun tells its processes, without starting MPI.
World DetectWorld(const Environment& environment);

/// The mesh for `tp` (0: not given) and `pp` on `world_size` ranks, or on as many as it needs where
/// ranks are threads (`world_size` 0).
/// Errors: InvalidArgument where tp x pp is not the number of ranks, saying what to change.
Result<Mesh> ChooseMesh(std::int64_t tp, std::int64_t pp, std::int32_t world_size);

}  // namespace braid
