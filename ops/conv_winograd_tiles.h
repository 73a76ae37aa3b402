#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/conv_patches.h"
#include "ops/conv_winograd_kernels.h"

// The tiles of Winograd's convolution. Volumes are slices of which every tile sees some: the
// transforms are those of images, and what they are multiplied with is summed over the slices.
namespace tessera::detail {

inline constexpr int64_t kPlanes = 36;  // values of a tile
inline constexpr int64_t kDepth = 64;   // products summed before a panel is left: it stays in L1
// Powers of two between rows or planes would collide in the cache.
inline constexpr int64_t kGap = 16;

inline int64_t rounded(int64_t count, int64_t to) {
  return blocks_of(count, to) * to;
}

// Neighbouring tiles in a row of a slice. The first one has its first element at (row, column).
struct TilePlace {
  int64_t image, slice, row, column, tiles;

  TilePlace moved_back(const Index& by) const {
    return {image, slice - by[0], row - by[1], column - by[2], tiles};
  }
};

// Tiles [begin, end) of slices [first, last), one slice after the other.
struct TileBlock {
  int64_t begin, end, first, last;

  int64_t across() const { return end - begin; }
  int64_t rows() const { return across() * (last - first); }
  TileBlock with_slices(int64_t more) const { return {begin, end, first, last + more}; }
};

// The tiles of results of a batch of images: depth slices of height x width. Those of the same
// slice of all images are numbered in row-major order.
struct TileGrid {
  int64_t batch, depth, height, width;

  int64_t down() const { return blocks_of(height, 4); }
  int64_t across() const { return blocks_of(width, 4); }
  int64_t in_slice() const { return batch * down() * across(); }
  int64_t count() const { return in_slice() * depth; }

  // Calls f(place, r) for tiles [begin, end) of a block, at most `most` neighbours at a time; the
  // first of them is number r.
  template <class F>
  void for_each_strip(const TileBlock& block, int64_t begin, int64_t end, int64_t most,
                      F&& f) const {
    for (int64_t r = begin; r < end;) {
      const int64_t t = block.begin + r % block.across();
      const int64_t line = t / across(), column = t % across();
      const int64_t tiles = std::min({across() - column, block.end - t, end - r, most});
      f(TilePlace{line / down(), block.first + r / block.across(), 4 * (line % down()), 4 * column,
                  tiles},
        r);
      r += tiles;
    }
  }

  // Some slices, so that not every one is transformed for each result that sees it, of so many
  // tiles that there are about `rows`.
  TileBlock block_of(int64_t rows) const {
    constexpr int64_t kSlices = 8;
    const int64_t tiles =
        std::min(in_slice(), std::max<int64_t>(1, rows / std::min(depth, kSlices)));
    return {0, tiles, 0, std::min(depth, std::max<int64_t>(1, rows / tiles))};
  }

  // The blocks of that size that cover the grid.
  int64_t blocks(const TileBlock& size) const {
    return blocks_of(in_slice(), size.across()) * blocks_of(depth, size.last);
  }
  TileBlock block(const TileBlock& size, int64_t i) const {
    const int64_t along = blocks_of(depth, size.last);
    const int64_t begin = i / along * size.across(), first = i % along * size.last;
    return {begin, std::min(in_slice(), begin + size.across()), first,
            std::min(depth, first + size.last)};
  }
};

// A batch of volumes [batch, channels, depth, height, width] of Reals or ConstReals.
template <class Data>
struct Images {
  Data data;
  int64_t channels;
  Index extents;

  Data at(const TilePlace& place, int64_t channel) const {
    return data + ((place.image * channels + channel) * extents[0] + place.slice) * extents[1] *
                      extents[2];
  }
  TileStrip strip(const TilePlace& place, int64_t channel) const {
    return {product(extents), std::min(channels - channel, winograd_kernels().lanes),
            extents[1],       extents[2],
            place.row,        place.column,
            place.tiles};
  }
  // B' d B of the elements that the tiles see, zeros for slices and channels that do not exist.
  void transform(const TilePlace& place, int64_t channel, float* v, TilePlanes planes) const {
    if (channel < channels && place.slice >= 0 && place.slice < extents[0]) {
      winograd_kernels().input(at(place, channel), strip(place, channel), v, planes);
      return;
    }
    for (int64_t i = 0; i < kPlanes; ++i) {
      for (int64_t t = 0; t < place.tiles; ++t) {
        float* const to = v + i * planes.plane + t * planes.tile;
        std::fill(to, to + winograd_kernels().lanes, 0.0f);
      }
    }
  }
};

}  // namespace tessera::detail
