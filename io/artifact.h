#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/affine.h"
#include "io/image.h"

namespace tessera::io {

// What scanners do to images, in place, to all channels alike. Axes are 0: depth, 1: height, 2:
// width.

// The factor exp(sum of c z^i y^j x^k over i + j + k <= order), with coordinates from -1 to 1 (at
// the outermost pixel centres), of the magnetic field of MR. Coefficients for i, then j, then k
// counting up; there are (order + 1) (order + 2) (order + 3) / 6. Same as TorchIO's BiasField.
int64_t bias_coefficients(int64_t order);
void add_bias_field_(Image& image, int64_t order, std::span<const double> coefficients);

// Every `period`-th plane of the spectrum along an axis, from its most negative frequency on, loses
// `strength` (in [0, 1]) of its values, but that of frequency 0: copies of what the image shows
// appear at distances n / period. Same as TorchIO's Ghosting.
void add_ghosts_(Image& image, int axis, int64_t period, double strength);

// The spectrum loses the highest frequencies, the share `loss` in [0, 1] of them along each axis
// (the volume's depth included), as where a scanner measures too few: edges ring (Gibbs). MONAI's
// GibbsNoise cuts out a ball in place of a box.
void add_gibbs_(Image& image, double loss);

// A value in the spectrum that is `strength` times the largest one: + strength mean(|x|)
// cos(2 pi (fz z / D + fy y / H + fx x / W)), for each channel. Same as TorchIO's Spike where no
// value is negative.
void add_spike_(Image& image, int64_t fz, int64_t fy, int64_t fx, double strength);

// A movement while the spectrum was measured, from its most negative frequency along `axis` on: the
// part from frequency time n on, for increasing times in (0, 1), is that of the image moved by
// `from` (the map from where things are shown to where they were; edges are repeated).
struct Movement {
  double time = 0.5;
  Affine from;
};

// The part at frequency 0 is that of the image unmoved, whose place in the order goes to the
// movement that would be there (so that the image as a whole stays where its mask is). Same as
// TorchIO's Motion, but for what lies outside.
void add_motion_(Image& image, int axis, std::span<const Movement> movements);

}  // namespace tessera::io
