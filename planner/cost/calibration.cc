#include "planner/cost/calibration.h"

#include "planner/cost/builtin_models.h"
#include "planner/cost/nnls.h"
#include "planner/cost/single_strand.h"
#include "planner/cost/step_template.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace braid {
namespace {

// A rate that is off by all of its prior counts as much as a point that is off by 2 %: enough to
// decide what the points leave open, too little to bend what they say.
constexpr double kPriorWeight = 0.02;
constexpr double kWorstResidual = 0.5;
// What counts (a floor or the terms above it, a message or what hides it) depends on the rates, and
// the rates on it: a few rounds settle it.
constexpr int kRounds = 8;

struct FitPoint {
  const CalibrationPoint* point;
  WorkTemplate work;
  StepSizes sizes;
};

/// Where the fit starts and what one unit of its variables is: rate = least + unit x variable.
struct Scale {
  double least = 0;
  double unit = 1;
  double prior = 0;  ///< the variable at the profile's own rate
};

Scale ScaleOf(double least, double prior) {
  constexpr double kSomeNs = 1000;
  if (prior > least * (1 + 1e-9)) return {least, prior - least, 1};
  return {least, least > 0 ? least / 10 : kSomeNs, 0};
}

std::string Describe(const CalibrationPoint& point) {
  const bool decode = point.what == CalibrationPoint::What::kDecode;
  return point.model + (decode ? " decode" : " prefill") + " of " + std::to_string(point.batch) +
         " x " + std::to_string(point.length) + " tokens, degree " + std::to_string(point.degree) +
         ", tp " + std::to_string(point.tensor_size);
}

Result<FitPoint> Prepare(const Profile& profile, const Precision& precision,
                         const CalibrationPoint& point) {
  ASSIGN_OR_RETURN(const ModelSpec model, BuiltinModel(point.model));
  Result<WorkTemplate> work =
      StepWork(profile, precision, model, point.tensor_size, SignatureOf(point));
  if (!work.ok()) {
    return FailedPrecondition("the profile " + profile.name + " has a point that cannot be (" +
                              Describe(point) + "): " + work.error().message());
  }
  return FitPoint{&point, std::move(*work), SizesOf(point)};
}

double StepNs(const FitPoint& point, const Rates& rates, double overhead_ns) {
  const SingleStrand strand(PriceTemplate(point.work, rates, overhead_ns));
  return static_cast<double>(strand.TotalNs(point.sizes));
}

/// The best rates where what is hidden under something else, and which of floor and terms counts,
/// stays as it is at the rates `at`.
Rates FitOnce(const std::vector<FitPoint>& points, const std::array<Scale, kNumRates>& scales,
              const Rates& at, double overhead_ns) {
  DenseMatrix a(points.size() + kNumRates, kNumRates);
  std::vector<double> b(a.rows);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const StepAmounts amounts = AmountsOf(points[i].work, points[i].sizes, at);
    const double measured = points[i].point->ns;
    // The exact time is the sum of all tasks less what overlaps.
    double rest = measured - StepNs(points[i], at, overhead_ns);
    for (std::size_t j = 0; j < kNumRates; ++j) {
      rest += amounts.units[j] * at.ns[j];
      rest -= amounts.units[j] * scales[j].least;
      a.at(i, j) = amounts.units[j] * scales[j].unit / measured;
    }
    b[i] = rest / measured;
  }
  for (std::size_t j = 0; j < kNumRates; ++j) {
    a.at(points.size() + j, j) = kPriorWeight;
    b[points.size() + j] = kPriorWeight * scales[j].prior;
  }
  const std::vector<double> x = NonNegativeLeastSquares(a, b);
  Rates rates;
  for (std::size_t j = 0; j < kNumRates; ++j) {
    rates.ns[j] = scales[j].least + scales[j].unit * x[j];
  }
  return rates;
}

Result<JudgedPoint> Judge(const Profile& profile, const FitPoint& fitted, const Rates& rates) {
  const double predicted = StepNs(fitted, rates, profile.step_overhead_ns.value);
  JudgedPoint judged{*fitted.point, predicted};
  if (!fitted.point->fit || std::abs(judged.relative_error()) <= kWorstResidual) return judged;
  return FailedPrecondition(
      "the points of the profile " + profile.name + " contradict each other: the best fit takes " +
      std::to_string(predicted / 1e6) + " ms for " + Describe(*fitted.point) + ", which measured " +
      std::to_string(fitted.point->ns / 1e6) + " ms; mend or remove it");
}

}  // namespace

