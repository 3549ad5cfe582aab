#include "comm/collectives/barrier.h"

namespace braid {

Status Barrier::Start(const CollectiveCall& call) {
  RETURN_IF_ERROR(Begin(call));
  for (int i = 0; i < group_size(); ++i) {
    if (i == my_index()) continue;
    AddReceive(i, {});
    AddSend(i, {});
  }
  return Status();
}

}  // namespace braid
