#include "planner/cost/builtin_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace braid {
namespace {

using ::testing::HasSubstr;

double Billions(std::string_view name) {
  const Result<ModelSpec> model = BuiltinModel(name);
  EXPECT_TRUE(model.ok()) << name;
  return static_cast<double>(ParameterCount(*model)) / 1e9;
}

TEST(BuiltinModels, HaveTheParametersThatTheirCardsState) {
  EXPECT_NEAR(Billions("lwm-7b"), 6.738, 0.001);
  EXPECT_NEAR(Billions("llama-2-7b"), 6.738, 0.001);
  EXPECT_NEAR(Billions("llama-3-8b"), 8.030, 0.001);
  EXPECT_NEAR(Billions("llama-3-70b"), 70.554, 0.001);
  EXPECT_NEAR(Billions("mistral-7b"), 7.242, 0.001);
  EXPECT_NEAR(Billions("qwen2.5-14b"), 14.770, 0.001);
  EXPECT_NEAR(Billions("qwen2.5-72b"), 72.706, 0.001);
  EXPECT_NEAR(Billions("tinyllama-1.1b"), 1.100, 0.001);
  EXPECT_NEAR(Billions("stories260k"), 0.00026, 0.00001);
}

TEST(BuiltinModels, AreModelsThatCanBe) {
  for (const std::string& name : BuiltinModelNames()) {
    const Result<ModelSpec> model = BuiltinModel(name);
    ASSERT_TRUE(model.ok()) << name;
    EXPECT_TRUE(ValidateModelSpec(*model).ok()) << name;
    EXPECT_EQ(model->name, name);
  }
}

TEST(BuiltinModels, NameThoseThatExistWhereOneDoesNot) {
  const Result<ModelSpec> model = BuiltinModel("gpt-5");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code(), StatusCode::kNotFound);
  EXPECT_THAT(model.error().message(), HasSubstr("lwm-7b"));
}

}  // namespace
}  // namespace braid
