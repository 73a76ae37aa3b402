#pragma once

#include "io/image.h"

namespace tessera::io {

// What lies outside of an image: nothing (0), its edge repeated, or the image mirrored there (the
// edge is not repeated).
enum class Border : uint8_t { zero, edge, reflect };

// Where each pixel of a result comes from, in pixels whose centres have whole coordinates:
//   y_in = yy y + yx x + y0,  x_in = xy y + xx x + x0
struct Affine {
  double yy = 1, yx = 0, y0 = 0;
  double xy = 0, xx = 1, x0 = 0;
  bool operator==(const Affine&) const = default;
};

// First `inner`, then `outer`: the map of a point through both.
Affine compose(const Affine& outer, const Affine& inner);

// The image [C, height, width] that `from` finds in `image`: bilinear between pixels.
Image sample(const Image& image, const Affine& from, int64_t height, int64_t width, Border border);
// The same for labels: the nearest one.
LabelMap sample(const LabelMap& mask, const Affine& from, int64_t height, int64_t width,
                Border border);

}  // namespace tessera::io
