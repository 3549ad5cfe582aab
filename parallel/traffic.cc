#include "parallel/traffic.h"

#include "parallel/bind.h"
#include "parallel/layout/volume.h"

#include <algorithm>

namespace braid {

SentTraffic PredictSent(const Template& tmpl, const Bindings& bindings) {
  SentTraffic sent;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    const Task& task = tmpl.tasks[place.task];
    if (!IsCommunication(task.kind)) continue;
    const auto bytes = static_cast<std::uint64_t>(PayloadBytes(tmpl, place, bindings));
    const std::vector<std::int32_t>& group = tmpl.groups[task.group];
    const int size = static_cast<int>(group.size());
    const int index =
        static_cast<int>(std::find(group.begin(), group.end(), tmpl.rank) - group.begin());
    switch (task.kind) {
      case TaskKind::kAllReduce:
        sent.bytes += AllReduceBytesSent(size, index, bytes);
        sent.messages += AllReduceMessagesSent(size, index, bytes);
        break;
      case TaskKind::kGather:
        sent.bytes += GatherBytesSent(index, 0, bytes);
        sent.messages += GatherMessagesSent(index, 0, bytes);
        break;
      case TaskKind::kSend:
        sent.bytes += bytes;
        sent.messages += MessagesOf(bytes);
        break;
      default:
        break;
    }
  }
  return sent;
}

}  // namespace braid
