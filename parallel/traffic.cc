#include "parallel/traffic.h"

#include "parallel/layout/volume.h"
#include "parallel/payload.h"

#include <algorithm>

namespace braid {
namespace {

SentTraffic SentBy(const Template& tmpl, const TaskPlace& place, const Bindings& bindings) {
  const Task& task = tmpl.tasks[place.task];
  const std::vector<std::int32_t>& group = tmpl.groups[task.group];
  const int size = static_cast<int>(group.size());
  const int index =
      static_cast<int>(std::find(group.begin(), group.end(), tmpl.rank) - group.begin());
  if (task.kind == TaskKind::kAllReduce || task.kind == TaskKind::kGather) {
    const auto bytes = static_cast<std::uint64_t>(PayloadBytes(tmpl, place, bindings));
    if (task.kind == TaskKind::kGather) {
      return {GatherBytesSent(index, 0, bytes), GatherMessagesSent(index, 0, bytes)};
    }
    return {AllReduceBytesSent(size, index, bytes), AllReduceMessagesSent(size, index, bytes)};
  }
  SentTraffic sent;
  for (std::size_t member = 0; member < group.size(); ++member) {
    const auto bytes = static_cast<std::uint64_t>(BytesToMember(tmpl, task, bindings, member));
    sent.bytes += bytes;
    sent.messages += MessagesOf(bytes);
  }
  return sent;
}

}  // namespace

SentTraffic PredictSent(const Template& tmpl, const Bindings& bindings) {
  SentTraffic sent;
  for (std::uint32_t i = 0; i < tmpl.num_tasks(); ++i) {
    const TaskPlace place = tmpl.Place(i);
    if (!IsCommunication(tmpl.tasks[place.task].kind)) continue;
    const SentTraffic one = SentBy(tmpl, place, bindings);
    sent.bytes += one.bytes;
    sent.messages += one.messages;
  }
  return sent;
}

}  // namespace braid
