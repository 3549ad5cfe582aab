#include "planner/sim/report/output_file.h"

#include "tests/planner/report/sample_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace braid {
namespace {

using testing::HasSubstr;

TEST(OutputFile, WritesWhatItWasGivenInPlaceOfWhatWasThere) {
  const std::string path = TempPath("text");
  ASSERT_TRUE(WriteOutputFile(path, "something longer that was there").ok());
  ASSERT_TRUE(WriteOutputFile(path, "new").ok());
  EXPECT_EQ(ContentOf(path), "new");
  std::filesystem::remove(path);
}

TEST(OutputFile, SaysWhichFileCannotBeOpenedAndWhy) {
  const Status status = WriteOutputFile("/nonexistent/out.csv", "text");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "cannot write /nonexistent/out.csv: No such file or directory");
}

TEST(OutputFile, AFullDiskGivesOneMessageHoweverMuchIsWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  auto file = OutputFile::Make("/dev/full");
  ASSERT_TRUE(file.ok());
  const std::string block(100'000, 'x');
  for (int i = 0; i < 10; ++i) file->Write(block);
  EXPECT_EQ(file->Close().message(), "cannot write /dev/full: No space left on device");
  EXPECT_EQ(file->Close().message(), "cannot write /dev/full: No space left on device");
}

TEST(OutputFile, AFullDiskIsNoticedWhereOnlyClosingWrites) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  EXPECT_THAT(WriteOutputFile("/dev/full", "a few bytes").message(), HasSubstr("No space left"));
}

}  // namespace
}  // namespace braid
