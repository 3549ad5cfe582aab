#include "launch/job_setup.h"

#include "launch/text_file.h"

#include <fmt/format.h>

#include <chrono>
#include <iostream>

namespace braid {
namespace {

constexpr std::size_t kMaxPromptBytes = 64 << 20;

}  // namespace

Result<Comm> ChooseComm(const std::string& comm, const World& world) {
  if (comm.empty()) return world.launched ? Comm::kMpi : Comm::kInproc;
  if (comm == "mpi") return Comm::kMpi;
  if (world.launched && world.size != 1) {
    return InvalidArgument(fmt::format(
        "with --comm inproc each of the {} processes of mpirun would run the whole job; leave "
        "--comm out, or run it without mpirun",
        world.size));
  }
  return Comm::kInproc;
}

Result<Mesh> ChooseMeshFor(Comm comm, std::int64_t tp, std::int64_t pp, const World& world) {
  if (comm == Comm::kInproc) return ChooseMesh(tp, pp, 0);
  if (!world.launched && (tp > 1 || pp > 1)) {
    const std::int64_t ranks = (tp == 0 ? 1 : tp) * pp;
    return InvalidArgument(fmt::format(
        "--comm mpi needs ranks that mpirun started; use braid launch -n {} -- ..., or --comm "
        "inproc",
        ranks));
  }
  return ChooseMesh(tp, pp, world.launched ? world.size : 1);
}

Result<JobOptions> JobOptionsOf(const ModelOptions& fields, const Mesh& mesh) {
  if (fields.model.empty()) {
    return InvalidArgument("no model; give --model PATH, or set the variable BRAID_MODEL");
  }
  JobOptions options;
  options.model_path = fields.model;
  options.mesh = mesh;
  options.numerics = fields.numerics == "exact" ? Numerics::kExact : Numerics::kFast;
  options.widen_to_f32 = fields.dtype == "f32";
  options.context = static_cast<std::int32_t>(fields.ctx);
  options.max_rows = static_cast<std::int32_t>(fields.chunk);
  options.wait_limit = std::chrono::seconds(fields.timeout);
  return options;
}

Result<std::string> ReadPrompt(const PromptOptions& fields, const char* otherwise) {
  if (fields.prompt && !fields.prompt_file.empty()) {
    return InvalidArgument("--prompt and --prompt-file are both given; use one");
  }
  if (fields.prompt) return *fields.prompt;
  if (fields.prompt_file == "-") return ReadTextStream(std::cin, kMaxPromptBytes, "prompt");
  if (!fields.prompt_file.empty()) {
    return ReadTextFile(fields.prompt_file, kMaxPromptBytes, "prompt");
  }
  if (otherwise != nullptr) return std::string(otherwise);
  return InvalidArgument(
      "no prompt; give --prompt TEXT or --prompt-file FILE (- is standard input)");
}

}  // namespace braid
