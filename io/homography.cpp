#include "io/homography.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::io {

PlanePoint Homography::operator()(PlanePoint p) const {
  const double w = m[6] * p.x + m[7] * p.y + m[8];
  return {(m[3] * p.x + m[4] * p.y + m[5]) / w, (m[0] * p.x + m[1] * p.y + m[2]) / w};
}

Homography homography(const std::array<PlanePoint, 4>& from, const std::array<PlanePoint, 4>& to) {
  // Two equations for each point in m0 ... m7, with m8 = 1.
  constexpr size_t n = 8;
  std::array<std::array<double, n + 1>, n> a{};
  for (size_t i = 0; i < 4; ++i) {
    const auto [y, x] = from[i];
    const auto [v, u] = to[i];
    a[2 * i] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
    a[2 * i + 1] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
  }
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row)
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    require(std::abs(a[pivot][column]) > 1e-12,
            "homography: no three of four points may be on a line");
    std::swap(a[column], a[pivot]);
    for (size_t row = 0; row < n; ++row) {
      if (row == column) continue;
      const double factor = a[row][column] / a[column][column];
      for (size_t k = column; k <= n; ++k) a[row][k] -= factor * a[column][k];
    }
  }
  Homography h;
  for (size_t i = 0; i < n; ++i) h.m[i] = a[i][n] / a[i][i];
  return h;
}

}  // namespace tessera::io
