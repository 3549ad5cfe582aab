#include "launch/version.h"

namespace braid {

std::string_view Version() { return BRAID_VERSION; }

std::string_view BuildDescription() { return BRAID_BUILD_DESCRIPTION; }

}  // namespace braid
