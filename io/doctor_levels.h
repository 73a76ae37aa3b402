#pragma once

#include <string>
#include <vector>

#include "io/doctor_chart.h"
#include "io/palette.h"

namespace tessera::io {

// Masks whose values were blurred, by JPEG or by resizing: which of their codes stand for
// something. check_lossy_masks takes the codes that fill areas as levels, and each pixel as the
// nearest one.

// The colour that a code 65536 R + 256 G + B stands for.
Rgb colour_of(float code);

// The first few codes, for people; colours as "#e69f00".
std::string text_of_codes(const std::vector<float>& codes, bool coloured);

// The codes of a mask, ascending, and how far two of them are apart: as numbers, or as colours.
std::vector<float> codes_of(const MaskFacts& mask);
float code_distance(float a, float b, bool coloured);

// From now on the codes of the mask are the levels nearest to them.
void take_levels(ExaminedCase& one, const std::vector<float>& levels);

// The code of `levels` (not empty) nearest to `code`; the larger of two that are equally near.
float nearest_level(const std::vector<float>& levels, float code, bool coloured);

}  // namespace tessera::io
