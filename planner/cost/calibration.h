#pragma once

#include "base/status.h"
#include "plan/model_spec.h"
#include "planner/cost/profile.h"
#include "planner/cost/rates.h"
#include "planner/cost/step_signature.h"
#include "planner/cost/task_work.h"

#include <string_view>
#include <vector>

namespace braid {

/// What a measured step takes by the model.
struct JudgedPoint {
  CalibrationPoint point;
  double predicted_ns = 0;

  double relative_error() const { return predicted_ns / point.ns - 1; }
};

/// Rates after a look at the measured steps.
struct Calibration {
  Rates rates;
  std::vector<JudgedPoint> points;  ///< all of the profile, those that the fit did not see included
};

/// Those of `what` whose source mentions `source_part`; for tables of one publication.
std::vector<JudgedPoint> JudgedBySource(const Calibration& calibration, CalibrationPoint::What what,
                                        std::string_view source_part);

/// The rates that explain the profile's points best: weighted non-negative least squares on
/// relative errors, where no rate goes below what the device's peak allows, and rates that the
/// points say nothing about stay at the profile's efficiencies. Without points: those efficiencies.
/// Cost: milliseconds.
/// Errors: FailedPrecondition where a point cannot be (its model does not fit so many devices) or
/// where the points contradict each other: one of those fitted stays more than 50 % off.
Result<Calibration> Calibrate(const Profile& profile, const Precision& precision);

/// What a step of the given kind is made of.
/// Errors: InvalidArgument where the model cannot be cut into `tensor_size` shards.
Result<WorkTemplate> StepWork(const Profile& profile, const Precision& precision,
                              const ModelSpec& model, std::int32_t tensor_size,
                              const StepSignature& signature);

/// The step that a point measured: a balanced ring, or a decode with one master.
StepSignature SignatureOf(const CalibrationPoint& point);
StepSizes SizesOf(const CalibrationPoint& point);

/// Sizes of a prefill of `batch` whole prompts of `length` tokens, each dealt out over a ring.
StepSizes PrefillSizes(std::int32_t degree, std::int64_t batch, std::int64_t length);

}  // namespace braid
