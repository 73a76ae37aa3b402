#include "io/affine.h"

namespace tessera::io {

Affine compose(const Affine& outer, const Affine& inner) {
  const auto row = [&](double z, double y, double x, double shift, double* to) {
    to[0] = z * inner.zz + y * inner.yz + x * inner.xz;
    to[1] = z * inner.zy + y * inner.yy + x * inner.xy;
    to[2] = z * inner.zx + y * inner.yx + x * inner.xx;
    to[3] = z * inner.z0 + y * inner.y0 + x * inner.x0 + shift;
  };
  double m[12];
  row(outer.zz, outer.zy, outer.zx, outer.z0, m);
  row(outer.yz, outer.yy, outer.yx, outer.y0, m + 4);
  row(outer.xz, outer.xy, outer.xx, outer.x0, m + 8);
  return {m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], m[9], m[10], m[11]};
}

}  // namespace tessera::io
