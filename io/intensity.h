#pragma once

#include <span>

#include "io/draws.h"
#include "io/image.h"

namespace tessera::io {

// Changes of the values of an image, pixel by pixel, in place. Where a range [lo, hi] is needed it
// is [0, 1] for an image that lies within, else from its least to its largest value. Standard
// deviations and means are those of the whole image.

void brighten_(Image& image, double factor);  // (x - lo) f + lo, clipped to the range
void multiply_(Image& image, double factor);  // x f
void add_(Image& image, double offset);       // x + offset

// (x - mean) f + mean, clipped to the range unless it is `free`.
void change_contrast_(Image& image, double factor, bool free = false);

// ((x - lo) / (hi - lo)) ^ gamma (hi - lo) + lo. `invert`: of -x, whose result is turned back.
// `retain`: then shifted and scaled to the mean and standard deviation it had. Same as nnU-Net's
// when the image does not lie in [0, 1].
struct GammaOptions {
  bool invert = false, retain = false;
};
void change_gamma_(Image& image, double gamma, const GammaOptions& options = {});

// Piecewise linear: value (hi - lo) i / (n - 1) + lo becomes (hi - lo) levels[i] + lo, where lo and
// hi are the least and largest value. n >= 2. Same as MONAI's RandHistogramShift.
void shift_histogram_(Image& image, std::span<const double> levels);

void saturate_(Image& image, double factor);  // (x - grey) f + grey, clipped; RGB, else nothing
void turn_hue_(Image& image, double turns);   // in HSV; RGB within [0, 1], else nothing

// + n, of this standard deviation in units of hi - lo, or of x where it is `absolute`.
void add_noise_(Image& image, double strength, Draws& draws, bool absolute = false);
// sqrt((x + n)^2 + m^2), n and m as above: the noise of magnitudes, as in MR. Same as MONAI's.
void add_rician_noise_(Image& image, double strength, Draws& draws, bool absolute = false);

// The range [lo, hi] of an image.
struct ValueRange {
  float low, high;
  float clip(double x) const;
};
ValueRange range_of(const Image& image);

}  // namespace tessera::io
