#include "planner/sim/report/summary.h"

namespace braid {

std::string_view ScalingEventName(ScalingEvent event) {
  switch (event) {
    case ScalingEvent::kScaleUp:
      return "scale-up";
    case ScalingEvent::kScaleDown:
      return "scale-down";
    case ScalingEvent::kMove:
      return "move";
    case ScalingEvent::kEvict:
      return "evict";
    case ScalingEvent::kSwap:
      return "swap";
  }
  return "";
}

}  // namespace braid
