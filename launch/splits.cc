#include "launch/splits.h"

#include "parallel/layout/shard.h"

#include <fmt/format.h>

namespace braid {

std::vector<Mesh> SplitsOf(const std::vector<std::int32_t>& tp,
                           const std::vector<std::int32_t>& pp) {
  std::vector<Mesh> splits;
  for (const std::int32_t tensor : tp) splits.push_back({.tensor = tensor, .pipeline = 1});
  for (const std::int32_t pipeline : pp) splits.push_back({.tensor = 1, .pipeline = pipeline});
  for (const std::int32_t tensor : tp) {
    for (const std::int32_t pipeline : pp) {
      splits.push_back({.tensor = tensor, .pipeline = pipeline});
    }
  }
  return splits;
}

std::string SplitName(const Mesh& mesh) {
  if (mesh.size() == 1) return "one rank";
  if (mesh.pipeline == 1) return fmt::format("tp {}", mesh.tensor);
  if (mesh.tensor == 1) return fmt::format("pp {}", mesh.pipeline);
  return fmt::format("tp {} x pp {}", mesh.tensor, mesh.pipeline);
}

Status CheckSplits(const ModelSpec& spec, const std::vector<Mesh>& splits) {
  for (const Mesh& mesh : splits) {
    const Result<ModelShard> shard = ShardOf(spec, mesh, 0);
    if (!shard.ok()) return shard.error().WithContext("split " + SplitName(mesh));
  }
  return {};
}

}  // namespace braid
