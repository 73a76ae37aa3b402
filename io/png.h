#pragma once

#include "io/picture.h"

namespace tessera::io {

// PNG with every bit as it is stored: stb_image widens palettes and small grey depths to 8-bit
// colours, which would lose the class indices of masks, and does not notice damage.
// W3C Recommendation "Portable Network Graphics (PNG) Specification", second edition.

bool is_png(std::string_view bytes);

// Reads every kind of PNG: 1 to 16 bits, grey, RGB, palette, alpha, interlaced. Transparent colours
// (tRNS), gamma and the like are passed over. Throws Error beginning with `name` when a checksum is
// wrong, or anything is missing or does not fit.
Picture decode_png(std::string_view bytes, const std::string& name);
Picture decode_png_header(std::string_view bytes, const std::string& name);

// Writes 8 bits a sample when white is at most 255, else 16; samples are not rescaled, so white
// should be 255 or 65535 unless they are indices.
std::string encode_png(const Picture& picture);

}  // namespace tessera::io
