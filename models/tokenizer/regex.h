#pragma once

#include "base/status.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace braid {

/// A compiled regular expression over UTF-8 (PCRE2, translated to machine code where the platform
/// can do that).
/// Thread: const; any thread, each with a Matcher of its own.
class Regex {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
  };

  /// Errors: InvalidArgument where `pattern` is no regular expression.
  static Result<Regex> Compile(std::string_view pattern);

  Regex(Regex&& other) noexcept;
  Regex& operator=(Regex&& other) noexcept;
  ~Regex();

  /// Finds matches, with the memory that this takes. It borrows the Regex.
  /// Thread: one thread at a time.
  class Matcher {
   public:
    explicit Matcher(const Regex& regex);
    Matcher(Matcher&& other) noexcept;
    Matcher& operator=(Matcher&& other) noexcept;
    ~Matcher();

    /// The first match that is not empty and begins at or behind `from`. `text` must be valid
    /// UTF-8 and `from` the start of a character; look-ahead ends at the end of `text`. None also
    /// where memory runs out.
    std::optional<Match> Find(std::string_view text, std::size_t from) const;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace braid
