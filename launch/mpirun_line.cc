#include "launch/mpirun_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace braid {
namespace {

bool NeedsNoQuotes(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::strchr("_-./:=,+@%", c) != nullptr;
}

}  // namespace

std::string ShellQuote(const std::string& text) {
  const bool is_plain = !text.empty() && text.find('\0') == std::string::npos &&
                        std::all_of(text.begin(), text.end(), NeedsNoQuotes);
  if (is_plain) return text;
  std::string quoted(1, '\'');
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  quoted += '\'';
  return quoted;
}

std::string MpirunLine::ToString() const {
  std::string text;
  for (const auto& [name, value] : variables) text += name + "=" + ShellQuote(value) + " ";
  for (const std::string& argument : arguments) {
    if (&argument != &arguments.front()) text += ' ';
    text += ShellQuote(argument);
  }
  return text;
}

MpirunLine BuildMpirunLine(const MpirunRequest& request) {
  MpirunLine line;
  if (request.as_root) {
    line.variables = {{"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}};
  }
  auto& arguments = line.arguments;
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  const auto add_parameter = [&](const std::string& name, const std::string& value) {
    add({"--mca", name, value});
  };

  add({request.mpirun});
  if (!request.verbose) add({"--quiet"});
  add({"-n", std::to_string(request.ranks)});
  std::int64_t slots = 0;
  std::string names;
  for (const Host& host : request.hosts) {
    slots += host.slots;
    names += fmt::format("{}{}:{}", names.empty() ? "" : ",", host.name, host.slots);
  }
  if (!request.hosts.empty()) add({"--host", names});
  // Open MPI counts cores, not threads, as slots of this host, so what it would accept is unsure;
  // as nothing is bound, the flag changes nothing where there are enough.
  if (request.hosts.empty() || request.ranks > slots) add({"--oversubscribe"});
  add({"--bind-to", "none"});
  add_parameter("mpi_yield_when_idle", "1");
  if (request.hosts.empty()) {
    add_parameter("btl_tcp_if_include", "lo");
    add_parameter("oob_tcp_if_include", "lo");
  }
  for (const std::string& name : request.exported) add({"-x", name});
  arguments.insert(arguments.end(), request.command.begin(), request.command.end());
  return line;
}

}  // namespace braid
