#include "launch/command.h"

#include <chrono>
#include <ostream>
#include <thread>

namespace braid {
namespace {

// Between the first rank's exit and the launcher's signal to the others lie milliseconds on one
// host; this leaves room for several, within the 5 s in which a failed job must be gone.
constexpr std::chrono::milliseconds kPatience{2000};

}  // namespace

ExitCode Fail(const Status& status, CommandContext& context) {
  if (context.world.launched && context.world.rank != 0) {
    std::this_thread::sleep_for(kPatience);
    context.err << "braid: error: rank " << context.world.rank << ": " << status.message() << '\n';
  } else {
    context.err << "braid: error: " << status.message() << '\n';
  }
  context.err.flush();
  return ExitCodeOf(status);
}

}  // namespace braid
