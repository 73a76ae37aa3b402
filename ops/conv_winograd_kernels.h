#pragma once

#include <cstdint>

#include "core/cpu/reals.h"

// The transforms of Winograd's F(4x4, 3x3): a tile of 4 x 4 results of a 3 x 3 convolution takes 36
// products for each pair of channels instead of 144,
//
//   Y = A' ((G g G') * (B' d B)) A        d: the 6 x 6 input elements it sees, g: the weights
//
// with the interpolation points 0, 1, -1, 2, -2. Lavin & Gray 2015, arXiv:1509.09308. Transforms
// work on `lanes` channels at a time; images are row-major planes [channel][H][W].
namespace tessera::detail {

// A row of neighbouring tiles in an image, for the next `lanes` channels or as many as there are.
struct TileStrip {
  int64_t plane;     // distance of channels, in elements
  int64_t channels;  // valid ones, at most `lanes`
  int64_t height, width;
  int64_t row, column;  // of the first tile's first element; may lie outside, where zeros are
  int64_t tiles;
};

// 36 values of each tile and channel: value i of tile t is at [i * plane + t * tile + channel].
struct TilePlanes {
  int64_t plane, tile;
};

struct WinogradKernels {
  int64_t lanes;
  // B' d B of the 6 x 6 elements from each corner (4 apart), of at most kMaxInputTiles tiles.
  void (*input)(cpu::ConstReals image, const TileStrip& strip, float* v, TilePlanes at);
  // A dy A' of the 4 x 4 elements, of at most kMaxTiles tiles; the transpose of `output`.
  void (*gradient)(cpu::ConstReals image, const TileStrip& strip, float* v, TilePlanes at);
  // A' m A, plus bias[channel] unless bias is null, into the 4 x 4 elements of at most kMaxTiles
  // tiles; what lies outside is dropped. The second one takes the relu of it.
  void (*output[2])(const float* m, TilePlanes at, const float* bias, cpu::Reals image,
                    const TileStrip& strip);
  // G g G' of the `count` <= lanes kernels at w, w + step, ..., turned by 180 degrees if `flip`;
  // value i of kernel k goes to u[i * plane + k], zeros to the lanes behind.
  void (*weight)(const float* w, int64_t step, int64_t count, bool flip, float* u, int64_t plane);
  // G' u G, the transpose: into the kernels at dw, dw + step, ...
  void (*weight_gradient)(const float* u, int64_t plane, float* dw, int64_t step, int64_t count);
};

inline constexpr int64_t kMaxInputTiles = 15, kMaxTiles = 16;  // 62 and 64 columns

// For the instruction set in use.
const WinogradKernels& winograd_kernels();

}  // namespace tessera::detail
