#include "planner/cost/step_template.h"

#include "parallel/lower_group.h"

namespace braid {

Result<Template> TemplateOfStep(const ModelSpec& model, std::int32_t tensor_size,
                                const StepSignature& signature) {
  // A move is between two instances; the first is the one that sends.
  const GroupMesh mesh = {.instance = {.tensor = tensor_size, .pipeline = 1},
                          .degree = signature.move ? 2 : signature.degree};
  GroupSignature group;
  group.sampled = signature.sampled;
  if (signature.move) {
    group.move_sources = 1;
  } else {
    group.prefill = signature.prefill;
    group.decode = signature.decode || !signature.prefill;
    group.token_split = signature.token_split;
    group.exchange_in_turn = signature.exchange_in_turn;
  }
  return LowerGroup(model, mesh, GroupRank{}, group);
}

}  // namespace braid
