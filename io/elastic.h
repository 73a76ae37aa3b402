#pragma once

#include <cstdint>
#include <vector>

#include "io/draws.h"
#include "io/sample.h"

namespace tessera::io {

// A smooth random deformation: a cubic B-spline through a coarse grid of control points, the outer
// two layers of which stay where they are, so that borders hardly move (as TorchIO's
// RandomElasticDeformation and ITK's BSplineTransform have it, on the domain from the outer edge of
// the first pixel to that of the last).
class Elastic {
 public:
  // `points` (at least 5) control points along each axis of `extent`; each of the inner ones is
  // moved by -distance to distance pixels along each axis, uniformly. `flat`: nothing moves from
  // slice to slice, and all slices are bent alike.
  Elastic(Extent extent, int64_t points, double distance, bool flat, Draws& draws);
  // Displacements [3 (z, y, x), nz, ny, nx] in pixels, for tests. nz is 1 when it is flat, else at
  // least 4, as ny and nx are.
  Elastic(Extent extent, int64_t nz, int64_t ny, int64_t nx, std::vector<float> displacements);

  // Adds to the places of row (d, h) how far each is moved.
  void move_(int64_t d, int64_t h, Places& places) const;

 private:
  // The four control points that an element of an axis depends on, and their weights.
  struct Basis {
    int64_t first = 0;
    float weight[4] = {1, 0, 0, 0};
  };
  static std::vector<Basis> basis_of(int64_t extent, int64_t points);

  int64_t nz_, ny_, nx_;
  std::vector<float> displacements_;
  std::vector<Basis> z_, y_, x_;  // of each element
};

}  // namespace tessera::io
