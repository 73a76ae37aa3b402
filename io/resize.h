#pragma once

#include "io/image.h"

namespace tessera::io {

// The image at another size, bilinear: a result pixel is a weighted mean of the source pixels
// around its centre, more of them when the image shrinks. Same as
// torch.nn.functional.interpolate(mode="bilinear", align_corners=False, antialias=True).
// Throws Error when a size is not positive.
Image resize(const Image& image, int64_t height, int64_t width);

// The mask at another size: the label at the nearest place, as mode="nearest-exact".
LabelMap resize(const LabelMap& mask, int64_t height, int64_t width);

}  // namespace tessera::io
