#pragma once

namespace tessera::io {

// Where each pixel of a result comes from, in pixels whose centres have whole coordinates:
//   z_in = zz z + zy y + zx x + z0,  y_in = yz z + yy y + yx x + y0,  x_in = xz z + xy y + xx x +
//   x0
// A picture is the volume of one slice, at z = 0.
struct Affine {
  double zz = 1, zy = 0, zx = 0, z0 = 0;
  double yz = 0, yy = 1, yx = 0, y0 = 0;
  double xz = 0, xy = 0, xx = 1, x0 = 0;
  bool operator==(const Affine&) const = default;
};

// First `inner`, then `outer`: the map of a point through both.
Affine compose(const Affine& outer, const Affine& inner);

}  // namespace tessera::io
