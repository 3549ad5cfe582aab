#include "launch/exit_code.h"

namespace braid {

ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kSuccess;
  return status.is_user_error() ? ExitCode::kBadInput : ExitCode::kFailure;
}

}  // namespace braid
