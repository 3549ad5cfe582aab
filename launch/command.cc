#include "launch/command.h"

#include <chrono>
#include <ostream>
#include <string>
#include <thread>

namespace braid {
namespace {

// Between the first rank's exit and the launcher's signal to the others lie milliseconds on one
// host; this leaves room for several, within the 5 s in which a failed job must be gone.
constexpr std::chrono::milliseconds kPatience{2000};

}  // namespace

void Tell(const Status& status, CommandContext& context) {
  context.err << "braid: error: " << status.message() << std::endl;
}

ExitCode Fail(const Status& status, CommandContext& context) {
  if (context.world.launched && context.world.rank != 0) {
    std::this_thread::sleep_for(kPatience);
    Tell(status.WithContext("rank " + std::to_string(context.world.rank)), context);
  } else {
    Tell(status, context);
  }
  return ExitCodeOf(status);
}

}  // namespace braid
