#pragma once

#include <functional>
#include <vector>

#include "io/affine.h"
#include "io/image.h"

namespace tessera::io {

// What lies outside of an image: nothing (0), its edge repeated, or the image mirrored there (the
// edge is not repeated).
enum class Border : uint8_t { zero, edge, reflect };

// Where the pixels of one row come from, in pixels whose centres have whole coordinates; as many as
// the row has. NaN is a place far outside.
struct Places {
  std::vector<double> z, y, x;
};

// Fills in the places of row (d, h) of a result.
using PlacesOfRow = std::function<void(int64_t d, int64_t h, Places& places)>;

// The image of `extent` that `from` finds in `image`: linear between pixels.
Image sample(const Image& image, const PlacesOfRow& from, Extent extent, Border border);
Image sample(const Image& image, const Affine& from, Extent extent, Border border);

// The same for labels: the nearest one.
LabelMap sample(const LabelMap& mask, const PlacesOfRow& from, Extent extent, Border border);
LabelMap sample(const LabelMap& mask, const Affine& from, Extent extent, Border border);

// Mirrors in place along any axes, if that is what sampling at `from` in the same extent does;
// false when it does something else, and nothing was changed.
bool mirror_(Image& image, const Affine& from);
bool mirror_(LabelMap& mask, const Affine& from);

}  // namespace tessera::io
