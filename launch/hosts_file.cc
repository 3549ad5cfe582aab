#include "launch/hosts_file.h"

#include "launch/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace braid {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::int32_t kMaxSlots = 4096;
constexpr std::string_view kBlank = " \t\r";

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Names and addresses. An argument of mpirun is made of them: nothing else may get there.
bool IsHostName(std::string_view name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

Result<Host> ParseLine(std::string_view line) {
  constexpr std::string_view kSlots = "slots=";
  std::string_view slots;
  bool has_slots = false;
  std::string_view name = line;
  if (const std::size_t cut = line.find_first_of(" \t:"); cut != std::string_view::npos) {
    name = line.substr(0, cut);
    slots = Trim(line.substr(cut + 1));
    has_slots = true;
    if (line[cut] != ':') {
      if (!slots.starts_with(kSlots)) {
        return InvalidArgument(
            fmt::format("'{}' is not a host; write NAME, NAME:SLOTS or "
                        "NAME slots=N",
                        line));
      }
      slots.remove_prefix(kSlots.size());
    }
  }
  if (!IsHostName(name)) {
    return InvalidArgument(fmt::format("'{}' is not the name of a host", name));
  }
  Host host{.name = std::string(name)};
  if (!has_slots) return host;
  const char* end = slots.data() + slots.size();
  const auto [stop, error] = std::from_chars(slots.data(), end, host.slots);
  if (error != std::errc() || stop != end || host.slots < 1 || host.slots > kMaxSlots) {
    return InvalidArgument(
        fmt::format("slots must be an integer from 1 to {}, not '{}'", kMaxSlots, slots));
  }
  return host;
}

}  // namespace

Result<std::vector<Host>> ParseHosts(std::string_view text, const std::string& file) {
  std::vector<Host> hosts;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::string place = fmt::format("{}:{}", file, number);
    const Result<Host> host = ParseLine(line);
    if (!host.ok()) return host.error().WithContext(place);
    const bool is_known = std::any_of(hosts.begin(), hosts.end(),
                                      [&](const Host& h) { return h.name == host->name; });
    if (is_known) {
      return InvalidArgument(
          fmt::format("{}: host {} stands here a second time; give it slots "
                      "instead",
                      place, host->name));
    }
    hosts.push_back(*host);
  }
  if (hosts.empty()) return InvalidArgument(file + ": names no host");
  return hosts;
}

Result<std::vector<Host>> ReadHostsFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path, kMaxBytes, "hosts"));
  return ParseHosts(text, path);
}

}  // namespace braid
