#include "planner/sim/workload/portable_math.h"

#include <gtest/gtest.h>

#include <cmath>

namespace braid {
namespace {

TEST(PortableMath, LogAgreesWithTheLibraryOverAllMagnitudes) {
  for (double x = 1e-300; x < 1e300; x *= 1.37) {
    const double expected = std::log(x);
    EXPECT_NEAR(PortableLog(x), expected, 4e-16 * std::fabs(expected) + 1e-16) << x;
  }
}

TEST(PortableMath, LogOfOneIsZero) { EXPECT_EQ(PortableLog(1.0), 0.0); }

TEST(PortableMath, LogKeepsItsDigitsNearOne) {
  for (double d = 1e-12; d < 0.4; d *= 3) {
    EXPECT_NEAR(PortableLog(1 + d), std::log(1 + d), 1e-15 * d + 1e-31) << d;
    EXPECT_NEAR(PortableLog(1 - d), std::log(1 - d), 1e-15 * d + 1e-31) << d;
  }
}

TEST(PortableMath, ExpAgreesWithTheLibrary) {
  for (double x = -30; x <= 30; x += 0.0137) {
    const double expected = std::exp(x);
    EXPECT_NEAR(PortableExp(x), expected, 5e-16 * expected) << x;
  }
}

TEST(PortableMath, ExpEndsAtZeroAndAtAFiniteValue) {
  EXPECT_EQ(PortableExp(-1e9), 0.0);
  EXPECT_TRUE(std::isfinite(PortableExp(1e9)));
}

}  // namespace
}  // namespace braid
