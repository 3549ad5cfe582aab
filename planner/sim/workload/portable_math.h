#pragma once

namespace braid {

/// ln x and e^x from additions, multiplications and divisions of doubles alone. Those round the
/// same on every machine (IEEE 754, no contraction), which a system's libm does not promise; so a
/// seed gives the same requests everywhere. Error: below 4e-16 relative for Exp on [-30, 30] and
/// for Log away from 1, which is far finer than the lengths and nanoseconds made of them.
/// Log: x > 0 and normal. Exp: 0 below -700; held at e^700 above.
/// Thread: any.
double PortableLog(double x);
double PortableExp(double x);

}  // namespace braid
