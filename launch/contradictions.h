#pragma once

#include "base/status.h"
#include "launch/option_table.h"

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Collects what is wrong between options, so that a user mends it all at once; each names the
/// options as they were given and where.
class Contradictions {
 public:
  /// `table` is borrowed.
  explicit Contradictions(const OptionTable& table) : table_(table) {}

  /// To another value than its default; a file that --print-config wrote sets all.
  bool IsSet(std::string_view option) const;
  /// IsSet, or stated by a flag, be it with the default value.
  bool IsStated(std::string_view option) const;
  /// "--rate" or "workload.rate", as it was set.
  std::string NameOf(std::string_view option) const;
  /// "file:line: " where one of `options` was set in a file, else empty.
  std::string PlaceOf(std::initializer_list<std::string_view> options) const;

  /// `message` stands behind the place of `options`.
  void Add(std::initializer_list<std::string_view> options, std::string_view message);
  /// Complains where both are set; `advice` says what to do.
  void RefuseBoth(std::string_view one, std::string_view other, std::string_view advice);

  bool empty() const { return text_.empty(); }
  Status ToStatus() const { return empty() ? Status() : InvalidArgument(text_); }

 private:
  const Option& Get(std::string_view option) const;

  const OptionTable& table_;
  std::string text_;
};

}  // namespace braid
