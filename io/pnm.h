#pragma once

#include "io/picture.h"

namespace tessera::io {

// PGM (grey) and PPM (RGB) of Netpbm: a text header, then samples as bytes (P5, P6) or as text (P2,
// P3). stb_image ignores their largest value, which here becomes `white`.

bool is_pnm(std::string_view bytes);

// Throws Error beginning with `name` when the file is truncated or samples exceed the largest
// value.
Picture decode_pnm(std::string_view bytes, const std::string& name);
Picture decode_pnm_header(std::string_view bytes, const std::string& name);

// Writes P5 (1 channel) or P6 (3 channels).
std::string encode_pnm(const Picture& picture);

}  // namespace tessera::io
