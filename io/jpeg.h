#pragma once

#include <string>

#include "io/image.h"

namespace tessera::io {

// A picture of 1 or 3 channels in [0, 1] (values outside are clipped, NaN is black) as the bytes of
// a JPEG file of `quality` 1 to 100. Throws Error for other images, and for sides above 65535.
// io/picture.h reads it again.
std::string encode_jpeg(const Image& image, int quality = 90);

// The picture that is left of `image` after it was written and read with that quality.
Image through_jpeg(const Image& image, int quality);

}  // namespace tessera::io
