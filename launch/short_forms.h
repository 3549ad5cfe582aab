#pragma once

#include "launch/option_table.h"

#include <string>
#include <utility>
#include <vector>

namespace braid {

/// "PROFILE[:DEVICES][:tpN][:nodesN][:kvN]", such as "a800-80gb:8:tp2", for the options profile,
/// devices, tp, nodes and kv-slots.
ShortFormTarget ClusterShortForm();

/// "key=value,..." for the options that `options` names: pairs of key and option name.
ShortFormTarget KeyValueShortForm(std::vector<std::pair<std::string, std::string>> options,
                                  std::string example);

}  // namespace braid
