#pragma once

#include <span>
#include <string>

#include "io/image.h"
#include "io/palette.h"

namespace tessera::io {

struct OverlayOptions {
  double fill = 0.35;   // how much of the colour covers a region, from 0 to 1
  int outline = 1;      // width of the line around a region, inside of it; 0: none
  int32_t ignore = -1;  // a label that is not drawn, such as 255
};

// A picture [3, H, W] in [0, 1] to look at: an image of 3 channels in colours, any other as the
// grey values of its first channel. Values are shown as they are when all lie in [0, 1]; else the
// darkest and brightest hundredth become black and white. NaN is black. Throws Error for an image
// without pixels.
Image to_rgb(const Image& image);

// Largest picture with the same proportions in `side` x `side` pixels, averaging where pixels are
// lost and repeating where there are more. Labels take the class in the middle.
Image fit(const Image& image, int64_t side);
LabelMap fit(const LabelMap& labels, int64_t side);

// `image` as by to_rgb, with the regions of each class from 1 on in its colour (class_color).
// Throws Error when the sizes differ.
Image overlay(const Image& image, const LabelMap& labels, const OverlayOptions& options = {});

// What a pixel of a prediction can be beside the truth.
struct ErrorKind {
  const char* name;
  Rgb color;
};
// "correct" (both say the same class), "too much" (only the prediction has a class), "missed" (only
// the truth has one), "wrong class".
std::span<const ErrorKind> error_kinds();

// `image` with each of these regions in its colour; `ignore` counts in the truth only. Throws Error
// when the sizes differ.
Image error_overlay(const Image& image, const LabelMap& prediction, const LabelMap& truth,
                    const OverlayOptions& options = {});

}  // namespace tessera::io
