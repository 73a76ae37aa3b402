#include "io/elastic.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::io {

std::vector<Elastic::Basis> Elastic::basis_of(int64_t extent, int64_t points) {
  std::vector<Basis> basis(static_cast<size_t>(extent));
  if (points == 1) return basis;
  for (int64_t i = 0; i < extent; ++i) {
    const double u = (static_cast<double>(i) + 0.5) / static_cast<double>(extent) *
                     static_cast<double>(points - 3);
    Basis& b = basis[static_cast<size_t>(i)];
    b.first = std::min(static_cast<int64_t>(u), points - 4);
    const double t = u - static_cast<double>(b.first), s = 1 - t;
    b.weight[0] = static_cast<float>(s * s * s / 6);
    b.weight[1] = static_cast<float>((3 * t * t * t - 6 * t * t + 4) / 6);
    b.weight[2] = static_cast<float>((3 * s * s * s - 6 * s * s + 4) / 6);
    b.weight[3] = static_cast<float>(t * t * t / 6);
  }
  return basis;
}

Elastic::Elastic(Extent extent, int64_t nz, int64_t ny, int64_t nx,
                 std::vector<float> displacements)
    : nz_(nz),
      ny_(ny),
      nx_(nx),
      displacements_(std::move(displacements)),
      z_(basis_of(extent.depth, nz)),
      y_(basis_of(extent.height, ny)),
      x_(basis_of(extent.width, nx)) {
  require(
      (nz == 1 || nz >= 4) && ny >= 4 && nx >= 4 && std::ssize(displacements_) == 3 * nz * ny * nx,
      "elastic: there must be 4 control points or more along each axis and 3 displacements for "
      "each, got {} x {} x {} and {}",
      nz, ny, nx, displacements_.size());
}

Elastic::Elastic(Extent extent, int64_t points, double distance, bool flat, Draws& draws)
    : Elastic(
          extent, flat ? 1 : points, points, points,
          std::vector<float>(static_cast<size_t>(3 * (flat ? 1 : points) * points * points), 0)) {
  require(points >= 5, "elastic: there must be 5 control points or more, got {}", points);
  const auto inner = [&](int64_t i, int64_t n) { return n == 1 || (i >= 2 && i < n - 2); };
  size_t at = 0;
  for (int axis = 0; axis < 3; ++axis) {
    for (int64_t k = 0; k < nz_; ++k) {
      for (int64_t i = 0; i < ny_; ++i) {
        for (int64_t j = 0; j < nx_; ++j, ++at) {
          if ((flat && axis == 0) || !inner(k, nz_) || !inner(i, ny_) || !inner(j, nx_)) continue;
          displacements_[at] = static_cast<float>(draws.uniform(-distance, distance));
        }
      }
    }
  }
}

void Elastic::move_(int64_t d, int64_t h, Places& places) const {
  const Basis& z = z_[static_cast<size_t>(d)];
  const Basis& y = y_[static_cast<size_t>(h)];
  std::vector<double>* axes[3] = {&places.z, &places.y, &places.x};
  std::vector<float> line(static_cast<size_t>(nx_));  // the control points of this row
  for (int64_t axis = nz_ == 1 ? 1 : 0; axis < 3; ++axis) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (int64_t k = 0; k < std::min<int64_t>(nz_, 4); ++k) {
      for (int64_t i = 0; i < 4; ++i) {
        const float weight = z.weight[k] * y.weight[i];
        const float* from =
            displacements_.data() + ((axis * nz_ + z.first + k) * ny_ + y.first + i) * nx_;
        for (int64_t j = 0; j < nx_; ++j) line[static_cast<size_t>(j)] += weight * from[j];
      }
    }
    std::vector<double>& place = *axes[axis];
    for (size_t w = 0; w < place.size(); ++w) {
      const Basis& x = x_[w];
      const float* from = line.data() + x.first;
      place[w] += x.weight[0] * from[0] + x.weight[1] * from[1] + x.weight[2] * from[2] +
                  x.weight[3] * from[3];
    }
  }
}

}  // namespace tessera::io
