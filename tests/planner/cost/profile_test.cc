#include "planner/cost/profile.h"

#include "planner/cost/profile_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A whole small profile, one figure a line from line 3 on, in the order of kFigureKeys.
std::string Minimal() {
  std::string text = "name: small\nfigures:\n";
  for (const FigureKey& key : kFigureKeys) {
    text.append("  ").append(key.name).append(": {value: ");
    text.append(key.most <= 1 ? "0.5" : "2e6").append(", source: test}\n");
  }
  for (const std::string small :
       {"weight_bytes", "kv_bytes", "activation_bytes", "contention_matmul_network",
        "contention_attention_network", "contention_other_network", "contention_network_matmul",
        "contention_network_attention", "contention_network_other"}) {
    const std::size_t at = text.find("2e6", text.find(" " + small + ":"));
    text.erase(at + 1, 2);
  }
  return text;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.substr(0, at) + to + text.substr(at + from.size());
}

std::string Complaint(const std::string& text) {
  const Result<Profile> profile = ParseProfile(text, "p.yaml");
  EXPECT_FALSE(profile.ok());
  if (profile.ok()) return {};
  EXPECT_EQ(profile.error().code(), StatusCode::kInvalidArgument);
  return profile.error().message();
}

constexpr const char* kPoint =
    "points:\n"
    "  - {model: lwm-7b, what: decode, tp: 2, degree: 2, batch: 3, length: 4, ns: 5, fit: true,\n"
    "     source: somewhere}\n";

TEST(Profile, ReadsFiguresAndPoints) {
  const Result<Profile> profile = ParseProfile(Minimal() + kPoint, "p.yaml");
  ASSERT_TRUE(profile.ok()) << profile.error().message();
  EXPECT_EQ(profile->name, "small");
  EXPECT_EQ(profile->memory_bytes.value, 2e6);
  EXPECT_EQ(profile->memory_bytes.source, "test");
  ASSERT_EQ(profile->points.size(), 1U);
  const CalibrationPoint& point = profile->points[0];
  EXPECT_EQ(point.model, "lwm-7b");
  EXPECT_EQ(point.what, CalibrationPoint::What::kDecode);
  EXPECT_EQ(point.tensor_size, 2);
  EXPECT_EQ(point.degree, 2);
  EXPECT_EQ(point.batch, 3);
  EXPECT_EQ(point.length, 4);
  EXPECT_EQ(point.ns, 5);
  EXPECT_TRUE(point.fit);
  EXPECT_EQ(point.source, "somewhere");
}

TEST(Profile, BuiltInOnesAreWholeAndNameASourceForEveryFigure) {
  EXPECT_THAT(BuiltinProfileNames(),
              ElementsAre("a100-80gb", "a800-80gb", "cpu-avx512", "h100-80gb", "h200-141gb"));
  for (const std::string& name : BuiltinProfileNames()) {
    const Result<Profile> profile = BuiltinProfile(name);
    ASSERT_TRUE(profile.ok()) << profile.error().message();
    EXPECT_EQ(profile->name, name);
    for (const FigureKey& key : kFigureKeys) {
      const Figure& figure = *profile.*key.figure;
      EXPECT_TRUE(!key.required || figure.source.size() > 3) << name << " " << key.name;
    }
    for (const CalibrationPoint& point : profile->points) EXPECT_GT(point.source.size(), 3U);
  }
}

TEST(Profile, NamesThoseThatExistWhereOneDoesNot) {
  const Result<Profile> profile = FindProfile("b200");
  ASSERT_FALSE(profile.ok());
  EXPECT_EQ(profile.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(profile.error().message(), HasSubstr("a800-80gb"));
}

TEST(Profile, LoadsAFileByItsPath) {
  const std::string path = ::testing::TempDir() + "braid_profile_test.yaml";
  std::ofstream(path) << Minimal();
  const Result<Profile> profile = FindProfile(path);
  ASSERT_TRUE(profile.ok()) << profile.error().message();
  EXPECT_EQ(profile->name, "small");
  const Result<Profile> missing = FindProfile("/nowhere/p.yaml");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("/nowhere/p.yaml"));
}

