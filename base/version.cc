#include "base/version.h"

namespace braid {

std::string_view Version() { return BRAID_VERSION; }

}  // namespace braid
