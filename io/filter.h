#pragma once

#include <cstdint>

#include "io/image.h"

namespace tessera::io {

// Changes of an image by what lies around each pixel, in place, each channel on its own. Pictures
// have no neighbours along z. What lies outside repeats the edge.

// Convolved with a Gaussian of these standard deviations in pixels (0: not along that axis), cut
// off at 3 of them.
void blur_(Image& image, double sigma_z, double sigma_y, double sigma_x);
void blur_(Image& image, double sigma);

// x + strength (2 n x - sum of the 2 n neighbours), n being 2 for pictures and 3 for volumes: the
// Laplacian, as in nnU-Net's DA5.
void sharpen_(Image& image, double strength);

// The median of the size x size (x size, for volumes) pixels that begin size / 2 before each; of an
// even number the larger of the two in the middle. Outside the image is mirrored, with the edge
// repeated. Same as scipy.ndimage.median_filter.
void median_(Image& image, int64_t size);

// What is left of an image of round(factor) times as many pixels along each axis: those nearest to
// its own, and between them linear. Same as torch's interpolate nearest-exact, then (bi-, tri-)
// linear, with round half to even. Factors lie in (0, 1].
void lower_resolution_(Image& image, double factor_z, double factor_y, double factor_x);

}  // namespace tessera::io
