#include "base/status.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("cannot halve " + std::to_string(value));
  return value / 2;
}

Result<int> Quarter(int value) {
  ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(Status, IsOkByDefaultAndSaysSo) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "OK");
  EXPECT_EQ(Status().message(), "");
}

TEST(Status, KeepsItsCodeAndGainsContext) {
  const Status status = NotFound("no file x").WithContext("rank 2");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "rank 2: no file x");
  EXPECT_EQ(status.ToString(), "NotFound: rank 2: no file x");
  EXPECT_TRUE(Status().WithContext("rank 2").ok());
}

TEST(Status, NamesTheFileThatRaisedIt) {
  EXPECT_TRUE(Internal("x").origin().starts_with("status_test.cc:"));
}

TEST(Status, TellsTheUsersFaultFromTheMachines) {
  EXPECT_TRUE(InvalidArgument("").is_user_error());
  EXPECT_TRUE(NotFound("").is_user_error());
  EXPECT_TRUE(FailedPrecondition("").is_user_error());
  EXPECT_FALSE(DeadlineExceeded("").is_user_error());
  EXPECT_FALSE(Status().is_user_error());
}

TEST(Status, SurvivesCopyAndSelfAssignment) {
  Status a = Aborted("first");
  const Status b = a;
  a = *&a;
  EXPECT_EQ(a.message(), "first");
  a = Status();
  EXPECT_TRUE(a.ok());
  EXPECT_EQ(b.message(), "first");
}

TEST(Result, PassesValuesAndErrorsOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().message(), "cannot halve 3");
  EXPECT_EQ(Quarter(5).error().message(), "cannot halve 5");
}

}  // namespace
}  // namespace braid
