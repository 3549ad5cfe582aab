#include "models/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <limits>
#include <string>
#include <utility>

namespace braid {
namespace {

PCRE2_SPTR Subject(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string DescribeError(int error) {
  std::array<char, 256> message{};
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message.data()), message.size());
  return message.data();
}

}  // namespace

struct Regex::Code {
  pcre2_code* handle = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(handle); }
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&& other) noexcept = default;
Regex& Regex::operator=(Regex&& other) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::Compile(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE error_offset = 0;
  auto code = std::make_unique<Code>();
  code->handle = pcre2_compile(Subject(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                               &error_offset, nullptr);
  if (code->handle == nullptr) {
    return InvalidArgument("regular expression '" + std::string(pattern) + "' fails at character " +
                           std::to_string(error_offset) + ": " + DescribeError(error));
  }
  // Where there is no JIT the interpreter does the same, more slowly.
  static_cast<void>(pcre2_jit_compile(code->handle, PCRE2_JIT_COMPLETE));
  return Regex(std::move(code));
}

struct Regex::Matcher::State {
  const pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

Regex::Matcher::Matcher(const Regex& regex) : state_(std::make_unique<State>()) {
  state_->code = regex.code_->handle;
  state_->data = pcre2_match_data_create_from_pattern(state_->code, nullptr);
  state_->context = pcre2_match_context_create(nullptr);
  // The default limit on backtracking would refuse a text of ten million spaces; our patterns
  // step back over a run of characters at most once.
  if (state_->context != nullptr) {
    pcre2_set_match_limit(state_->context, std::numeric_limits<std::uint32_t>::max());
  }
}

Regex::Matcher::Matcher(Matcher&& other) noexcept = default;
Regex::Matcher& Regex::Matcher::operator=(Matcher&& other) noexcept = default;
Regex::Matcher::~Matcher() = default;

std::optional<Regex::Match> Regex::Matcher::Find(std::string_view text, std::size_t from) const {
  if (state_->data == nullptr) return std::nullopt;
  constexpr std::uint32_t kOptions = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
  const auto match = [&](std::uint32_t options) {
    return pcre2_match(state_->code, Subject(text), text.size(), from, options, state_->data,
                       state_->context);
  };
  int num_groups = match(kOptions);
  // Machine code has a small stack of its own; the interpreter keeps its state on the heap.
  if (num_groups == PCRE2_ERROR_JIT_STACKLIMIT) num_groups = match(kOptions | PCRE2_NO_JIT);
  if (num_groups < 0) return std::nullopt;
  const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(state_->data);
  return Match{bounds[0], bounds[1]};
}

}  // namespace braid
