#include "launch/option_table.h"

#include "launch/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace braid {
namespace {

Option IntegerOption(std::int64_t& field) {
  return {.name = "tp", .target = IntegerTarget{&field, 1, 64}, .value_name = "N", .help = "ranks"};
}

TEST(SetOption, StoresAValueAndWhereItCameFrom) {
  std::int64_t field = 1;
  Option option = IntegerOption(field);
  ASSERT_TRUE(SetOption(option, "4", {Origin::Kind::kFlag, "--tp"}).ok());
  EXPECT_EQ(field, 4);
  EXPECT_EQ(DescribeOrigin(option.origin), "flag --tp");
}

TEST(SetOption, SaysWhatIsAllowedAndKeepsTheOldValueWhenRefused) {
  for (const char* text :
       {"0", "65", "-1", "two", "", " 4", "4 ", "4.0", "0x4", "+4", "99999999999999999999"}) {
    std::int64_t field = 7;
    Option option = IntegerOption(field);
    const Status status = SetOption(option, text, {Origin::Kind::kFlag, "--tp"});
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find("an integer from 1 to 64"), std::string::npos);
    EXPECT_EQ(field, 7) << text;
    EXPECT_EQ(option.origin.kind, Origin::Kind::kDefault);
  }
}

TEST(SetOption, RefusesNumbersThatAreNotFiniteOrOutOfRange) {
  for (const char* text : {"nan", "inf", "-0.5", "1.5", "0", "1e400", "x"}) {
    double field = 0.5;
    Option option{.name = "top-p",
                  .target = RealTarget{&field, 0, 1, /*above_minimum=*/true},
                  .value_name = "P",
                  .help = ""};
    EXPECT_FALSE(SetOption(option, text, {}).ok()) << text;
    EXPECT_EQ(field, 0.5);
  }
}

TEST(SetOption, TakesOnlyTheChoicesOfAText) {
  std::string field = "auto";
  Option option{.name = "dtype",
                .target = TextTarget{&field, {"auto", "f32"}},
                .value_name = "TYPE",
                .help = ""};
  EXPECT_EQ(SetOption(option, "f16", {}).message(), "must be auto or f32, not 'f16'");
  EXPECT_TRUE(SetOption(option, "f32", {}).ok());
  EXPECT_EQ(field, "f32");
}

TEST(SetOption, ReadsListsOfDifferentIntegers) {
  std::vector<std::int32_t> field;
  Option option{
      .name = "tp", .target = IntegerListTarget{&field, 2, 8}, .value_name = "N,..", .help = ""};
  ASSERT_TRUE(SetOption(option, "2,4", {}).ok());
  EXPECT_EQ(field, (std::vector<std::int32_t>{2, 4}));
  EXPECT_EQ(ValueText(option), "2,4");
  for (const char* text : {"", "2,", ",2", "2,2", "1", "2;4", "2, 4", "9"}) {
    EXPECT_FALSE(SetOption(option, text, {}).ok()) << text;
  }
  EXPECT_EQ(field, (std::vector<std::int32_t>{2, 4}));
}

TEST(SetOption, TellsAnEmptyTextFromNone) {
  std::optional<std::string> field;
  Option option{
      .name = "prompt", .target = OptionalTextTarget{&field}, .value_name = "TEXT", .help = ""};
  ASSERT_TRUE(SetOption(option, "", {}).ok());
  EXPECT_EQ(field, "");
}

template <typename Options>
void ExpectSoundTable() {
  Options fields;
  const OptionTable table = TableOf(fields);
  std::set<std::string> names;
  for (const Option& option : table.options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name << " stands twice";
    EXPECT_FALSE(option.help.empty()) << option.name;
    const bool is_switch = std::holds_alternative<SwitchTarget>(option.target);
    EXPECT_EQ(is_switch, option.value_name.empty()) << option.name;
    // A default that is not named otherwise must itself be a value that could be set.
    if (option.default_note.empty()) {
      Option copy = option;
      EXPECT_TRUE(SetOption(copy, ValueText(option), {}).ok()) << option.name;
    }
  }
}

TEST(OptionTables, HaveNoNameTwiceAndOnlyDefaultsThatAreAllowed) {
  ExpectSoundTable<RunOptions>();
  ExpectSoundTable<VerifyOptions>();
  ExpectSoundTable<InspectOptions>();
  ExpectSoundTable<LaunchOptions>();
}

}  // namespace
}  // namespace braid
