#include "launch/status_line.h"

#include <ostream>

namespace braid {

void StatusLine::Show(const std::string& text) {
  if (!context_.err_is_terminal) return;
  // Carriage return, then "erase to the end of the line".
  context_.err << "\r\x1b[K" << text << " ..." << std::flush;
  shown_ = true;
}

void StatusLine::Clear() {
  if (!shown_) return;
  context_.err << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace braid
