#pragma once

#include <cmath>

#include "core/scalar.h"

namespace tessera::detail {

// The n-th derivative of c0 + c1 x + c2 x^2 + c3 x^3.
TESSERA_INLINE double cubic_polynomial(double c0, double c1, double c2, double c3, double x,
                                       int n) {
  switch (n) {
    case 0:
      return ((c3 * x + c2) * x + c1) * x + c0;
    case 1:
      return (3 * c3 * x + 2 * c2) * x + c1;
    case 2:
      return 6 * c3 * x + 2 * c2;
    case 3:
      return 6 * c3;
    default:
      return 0;
  }
}

// The n-th derivative at x of the cubic convolution kernel with slope `a` at |x| = 1.
// Keys 1981, doi:10.1109/TASSP.1981.1163711.
TESSERA_INLINE double cubic_kernel(double x, double a, int n = 0) {
  const double distance = std::abs(x);
  const double sign = x < 0 && n % 2 == 1 ? -1 : 1;
  if (distance <= 1) return sign * cubic_polynomial(1, 0, -(a + 3), a + 2, distance, n);
  if (distance < 2) return sign * cubic_polynomial(-4 * a, 8 * a, -5 * a, a, distance, n);
  return 0;
}

}  // namespace tessera::detail
