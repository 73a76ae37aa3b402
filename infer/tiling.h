#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::infer {

// Where the windows stand that cover a long axis.
//
//   nnunet  evenly spread, the last one at the end: steps of at most (1 - overlap) tile, rounded
//   monai   steps of exactly int((1 - overlap) tile), the last one moved back to the end
//
// As in nnU-Net 2 (compute_steps_for_sliding_window, whose step size is 1 - overlap) and MONAI 1
// (sliding_window_inference).
enum class Placement : uint8_t { nnunet, monai };

// The first positions, in increasing order, of windows of length `tile` that cover 0 ... extent
// - 1. Throws Error unless 1 <= tile <= extent and 0 <= overlap < 1.
std::vector<int64_t> window_starts(int64_t extent, int64_t tile, double overlap,
                                   Placement placement);

// How much a window's result counts at each of its places, before the sum of weights is divided
// out: where windows overlap, their middles know more than their edges.
//
//   constant  1
//   gaussian  exp(-d^2 / 2 sigma^2) with sigma = tile / 8 and d the distance from the middle
//   hann      sin^2(pi (i + 1/2) / tile)
//
// The middle is at tile / 2, rounded down, for Placement::nnunet, and between the two middle places
// for Placement::monai.
enum class Blend : uint8_t { constant, gaussian, hann };

// The weights along one axis; those of a window are the products over its axes.
std::vector<double> window_weights(int64_t tile, Blend blend, Placement placement);

// Names as above, for command lines. Throws Error that lists them all.
Placement parse_placement(std::string_view name);
Blend parse_blend(std::string_view name);

}  // namespace tessera::infer
