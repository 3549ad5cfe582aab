#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// What a workload is made of. Each kind reads the fields of WorkloadSpec named beside it, and
/// ValidateWorkloadSpec refuses others that are set.
enum class WorkloadKind : std::uint8_t {
  kNamed,      ///< `name`, `without_long`
  kTrace,      ///< `path`, `rate_scale`, `offset`
  kGenerated,  ///< `classes`
};

/// How generated requests arrive; the mean is `rate` a second.
enum class ArrivalKind : std::uint8_t {
  kDefault,     ///< what the named workload says; Poisson where it is generated
  kPoisson,     ///< exponential gaps
  kGamma,       ///< gamma-distributed gaps with coefficient of variation `cv`
  kStatic,      ///< equal gaps
  kBurst,       ///< all at time 0; `rate` is not used
  kLoongServe,  ///< Poisson, shifted to 0 and stretched so that request n lands exactly at n / rate
};

struct ArrivalSpec {
  ArrivalKind kind = ArrivalKind::kDefault;
  double cv = 1.0;  ///< of kGamma, 0.01 .. 100

  bool operator==(const ArrivalSpec&) const = default;
};

/// A distribution of lengths in tokens.
enum class LengthKind : std::uint8_t {
  kFixed,      ///< always `min`
  kUniform,    ///< every whole number min .. max alike
  kZipf,       ///< weight x^-alpha on the whole numbers min .. max
  kLogNormal,  ///< exp(normal(ln median, sigma)), drawn again until it is within min .. max
};

struct LengthSpec {
  LengthKind kind = LengthKind::kFixed;
  std::int64_t min = 1;  ///< the length of kFixed
  std::int64_t max = 1;  ///< not used by kFixed
  double alpha = 1.0;    ///< of kZipf, 0 .. 20
  double median = 1.0;   ///< of kLogNormal, before the cut at min and max
  double sigma = 1.0;    ///< of kLogNormal, 0 .. 20

  bool operator==(const LengthSpec&) const = default;
};

/// One kind of requests in a mixture, drawn in proportion to its weight.
struct TrafficClass {
  double weight = 1.0;
  LengthSpec prompt = {};
  LengthSpec output = {};

  bool operator==(const TrafficClass&) const = default;
};

/// Which requests arrive when, as a user states it: plain data with the defaults in one place.
/// Thread: a value.
struct WorkloadSpec {
  WorkloadKind kind = WorkloadKind::kNamed;
  std::string name = "sharegpt";  ///< one of WorkloadNames()
  std::string path;  ///< of a trace: Azure CSV or Mooncake JSONL, told by its first line
  std::vector<TrafficClass> classes;  ///< at least one for kGenerated
  ArrivalSpec arrivals;               ///< traces have their own

  /// Requests a second, mean. 0: a trace as it was recorded, a generator at 1.
  double rate = 0;
  /// Plays a trace this many times as fast as it was recorded; not together with `rate`.
  double rate_scale = 1;
  /// 0: all that a trace has, 2,000 of a generator.
  std::int64_t num_requests = 0;
  /// Requests of a trace to leave out at its start; the next one arrives at 0.
  std::int64_t offset = 0;
  std::uint64_t seed = 0;

  /// Planners may know each output length: max_output_tokens is the true one.
  bool oracle = false;
  /// What the user allows; longer outputs end there. 0: the output length under `oracle`, else
  /// 2,048 or the next multiple of it that holds the output.
  std::int64_t max_output_tokens = 0;
  /// "short-beside-long" without its long prompts; the short ones keep ids, arrivals and lengths.
  bool without_long = false;

  bool operator==(const WorkloadSpec&) const = default;
};

/// No prompt or output is longer, in traces and specs alike.
inline constexpr std::int64_t kMaxRequestTokens = 10'000'000;
inline constexpr std::int64_t kMaxRequests = 1'000'000'000;
inline constexpr double kMaxRequestRate = 1e6;  ///< a second
inline constexpr double kMinRequestRate = 1e-6;
inline constexpr std::int64_t kDefaultGeneratedRequests = 2'000;
inline constexpr std::int64_t kDefaultOutputCap = 2'048;

/// "sharegpt", "l-eval", "lv-eval", "mixed", "zipf-1.0", "zipf-1.2", "zipf-1.4",
/// "short-beside-long".
std::vector<std::string> WorkloadNames();

/// Errors: InvalidArgument with all violations in one message, each with field, value and range.
Status ValidateWorkloadSpec(const WorkloadSpec& spec);

}  // namespace braid