TEST(Profile, ReportsAllThatIsWrongWithLineAndColumn) {
  std::string text = Minimal();
  text = Replaced(text, "  flops_f32: {value: 2e6", "  flops_f32: {value: fast");
  text = Replaced(text, "  flops_f16: {value: 2e6, source: test}", "  flops_f16: {value: 2e6}");
  text = Replaced(text, "  flops_int8:", "  flops_int4:");
  text += "colour: red\n";
  const std::string complaint = Complaint(text);
  EXPECT_THAT(complaint, HasSubstr("p.yaml:3:22: flops_f32 must be a number from"));
  EXPECT_THAT(complaint, HasSubstr("not 'fast'"));
  EXPECT_THAT(complaint, HasSubstr("p.yaml:4:14: flops_f16 has no source"));
  EXPECT_THAT(complaint, HasSubstr("p.yaml:5:3: unknown figure 'flops_int4'"));
  EXPECT_THAT(complaint, HasSubstr("unknown key 'colour'"));
  EXPECT_EQ(std::count(complaint.begin(), complaint.end(), '\n'), 3);
}

TEST(Profile, NamesAFigureThatIsMissingOrOutOfRange) {
  EXPECT_THAT(Complaint(Replaced(Minimal(), "  usable_memory: {value: 0.5, source: test}\n", "")),
              HasSubstr("the figure usable_memory is missing"));
  EXPECT_THAT(
      Complaint(Replaced(Minimal(), "usable_memory: {value: 0.5", "usable_memory: {value: 1.5")),
      HasSubstr("usable_memory must be a number from 0.01 to 1, not '1.5'"));
}

TEST(Profile, RefusesKeysThatStandTwice) {
  EXPECT_THAT(Complaint(Minimal() + "name: again\n"),
              HasSubstr("'name' stands here a second time"));
}

TEST(Profile, RefusesPointsThatCannotBe) {
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, "lwm-7b", "gpt-5")),
              HasSubstr("no built-in model 'gpt-5'"));
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, "tp: 2", "tp: 2.5")),
              HasSubstr("tp must be a whole number, not 2.5"));
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, "what: decode", "what: dance")),
              HasSubstr("what must be prefill or decode, not 'dance'"));
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, "degree: 2", "degree: 2, masters: 3")),
              HasSubstr("more masters than instances: 3 of 2"));
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, ", ns: 5", "")), HasSubstr("point has no ns"));
  EXPECT_THAT(Complaint(Minimal() + Replaced(kPoint, "fit: true", "fit: maybe")),
              HasSubstr("fit must be true or false"));
}

TEST(Profile, RefusesWhatIsNoProfileAtAll) {
  EXPECT_THAT(Complaint(""), HasSubstr("one YAML document"));
  EXPECT_THAT(Complaint("[1, 2]"), HasSubstr("p.yaml:1:1: a profile is a mapping"));
  EXPECT_THAT(Complaint("a: [1"), HasSubstr("not YAML"));
  EXPECT_THAT(Complaint("a: 1\n---\nb: 2\n"), HasSubstr("one YAML document"));
  EXPECT_THAT(Complaint(std::string(2'000'000, ' ')), HasSubstr("too many"));
  EXPECT_THAT(Complaint("name: x\nfigures: 3\npoints: 4\n"),
              HasSubstr("p.yaml:2:10: figures must"));
}

TEST(Profile, StopsListingAfterTwentyComplaints) {
  std::string text = Minimal();
  for (int i = 0; i < 30; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const std::string complaint = Complaint(text);
  EXPECT_THAT(complaint, HasSubstr("and 10 more"));
  EXPECT_THAT(complaint, Not(HasSubstr("key25")));
}

}  // namespace
}  // namespace braid
