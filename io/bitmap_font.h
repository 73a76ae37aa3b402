#pragma once

#include <string_view>

#include "io/image.h"
#include "io/palette.h"

namespace tessera::io {

// Pixels from one character to the next, and from one line to the next.
inline constexpr int64_t kCharacterWidth = 6, kLineHeight = 10;

// Writes a line of text into a picture, `scale` times as large, its upper left corner at (top,
// left); what lies outside of the picture is left out. ASCII only: other characters are a block.
void draw_text(Image& image, std::string_view text, int64_t top, int64_t left, Rgb color,
               int64_t scale = 1);

}  // namespace tessera::io
