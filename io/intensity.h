#pragma once

#include "io/draws.h"
#include "io/image.h"

namespace tessera::io {

// Changes to the values of an image, in place. Where a range [lo, hi] is needed it is [0, 1] for an
// image that lies within, else from its least to its largest value.

void brighten_(Image& image, double factor);         // (x - lo) f + lo, clipped to the range
void change_contrast_(Image& image, double factor);  // (x - mean) f + mean, clipped to the range
void change_gamma_(Image& image, double gamma);  // ((x - lo) / (hi - lo)) ^ gamma, back in range
void saturate_(Image& image, double factor);     // (x - grey) f + grey, clipped; RGB, else nothing
void turn_hue_(Image& image, double turns);      // in HSV; RGB within [0, 1], else nothing
void add_noise_(Image& image, double strength, Draws& draws);  // normal, std strength (hi - lo)
void blur_(Image& image, double sigma);  // Gaussian of that many pixels, edges repeated

}  // namespace tessera::io
