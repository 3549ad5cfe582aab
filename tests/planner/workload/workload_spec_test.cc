#include "planner/sim/workload/workload_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace braid {
namespace {

using testing::HasSubstr;

WorkloadSpec Generated() {
  WorkloadSpec spec;
  spec.kind = WorkloadKind::kGenerated;
  spec.classes = {{.prompt = {.min = 100}, .output = {.min = 10}}};
  return spec;
}

std::string MessageFor(const WorkloadSpec& spec) {
  const Status status = ValidateWorkloadSpec(spec);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  return status.message();
}

TEST(ValidateWorkloadSpec, AcceptsEveryNamedWorkload) {
  for (const std::string& name : WorkloadNames()) {
    WorkloadSpec spec;
    spec.name = name;
    EXPECT_TRUE(ValidateWorkloadSpec(spec).ok()) << name;
  }
  EXPECT_EQ(WorkloadNames().size(), 8U);
}

TEST(ValidateWorkloadSpec, AcceptsGeneratedAndTraceWorkloads) {
  EXPECT_TRUE(ValidateWorkloadSpec(Generated()).ok());
  WorkloadSpec trace;
  trace.kind = WorkloadKind::kTrace;
  trace.path = "a.csv";
  trace.rate = 3;
  trace.offset = 5;
  EXPECT_TRUE(ValidateWorkloadSpec(trace).ok());
}

TEST(ValidateWorkloadSpec, ListsTheNamesWhenOneIsUnknown) {
  WorkloadSpec spec;
  spec.name = "sharegtp";
  EXPECT_THAT(MessageFor(spec), HasSubstr("no workload 'sharegtp', but sharegpt, l-eval"));
}

TEST(ValidateWorkloadSpec, NamesFieldValueAndRange) {
  WorkloadSpec spec = Generated();
  spec.classes[0].prompt.min = 0;
  EXPECT_THAT(MessageFor(spec), HasSubstr("classes[0].prompt.min is 0, but may be 1 .. 10000000"));
  spec = Generated();
  spec.classes[0].output = {.kind = LengthKind::kUniform, .min = 9, .max = 8};
  EXPECT_THAT(MessageFor(spec), HasSubstr("classes[0].output.max is 8, below its min of 9"));
  spec = Generated();
  spec.arrivals = {.kind = ArrivalKind::kGamma, .cv = 0};
  EXPECT_THAT(MessageFor(spec), HasSubstr("arrivals.cv is 0, but may be 0.01 .. 100"));
}

TEST(ValidateWorkloadSpec, ReportsAllViolationsTogether) {
  WorkloadSpec spec = Generated();
  spec.rate = -1;
  spec.num_requests = -5;
  spec.classes[0].weight = std::numeric_limits<double>::quiet_NaN();
  const std::string message = MessageFor(spec);
  EXPECT_THAT(message, HasSubstr("rate is -1"));
  EXPECT_THAT(message, HasSubstr("num_requests is -5"));
  EXPECT_THAT(message, HasSubstr("classes[0].weight is nan"));
}

TEST(ValidateWorkloadSpec, RefusesFieldsThatItsKindWouldIgnore) {
  WorkloadSpec spec;
  spec.path = "trace.csv";
  spec.offset = 3;
  EXPECT_THAT(MessageFor(spec), HasSubstr("path is set, but only traces read it"));
  EXPECT_THAT(MessageFor(spec), HasSubstr("offset is set, but only traces read it"));
  spec = WorkloadSpec();
  spec.without_long = true;
  EXPECT_THAT(MessageFor(spec), HasSubstr("without_long has no meaning for 'sharegpt'"));
  spec = WorkloadSpec();
  spec.kind = WorkloadKind::kTrace;
  spec.arrivals.kind = ArrivalKind::kPoisson;
  EXPECT_THAT(MessageFor(spec), HasSubstr("a trace has its own"));
  EXPECT_THAT(MessageFor(spec), HasSubstr("path is empty"));
}

TEST(ValidateWorkloadSpec, RefusesTwoWaysToScaleARate) {
  WorkloadSpec spec;
  spec.kind = WorkloadKind::kTrace;
  spec.path = "trace.csv";
  spec.rate = 2;
  spec.rate_scale = 2;
  EXPECT_THAT(MessageFor(spec), HasSubstr("rate and rate_scale are both set"));
}

TEST(ValidateWorkloadSpec, RefusesMixturesThatDrawNothing) {
  WorkloadSpec spec = Generated();
  spec.classes[0].weight = 0;
  EXPECT_THAT(MessageFor(spec), HasSubstr("the weights of all classes are 0"));
  spec.classes.clear();
  EXPECT_THAT(MessageFor(spec), HasSubstr("classes is empty"));
}

TEST(ValidateWorkloadSpec, RefusesRunsLongerThanTheClock) {
  WorkloadSpec spec;
  spec.num_requests = kMaxRequests;
  spec.rate = kMinRequestRate;
  EXPECT_THAT(MessageFor(spec), HasSubstr("num_requests / rate"));
}

}  // namespace
}  // namespace braid
