#include "planner/sim/workload/trace_row.h"
#include "planner/sim/workload/workload_spec.h"

#include <array>
#include <charconv>

namespace braid {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// Takes exactly `count` digits off the front of `text`.
bool TakeDigits(std::string_view& text, std::size_t count, std::int64_t& value) {
  if (text.size() < count) return false;
  value = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool TakeChar(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeFraction(std::string_view& text, std::int64_t& ns) {
  std::int64_t unit = kNsPerSecond;
  ns = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (unit == 1) return false;  // a tenth digit
    unit /= 10;
    ns += unit * (text[0] - '0');
    text.remove_prefix(1);
  }
  return unit < kNsPerSecond;
}

bool IsLeapYear(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

struct Date {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
};

bool IsDate(const Date& date) {
  constexpr std::array<std::int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.year < 1970 || date.year > 2199 || date.month < 1 || date.month > 12) return false;
  const bool leap_day = date.month == 2 && IsLeapYear(date.year);
  return date.day >= 1 &&
         date.day <= kDays[static_cast<std::size_t>(date.month - 1)] + (leap_day ? 1 : 0);
}

// Days since 1970-01-01. Years are counted from March, so that a leap day ends its year; the
// months from March then begin at (153 m + 2) / 5 days.
std::int64_t DaysSince1970(const Date& date) {
  const std::int64_t year = date.month > 2 ? date.year : date.year - 1;
  const std::int64_t month = (date.month + 9) % 12;
  const std::int64_t leap_days = year / 4 - year / 100 + year / 400;
  constexpr std::int64_t kDaysUntil1970 = 719'468;  // from the March of year 0
  return year * 365 + leap_days + (153 * month + 2) / 5 + date.day - 1 - kDaysUntil1970;
}

bool ParseTime(std::string_view text, std::int64_t& time_ns) {
  Date date;
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t fraction_ns = 0;
  if (!TakeDigits(text, 4, date.year) || !TakeChar(text, '-') || !TakeDigits(text, 2, date.month) ||
      !TakeChar(text, '-') || !TakeDigits(text, 2, date.day) || !TakeChar(text, ' ') ||
      !TakeDigits(text, 2, hour) || !TakeChar(text, ':') || !TakeDigits(text, 2, minute) ||
      !TakeChar(text, ':') || !TakeDigits(text, 2, second)) {
    return false;
  }
  if (!IsDate(date) || hour > 23 || minute > 59 || second > 59) return false;
  if (TakeChar(text, '.') && !TakeFraction(text, fraction_ns)) return false;
  if (!text.empty() && text != "+00:00") return false;
  const std::int64_t seconds = ((DaysSince1970(date) * 24 + hour) * 60 + minute) * 60 + second;
  time_ns = seconds * kNsPerSecond + fraction_ns;
  return true;
}

bool ParseLength(std::string_view text, std::int64_t& tokens) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tokens);
  return error == std::errc() && end == text.data() + text.size() && tokens >= 1 &&
         tokens <= kMaxRequestTokens;
}

}  // namespace

Status ParseAzureRow(std::string_view line, TraceRow& row) {
  const std::size_t first = line.find(',');
  const std::size_t second = first == line.npos ? first : line.find(',', first + 1);
  if (second == line.npos || line.find(',', second + 1) != line.npos) {
    return InvalidArgument("found " + QuotedTraceText(line) + ", but a line has three fields, " +
                           std::string(kAzureHeader) + "; correct or remove the line");
  }
  const std::string_view time = line.substr(0, first);
  if (!ParseTime(time, row.time_ns)) {
    return InvalidArgument("TIMESTAMP is " + QuotedTraceText(time) +
                           ", but a time is written YYYY-MM-DD hh:mm:ss, with up to 9 digits of "
                           "fraction and +00:00 or nothing after it; correct or remove the line");
  }
  const std::string_view prompt = line.substr(first + 1, second - first - 1);
  if (!ParseLength(prompt, row.prompt_tokens)) return BadTraceLength("ContextTokens", prompt);
  const std::string_view output = line.substr(second + 1);
  if (!ParseLength(output, row.output_tokens)) return BadTraceLength("GeneratedTokens", output);
  return {};
}

}  // namespace braid
