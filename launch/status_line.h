#pragma once

#include "launch/command.h"

#include <string>

namespace braid {

/// One line that says what is going on, replaced and at last wiped; nothing where standard error is
/// not a terminal.
class StatusLine {
 public:
  explicit StatusLine(CommandContext& context) : context_(context) {}
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { Clear(); }

  void Show(const std::string& text);
  void Clear();

 private:
  CommandContext& context_;
  bool shown_ = false;
};

}  // namespace braid
