#pragma once

#include <span>
#include <vector>

#include "io/image.h"

namespace tessera::io {

// Changes of a part of an image, in place, of all its channels alike.

// A hill with smooth slopes: 1 where it is highest within the image, 0 where it is lowest. Along
// each axis it is a Gaussian about `centre`, in shares of the axis from its outer edge, of standard
// deviation `width` in pixels. Both are z, y, x. Same as nnU-Net's LocalTransform.
struct Hill {
  double centre[3] = {0.5, 0.5, 0.5};
  double width[3] = {1, 1, 1};
};

// x + strength times the hill.
void add_hill_(Image& image, const Hill& hill, double strength);

// Between x and what gamma makes of it (from the least to the largest value of the image), by the
// hill.
void change_gamma_(Image& image, const Hill& hill, double gamma);

// A part of an image: from `first` on as many pixels as `size` says.
struct Box {
  int64_t first[3] = {0, 0, 0};  // z, y, x
  Extent size;
};

// Each channel becomes its mean in the box, within the box, which must lie in the image.
void blank_(Image& image, const Box& box);

}  // namespace tessera::io
