#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace braid {

/// The kinds of failure a caller can tell apart. `InvalidArgument`, `FailedPrecondition` and
/// `NotFound` are the user's to mend (exit code 2); the others are the machine's or ours.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument,
  kFailedPrecondition,
  kNotFound,
  kOutOfMemory,
  kUnavailable,
  kDeadlineExceeded,
  kAborted,
  kInternal,
};

std::string_view StatusCodeName(StatusCode code);

/// Success, or an error with a code, one message for a person (what, with which values, what to do)
/// and the place in the source that raised it. One word when OK.
/// Thread: a value; copy it freely between threads.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message,
         std::source_location where = std::source_location::current());
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const { return detail_ == nullptr; }
  StatusCode code() const { return ok() ? StatusCode::kOk : detail_->code; }
  const std::string& message() const;
  /// "InvalidArgument: message", or "OK".
  std::string ToString() const;
  /// "file.cc:12" of the line that raised the error, for logs; empty when OK.
  std::string origin() const;
  /// The same error with `context` and ": " before its message. OK stays OK.
  Status WithContext(std::string_view context) const;
  /// True where the user's input, not the machine or the program, is at fault.
  bool is_user_error() const;

 private:
  struct Detail {
    StatusCode code;
    std::string message;
    std::source_location where;
  };
  std::unique_ptr<Detail> detail_;
};

Status InvalidArgument(std::string message,
                       std::source_location where = std::source_location::current());
Status FailedPrecondition(std::string message,
                          std::source_location where = std::source_location::current());
Status NotFound(std::string message, std::source_location where = std::source_location::current());
Status OutOfMemory(std::string message,
                   std::source_location where = std::source_location::current());
Status Unavailable(std::string message,
                   std::source_location where = std::source_location::current());
Status DeadlineExceeded(std::string message,
                        std::source_location where = std::source_location::current());
Status Aborted(std::string message, std::source_location where = std::source_location::current());
Status Internal(std::string message, std::source_location where = std::source_location::current());

/// A value, or the Status that says why there is none. Named after std::expected, which replaces
/// it the day the project moves to C++23.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): as std::expected
  Result(Status error)
      : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): as std::expected

  bool has_value() const { return value_.has_value(); }
  bool ok() const { return value_.has_value(); }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  const Status& error() const { return error_; }
  const Status& status() const { return error_; }

 private:
  std::optional<T> value_;
  Status error_;
};

[[noreturn]] void CheckFailed(const char* expression, std::source_location where);

}  // namespace braid

/// Ends the process when an invariant of ours is broken. Never for anything a user can cause.
#define BRAID_CHECK(condition)  \
  (static_cast<bool>(condition) \
       ? void(0)                \
       : ::braid::CheckFailed(#condition, std::source_location::current()))

#define RETURN_IF_ERROR(expression)         \
  do {                                      \
    ::braid::Status status_ = (expression); \
    if (!status_.ok()) return status_;      \
  } while (false)

#define BRAID_CONCAT_INNER(a, b) a##b
#define BRAID_CONCAT(a, b) BRAID_CONCAT_INNER(a, b)
#define ASSIGN_OR_RETURN(declaration, expression)                                            \
  auto BRAID_CONCAT(result_, __LINE__) = (expression);                                       \
  if (!BRAID_CONCAT(result_, __LINE__).ok()) return BRAID_CONCAT(result_, __LINE__).error(); \
  declaration = std::move(BRAID_CONCAT(result_, __LINE__)).value()
