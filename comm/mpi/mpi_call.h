#pragma once

#include "base/status.h"

#include <mpi.h>

#include <string>

namespace braid {

/// MPI's own words for a return code of one of its functions.
inline std::string MpiWords(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  return std::string(text, static_cast<std::size_t>(length));
}

/// OK, or Internal with the name of the function that failed.
inline Status CheckMpi(int code, const char* function) {
  if (code == MPI_SUCCESS) return Status();
  return Internal(std::string(function) + " failed: " + MpiWords(code));
}

}  // namespace braid
