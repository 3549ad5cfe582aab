#include "launch/world.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

namespace braid {
namespace {

std::optional<std::int32_t> Number(const Environment& environment, const std::string& name) {
  const std::optional<std::string> text = environment(name);
  if (!text) return std::nullopt;
  std::int32_t value = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || stop != text->data() + text->size() || value < 0) return std::nullopt;
  return value;
}

std::string Ranks(std::int64_t count) {
  return fmt::format("{} rank{}", count, count == 1 ? "" : "s");
}

}  // namespace

World DetectWorld(const Environment& environment) {
  World world;
  const auto size = Number(environment, "OMPI_COMM_WORLD_SIZE");
  const auto rank = Number(environment, "OMPI_COMM_WORLD_RANK");
  const auto pmix_rank = Number(environment, "PMIX_RANK");
  if (!size && !pmix_rank) return world;
  world.launched = true;
  world.size = size.value_or(0);
  world.rank = rank ? *rank : pmix_rank.value_or(0);
  return world;
}

Result<Mesh> ChooseMesh(std::int64_t tp, std::int64_t pp, std::int32_t world_size) {
  if (tp == 0) {
    if (world_size > 0 && world_size % pp != 0) {
      return InvalidArgument(
          fmt::format("{} cannot be cut into --pp {} equal stages; start a multiple of {} ranks, "
                      "or change --pp",
                      Ranks(world_size), pp, pp));
    }
    tp = world_size > 0 ? world_size / pp : 1;
  }
  if (world_size > 0 && tp * pp != world_size) {
    return InvalidArgument(fmt::format(
        "--tp {} x --pp {} needs {}, but {} started; change -n to {}, or --tp and --pp", tp, pp,
        Ranks(tp * pp), world_size == 1 ? "1 was" : fmt::format("{} were", world_size), tp * pp));
  }
  return Mesh{.tensor = static_cast<std::int32_t>(tp), .pipeline = static_cast<std::int32_t>(pp)};
}

}  // namespace braid
