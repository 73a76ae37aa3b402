#pragma once

#include <array>

namespace tessera::io {

struct PlanePoint {
  double y = 0, x = 0;
};

// A map of a plane that keeps lines straight, as a camera sees a flat thing:
//   x' = (m0 x + m1 y + m2) / (m6 x + m7 y + m8),  y' = (m3 x + m4 y + m5) / (m6 x + m7 y + m8)
struct Homography {
  std::array<double, 9> m = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  PlanePoint operator()(PlanePoint p) const;
};

// The map that takes each of four points to another. Throws Error when three of either are on a
// line.
Homography homography(const std::array<PlanePoint, 4>& from, const std::array<PlanePoint, 4>& to);

}  // namespace tessera::io
