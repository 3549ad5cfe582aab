#include "planner/cost/calibration.h"

#include "planner/cost/builtin_models.h"
#include "planner/cost/single_strand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <vector>

namespace braid {
namespace {

using ::testing::HasSubstr;
using What = CalibrationPoint::What;

Profile Builtin(std::string_view name) {
  Result<Profile> profile = BuiltinProfile(name);
  EXPECT_TRUE(profile.ok()) << profile.error().message();
  return std::move(*profile);
}

/// What a step takes at given rates.
double NsAt(const Profile& profile, const CalibrationPoint& point, const Rates& rates) {
  const Result<ModelSpec> model = BuiltinModel(point.model);
  const Result<WorkTemplate> work =
      StepWork(profile, PrecisionOf(profile), *model, point.tensor_size, SignatureOf(point));
  EXPECT_TRUE(work.ok());
  return static_cast<double>(
      SingleStrand(PriceTemplate(*work, rates, profile.step_overhead_ns.value))
          .TotalNs(SizesOf(point)));
}

std::vector<CalibrationPoint> Grid(std::string_view model) {
  std::vector<CalibrationPoint> points;
  for (const What what : {What::kPrefill, What::kDecode}) {
    for (const std::int32_t tp : {1, 2, 4}) {
      for (const std::int32_t degree : {1, 2, 4}) {
        for (const std::int32_t length : {100, 5000, 100'000}) {
          CalibrationPoint point;
          point.model = model;
          point.what = what;
          point.tensor_size = tp;
          point.degree = degree;
          point.batch = length < 10'000 ? 16 : 2;
          point.length = length;
          point.fit = true;
          point.source = "made for a test";
          points.push_back(point);
        }
      }
    }
  }
  return points;
}

/// A profile whose points were measured on a device with `truth` for rates.
Profile Measured(const Rates& truth, std::string_view model) {
  Profile profile = Builtin("a800-80gb");
  profile.points = Grid(model);
  for (CalibrationPoint& point : profile.points) point.ns = NsAt(profile, point, truth);
  return profile;
}

Rates SlowerThanStated(const Profile& profile) {
  Rates truth = *RooflineRates(profile, PrecisionOf(profile));
  for (double& ns : truth.ns) ns *= 1.3;
  truth[Rate::kAttentionFlop] *= 1.2;
  truth[Rate::kPeerByte] *= 2;
  return truth;
}

TEST(Calibrate, FindsTheRatesThatMadeThePoints) {
  const Profile stated = Builtin("a800-80gb");
  const Rates truth = SlowerThanStated(stated);
  const Profile profile = Measured(truth, "lwm-7b");
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok()) << found.error().message();
  for (const JudgedPoint& judged : found->points) {
    EXPECT_LT(std::abs(judged.relative_error()), 0.01);
  }
  for (const Rate rate : {Rate::kMatMulFlop, Rate::kAttentionFlop, Rate::kMemoryByte, Rate::kKvByte,
                          Rate::kAllReduceByte, Rate::kPeerByte}) {
    EXPECT_NEAR(found->rates[rate] / truth[rate], 1, 0.05) << RateName(rate);
  }
}

TEST(Calibrate, CarriesWhatOneModelTaughtOverToOthers) {
  const Profile stated = Builtin("a800-80gb");
  const Rates truth = SlowerThanStated(stated);
  const Profile profile = Measured(truth, "lwm-7b");
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok()) << found.error().message();
  for (const CalibrationPoint& point : Grid("llama-3-8b")) {
    EXPECT_NEAR(NsAt(profile, point, found->rates) / NsAt(profile, point, truth), 1, 0.03);
  }
}

TEST(Calibrate, StaysAtTheStatedEfficienciesWithoutPoints) {
  Profile profile = Builtin("h100-80gb");
  ASSERT_TRUE(profile.points.empty());
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->rates.ns, RooflineRates(profile, PrecisionOf(profile))->ns);
}

TEST(Calibrate, LeavesRatesThatNoPointTouchesWhereTheyWere) {
  Profile profile = Builtin("a800-80gb");
  std::erase_if(profile.points, [](const CalibrationPoint& point) {
    return point.tensor_size > 1 || point.degree > 1;
  });
  ASSERT_FALSE(profile.points.empty());
  const Rates stated = *RooflineRates(profile, PrecisionOf(profile));
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok());
  for (const Rate rate : {Rate::kAllReduceByte, Rate::kPeerByte, Rate::kRingStep}) {
    EXPECT_NEAR(found->rates[rate] / stated[rate], 1, 1e-6) << RateName(rate);
  }
}

TEST(Calibrate, NeverGoesFasterThanTheDevicesPeak) {
  Profile profile = Builtin("a800-80gb");
  // So fast that products alone would exceed the peak.
  for (CalibrationPoint& point : profile.points) point.ns *= 0.72;
  const Rates peak = *PeakRates(profile, PrecisionOf(profile));
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok()) << found.error().message();
  for (std::size_t j = 0; j < kNumRates; ++j) EXPECT_GE(found->rates.ns[j], peak.ns[j]);
}

TEST(Calibrate, RefusesPointsThatContradictEachOther) {
  Profile profile = Builtin("a800-80gb");
  CalibrationPoint slow = profile.points.front();
  slow.fit = true;
  slow.ns *= 50;
  profile.points.push_back(slow);
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(found.error().message(), HasSubstr("contradict"));
}

TEST(Calibrate, RefusesAPointWhoseModelCannotBeCutSo) {
  Profile profile = Builtin("a800-80gb");
  profile.points.front().tensor_size = 64;
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(found.error().message(), HasSubstr("tp 64"));
}

TEST(Calibrate, AsksForTheArithmeticThatThePrecisionNeeds) {
  const Profile profile = Builtin("cpu-avx512");
  const Result<Calibration> found = Calibrate(profile, Precision{});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(found.error().message(), HasSubstr("flops_f16"));
}

TEST(Calibrate, ExplainsTheCpusOwnFigures) {
  const Profile profile = Builtin("cpu-avx512");
  const Result<Calibration> found = Calibrate(profile, PrecisionOf(profile));
  ASSERT_TRUE(found.ok()) << found.error().message();
  for (const JudgedPoint& judged : found->points) {
    EXPECT_LT(std::abs(judged.relative_error()), 0.10);
  }
}

}  // namespace
}  // namespace braid
