#include "base/status.h"

#include <cstdio>
#include <cstdlib>

namespace braid {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kInvalidArgument:
      return "InvalidArgument";
    case StatusCode::kFailedPrecondition:
      return "FailedPrecondition";
    case StatusCode::kNotFound:
      return "NotFound";
    case StatusCode::kOutOfMemory:
      return "OutOfMemory";
    case StatusCode::kUnavailable:
      return "Unavailable";
    case StatusCode::kDeadlineExceeded:
      return "DeadlineExceeded";
    case StatusCode::kAborted:
      return "Aborted";
    case StatusCode::kInternal:
      return "Internal";
  }
  return "Unknown";
}

Status::Status(StatusCode code, std::string message, std::source_location where)
    : detail_(code == StatusCode::kOk
                  ? nullptr
                  : std::make_unique<Detail>(Detail{code, std::move(message), where})) {}

Status::Status(const Status& other)
    : detail_(other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) detail_ = other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr;
  return *this;
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return ok() ? kEmpty : detail_->message;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(StatusCodeName(detail_->code)) + ": " + detail_->message;
}

std::string Status::origin() const {
  if (ok()) return "";
  std::string_view file = detail_->where.file_name();
  const auto slash = file.rfind('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file) + ":" + std::to_string(detail_->where.line());
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return Status(detail_->code, std::string(context) + ": " + detail_->message, detail_->where);
}

bool Status::is_user_error() const {
  switch (code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kNotFound:
      return true;
    default:
      return false;
  }
}

Status InvalidArgument(std::string message, std::source_location where) {
  return Status(StatusCode::kInvalidArgument, std::move(message), where);
}
Status FailedPrecondition(std::string message, std::source_location where) {
  return Status(StatusCode::kFailedPrecondition, std::move(message), where);
}
Status NotFound(std::string message, std::source_location where) {
  return Status(StatusCode::kNotFound, std::move(message), where);
}
Status OutOfMemory(std::string message, std::source_location where) {
  return Status(StatusCode::kOutOfMemory, std::move(message), where);
}
Status Unavailable(std::string message, std::source_location where) {
  return Status(StatusCode::kUnavailable, std::move(message), where);
}
Status DeadlineExceeded(std::string message, std::source_location where) {
  return Status(StatusCode::kDeadlineExceeded, std::move(message), where);
}
Status Aborted(std::string message, std::source_location where) {
  return Status(StatusCode::kAborted, std::move(message), where);
}
Status Internal(std::string message, std::source_location where) {
  return Status(StatusCode::kInternal, std::move(message), where);
}

void CheckFailed(const char* expression, std::source_location where) {
  std::fprintf(stderr, "braid: broken invariant at %s:%u: %s (this is a bug; please report it)\n",
               where.file_name(), where.line(), expression);
  std::abort();
}

}  // namespace braid