StepSignature SignatureOf(const CalibrationPoint& point) {
  const bool decode = point.what == CalibrationPoint::What::kDecode;
  // Measured with LoongServe's released code wherever a group has several instances.
  return {.degree = point.degree,
          .prefill = !decode,
          .decode = decode,
          .exchange_in_turn = point.degree > 1};
}

StepSizes PrefillSizes(std::int32_t degree, std::int64_t batch, std::int64_t length) {
  const auto share = [&](std::int64_t all) { return (all + degree - 1) / degree; };
  StepSizes sizes;
  sizes[Size::kSampledRows] = batch;
  sizes[Size::kRows] = share(batch * length);
  sizes[Size::kPrefillPairs] = share(batch * length * length);
  sizes[Size::kRingTokens] = share(batch * length);
  return sizes;
}

StepSizes SizesOf(const CalibrationPoint& point) {
  const std::int64_t batch = point.batch;
  if (point.what == CalibrationPoint::What::kPrefill) {
    return PrefillSizes(point.degree, batch, point.length);
  }
  const std::int64_t rows = (batch + point.masters - 1) / point.masters;
  StepSizes sizes;
  sizes[Size::kSampledRows] = rows;
  sizes[Size::kRows] = rows;
  sizes[Size::kDecodeContext] = (batch * point.length + point.degree - 1) / point.degree;
  if (point.degree > 1) sizes[Size::kQueryRows] = rows;
  return sizes;
}

Result<WorkTemplate> StepWork(const Profile& profile, const Precision& precision,
                              const ModelSpec& model, std::int32_t tensor_size,
                              const StepSignature& signature) {
  ASSIGN_OR_RETURN(const Template tmpl, TemplateOfStep(model, tensor_size, signature));
  WorkPlace place;
  place.precision = precision;
  place.tensor_size = tensor_size;
  place.degree = signature.degree;
  place.prefill = signature.prefill;
  place.tensor_latency_ns = profile.intra_node_latency_ns.value;
  place.ring_latency_ns = profile.intra_node_latency_ns.value;
  place.all_reduce_hop_ns = profile.all_reduce_hop_ns.value;
  if (signature.across_nodes) {
    // A ring crosses a node's links once, with the ranks of one instance. In an exchange among all,
    // with half of the group in each node, h of a rank's d - 1 messages cross, and h instances
    // share the links.
    const double one = profile.inter_node_bandwidth.value / tensor_size;
    const double intra = profile.intra_node_bandwidth.value;
    place.ring_latency_ns = profile.inter_node_latency_ns.value;
    place.ring_scale = std::max(1.0, intra / one);
    const double half = std::max(1.0, signature.degree / 2.0);
    const double peers = std::max(1, signature.degree - 1);
    place.exchange_scale = std::max(1.0, intra / one * half * half / peers);
  }
  return WorkTemplateOf(tmpl, place);
}

std::vector<JudgedPoint> JudgedBySource(const Calibration& calibration, CalibrationPoint::What what,
                                        std::string_view source_part) {
  std::vector<JudgedPoint> found;
  for (const JudgedPoint& judged : calibration.points) {
    if (judged.point.what == what && judged.point.source.find(source_part) != std::string::npos) {
      found.push_back(judged);
    }
  }
  return found;
}

Result<Calibration> Calibrate(const Profile& profile, const Precision& precision) {
  Calibration calibration;
  ASSIGN_OR_RETURN(calibration.rates, RooflineRates(profile, precision));
  ASSIGN_OR_RETURN(const Rates least, PeakRates(profile, precision));
  std::array<Scale, kNumRates> scales;
  for (std::size_t j = 0; j < kNumRates; ++j) {
    scales[j] = ScaleOf(least.ns[j], calibration.rates.ns[j]);
  }
  std::vector<FitPoint> all;
  std::vector<FitPoint> fitted;
  for (const CalibrationPoint& point : profile.points) {
    // Points were measured at the profile's own precision, whatever is planned with.
    ASSIGN_OR_RETURN(FitPoint prepared, Prepare(profile, PrecisionOf(profile), point));
    if (point.fit) fitted.push_back(prepared);
    all.push_back(std::move(prepared));
  }
  for (int round = 0; round < kRounds && !fitted.empty(); ++round) {
    calibration.rates = FitOnce(fitted, scales, calibration.rates, profile.step_overhead_ns.value);
  }
  for (const FitPoint& point : all) {
    ASSIGN_OR_RETURN(JudgedPoint judged, Judge(profile, point, calibration.rates));
    calibration.points.push_back(std::move(judged));
  }
  return calibration;
}

}  // namespace braid
