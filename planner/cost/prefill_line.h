#pragma once

namespace braid {

/// Prefill time of a whole prompt batch as the papers write it: a + b x tokens + c x sum of len^2,
/// in ns. Chunks: pairs (p + n)^2 - p^2 instead of len^2.
struct PrefillLine {
  double a_ns = 0;
  double b_ns = 0;
  double c_ns = 0;

  double Ns(double tokens, double pairs) const { return a_ns + b_ns * tokens + c_ns * pairs; }
};

}  // namespace braid
