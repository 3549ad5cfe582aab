// Configuration files: whatever their bytes, they are read or refused with a message, and what was
// set is within its range.
#include "launch/config_file.h"
#include "launch/options.h"
#include "launch/read_options.h"
#include "launch/simulate_options.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace braid {
namespace {

template <typename Options>
void ReadAndPrint(std::string_view text) {
  Options options;
  OptionTable table = TableOf(options);
  const Status status = ApplyConfigText(text, "fuzz.yaml", table);
  if (!status.ok()) {
    BRAID_CHECK(status.code() == StatusCode::kInvalidArgument);
    BRAID_CHECK(!status.message().empty());
    return;
  }
  for (Option& option : table.options()) {
    if (option.origin.kind == Origin::Kind::kDefault) continue;
    if (std::holds_alternative<EntriesTarget>(option.target)) continue;
    BRAID_CHECK(SetOption(option, ValueText(option), option.origin).ok());
  }
  BRAID_CHECK(!PrintConfig(table).empty());
}

}  // namespace
}  // namespace braid

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  braid::ReadAndPrint<braid::RunOptions>(text);
  braid::ReadAndPrint<braid::VerifyOptions>(text);
  braid::ReadAndPrint<braid::SimulateOptions>(text);
  return 0;
}
