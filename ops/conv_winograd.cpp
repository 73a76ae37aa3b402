#include "ops/conv_winograd.h"

#include <algorithm>

#include "core/cpu/gemm.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "ops/conv_patches.h"
#include "ops/conv_winograd_kernels.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::WinogradKernels winograd)

namespace tessera::detail {

const WinogradKernels& winograd_kernels() {
  return TESSERA_SELECT(winograd);
}

namespace {

using cpu::Scratch;

constexpr int64_t kPlanes = 36;
constexpr int64_t kDepth = 64;  // products summed before a panel is left, so that it stays in L1

// Powers of two between rows or planes would collide in the cache.
constexpr int64_t kGap = 16;

int64_t rounded(int64_t count, int64_t to) {
  return blocks_of(count, to) * to;
}

// The tiles of a batch of images of height x width results, numbered in row-major order.
struct TileGrid {
  int64_t batch, height, width;

  int64_t down() const { return blocks_of(height, 4); }
  int64_t across() const { return blocks_of(width, 4); }
  int64_t count() const { return batch * down() * across(); }

  // Calls f(image, row, column, tiles, t) for neighbours in a row, at most `most` at a time: tile
  // t, which is the first of them, has its first result at (row, column).
  template <class F>
  void for_each_strip(int64_t begin, int64_t end, int64_t most, F&& f) const {
    for (int64_t t = begin; t < end;) {
      const int64_t line = t / across(), column = t % across();
      const int64_t tiles = std::min({across() - column, end - t, most});
      f(line / down(), 4 * (line % down()), 4 * column, tiles, t);
      t += tiles;
    }
  }
};

// A batch of images [batch, channels, height, width].
template <class T>
struct Images {
  T* data;
  int64_t channels, height, width;

  T* plane(int64_t image, int64_t channel) const {
    return data + (image * channels + channel) * height * width;
  }
  TileStrip strip(int64_t channel, int64_t row, int64_t column, int64_t tiles) const {
    const int64_t left = channels - channel, lanes = winograd_kernels().lanes;
    return {height * width, std::min(left, lanes), height, width, row, column, tiles};
  }
};

// Transforms of all channels of tiles [begin, end), value i of tile t and channel c to
// v[i * plane + (t - begin) * tile + c]: the 6 x 6 elements that the tiles see.
void input_tiles(const TileGrid& grid, const Images<const float>& x, const Shape& before,
                 int64_t begin, int64_t end, float* v, TilePlanes at) {
  const WinogradKernels& kernels = winograd_kernels();
  for (int64_t c = 0; c < x.channels; c += kernels.lanes) {
    grid.for_each_strip(begin, end, kMaxInputTiles,
                        [&](int64_t image, int64_t row, int64_t column, int64_t tiles, int64_t t) {
                          kernels.input(x.plane(image, c),
                                        x.strip(c, row - before[0], column - before[1], tiles),
                                        v + (t - begin) * at.tile + c, at);
                        });
  }
}

// A convolution of stride 1: its own forward pass, or that of the gradient of another.
struct Correlation {
  Images<const float> x;
  Images<float> y;
  int64_t batch;
  Shape before;    // zeros in front
  const float* w;  // the kernel from channel c to result k is at c * w_channel + k * w_result
  int64_t w_channel, w_result;
  bool flip;
  const float* bias;  // [results] or null

  const cpu::GemmKernel<float>& gemm = cpu::gemm_kernel<float>(y.channels);
  const TileGrid grid{batch, y.height, y.width};
  const int64_t width = gemm.columns, panels = blocks_of(y.channels, width);  // of results
  const int64_t row = rounded(x.channels, winograd_kernels().lanes) + kGap;   // of a tile in V
  const int64_t weight_plane = x.channels * width + kGap;

  void run() const {
    const int64_t tiles = grid.count();
    if (tiles == 0 || y.channels == 0) return;
    // The transformed weights of shallow layers stay in the second-level cache, or near it; tiles
    // are then shared out. Those of deep layers are made panel by panel where they are used, and
    // panels are shared out.
    constexpr int64_t kSmall = int64_t{10} << 20;  // bytes
    if (panels * kPlanes * weight_plane * int64_t{sizeof(float)} <= kSmall) {
      by_tiles(tiles);
    } else {
      by_panels(tiles);
    }
  }

 private:
  int64_t plane_of(int64_t tiles) const { return tiles * row + kGap; }
  double work(int64_t tiles) const {
    return 36.0 * static_cast<double>(tiles) * static_cast<double>(x.channels * y.channels);
  }

  void by_tiles(int64_t tiles) const {
    constexpr int64_t kCache = 3 << 18;  // bytes of V and M of a block
    const int64_t fit = kCache / (kPlanes * int64_t{sizeof(float)} * (row + width));
    const int64_t block =
        std::min(rounded(tiles, gemm.rows), rounded(std::clamp<int64_t>(fit, 24, 96), gemm.rows));
    const Scratch<float> weights(panels * kPlanes * weight_plane);
    const auto panel_at = [&](int64_t p) { return weights.data() + p * kPlanes * weight_plane; };
    const bool serial = work(tiles) < cpu::kSerialWork;
    constexpr int64_t kChannels = 16;
    const int64_t parts = blocks_of(x.channels, kChannels);
    cpu::parallel_for(panels * parts, serial, [&](int64_t item) {
      const int64_t c = item % parts * kChannels;
      transform_weights(item / parts, c, std::min(x.channels, c + kChannels),
                        panel_at(item / parts));
    });
    cpu::parallel_for(blocks_of(tiles, block), serial, [&](int64_t item) {
      const int64_t begin = item * block, end = std::min(tiles, begin + block);
      const Scratch<float> v(kPlanes * plane_of(block)), m(kPlanes * product_plane(block));
      input_tiles(grid, x, before, begin, end, v.data(), {plane_of(block), row});
      for (int64_t p = 0; p < panels; ++p)
        multiply(v.data(), plane_of(block), begin, end, p, panel_at(p), m.data());
    });
  }

  void by_panels(int64_t tiles) const {
    constexpr int64_t kCache = 24 << 20;  // bytes of V, in the cache that processors share
    constexpr int64_t kChunk = 48;        // tiles whose products stay in the second-level cache
    const int64_t fit = kCache / (kPlanes * int64_t{sizeof(float)} * row);
    const int64_t block = std::min(tiles, std::max(kChunk, fit / kChunk * kChunk));
    const Scratch<float> v(kPlanes * plane_of(block));
    for (int64_t begin = 0; begin < tiles; begin += block) {
      const int64_t end = std::min(tiles, begin + block);
      cpu::parallel_for(blocks_of(end - begin, kMaxInputTiles), false, [&](int64_t item) {
        const int64_t first = begin + item * kMaxInputTiles;
        input_tiles(grid, x, before, first, std::min(end, first + kMaxInputTiles),
                    v.data() + (first - begin) * row, {plane_of(block), row});
      });
      cpu::parallel_for(panels, false, [&](int64_t p) {
        const Scratch<float> weights(kPlanes * weight_plane), m(kPlanes * product_plane(kChunk));
        transform_weights(p, 0, x.channels, weights.data());
        for (int64_t t = begin; t < end; t += kChunk)
          multiply(v.data() + (t - begin) * row, plane_of(block), t, std::min(end, t + kChunk), p,
                   weights.data(), m.data());
      });
    }
  }

  // The transformed weights from channels [begin, end) to the results of panel p, [36][C][width].
  void transform_weights(int64_t p, int64_t begin, int64_t end, float* u) const {
    const WinogradKernels& kernels = winograd_kernels();
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t lane = 0; lane < width; lane += kernels.lanes) {
        const int64_t k = p * width + lane;
        kernels.weight(w + c * w_channel + k * w_result, w_result,
                       std::clamp<int64_t>(y.channels - k, 0, kernels.lanes), flip,
                       u + c * width + lane, weight_plane);
      }
    }
  }

  int64_t product_plane(int64_t tiles) const { return tiles * width + kGap; }

  // The results of panel p of tiles [begin, end) from their transforms v and the panel's u.
  void multiply(const float* v, int64_t v_plane, int64_t begin, int64_t end, int64_t p,
                const float* u, float* m) const {
    const WinogradKernels& kernels = winograd_kernels();
    const TilePlanes at{product_plane(end - begin), width};
    for (int64_t i = 0; i < kPlanes; ++i) {
      float* const to = m + i * at.plane;
      if (x.channels == 0) std::fill(to, to + at.plane, 0.0f);
      for (int64_t c = 0; c < x.channels; c += kDepth) {
        const int64_t depth = std::min(kDepth, x.channels - c);
        for (int64_t t = 0; t < end - begin; t += gemm.rows) {
          gemm.run(std::min(gemm.rows, end - begin - t), depth, v + i * v_plane + t * row + c, row,
                   1, u + i * weight_plane + c * width, to + t * width, width, c > 0);
        }
      }
    }
    const int64_t last = std::min(y.channels, (p + 1) * width);
    for (int64_t k = p * width; k < last; k += kernels.lanes) {
      grid.for_each_strip(
          begin, end, kMaxTiles,
          [&](int64_t image, int64_t first, int64_t column, int64_t tiles, int64_t t) {
            kernels.output(m + (t - begin) * width + k - p * width, at, bias ? bias + k : nullptr,
                           y.plane(image, k), y.strip(k, first, column, tiles));
          });
    }
  }
};

}  // namespace

bool winograd_fits(const ConvGeometry& g) {
  return g.kernel == Shape{3, 3} && g.stride == Shape{1, 1} && g.dilation == Shape{1, 1} &&
         g.groups == 1;
}

void winograd_forward(const ConvGeometry& g, const float* x, const float* w, const float* bias,
                      float* y) {
  Correlation{{x, g.in_channels, g.input[0], g.input[1]},
              {y, g.out_channels, g.output[0], g.output[1]},
              g.batch,
              g.before,
              w,
              9,
              g.in_channels * 9,
              false,
              bias}
      .run();
}

// Every input element sums over the results that saw it: a convolution with the kernels turned by
// 180 degrees and the channels exchanged.
void winograd_backward_data(const ConvGeometry& g, const float* dy, const float* w,
                            const float* bias, float* dx) {
  Correlation{{dy, g.out_channels, g.output[0], g.output[1]},
              {dx, g.in_channels, g.input[0], g.input[1]},
              g.batch,
              {2 - g.before[0], 2 - g.before[1]},
              w,
              g.in_channels * 9,
              9,
              true,
              bias}
      .run();
}

namespace {

// dw = G' (sum over tiles of (A dy A') x (B' x B)) G: matrix products with tiles as the depth.
struct WeightGradient {
  Images<const float> x, dy;
  int64_t batch;
  Shape before;
  float* dw;  // [results, channels, 3, 3]

  const cpu::GemmKernel<float>& gemm = cpu::gemm_kernel<float>(x.channels);
  const TileGrid grid{batch, dy.height, dy.width};
  const int64_t width = gemm.columns, panels = blocks_of(x.channels, width);
  const int64_t row = rounded(dy.channels, winograd_kernels().lanes) + kGap;  // of a tile of dy
  const int64_t padded = rounded(dy.channels, gemm.rows);
  // Sums [panels][36][results][width].
  const int64_t sum_plane = padded * width + kGap;

  void run() const {
    const int64_t tiles = grid.count();
    if (dy.channels == 0 || x.channels == 0) return;
    constexpr int64_t kCache = 6 << 20, kLarge = 40 << 20;  // bytes of both transforms of a block
    const int64_t each = kPlanes * int64_t{sizeof(float)} * (panels * width + row);
    const bool whole = tiles * each <= kLarge;
    const int64_t fit = std::max<int64_t>(1, kCache / each / kMaxTiles) * kMaxTiles;
    const int64_t block = whole && panels > 1 ? tiles : std::min(tiles, std::max<int64_t>(64, fit));
    const Scratch<float> v(panels * kPlanes * v_plane(block)), z(kPlanes * z_plane(block));
    const bool serial =
        36.0 * static_cast<double>(tiles) * static_cast<double>(x.channels * dy.channels) <
        cpu::kSerialWork;
    if (block >= tiles) {
      transform(0, tiles, block, v.data(), z.data(), serial);
      all_at_once(tiles, v.data(), z.data(), serial);
      return;
    }
    const Scratch<float> sums(panels * kPlanes * sum_plane);
    for (int64_t begin = 0; begin < tiles; begin += block) {
      const int64_t end = std::min(tiles, begin + block);
      transform(begin, end, block, v.data(), z.data(), serial);
      cpu::parallel_for(panels * kPlanes, serial, [&](int64_t item) {
        multiply(v.data() + item * v_plane(block), z.data() + item % kPlanes * z_plane(block),
                 end - begin, 0, dy.channels, sums.data() + item * sum_plane, begin > 0);
      });
    }
    cpu::parallel_for(dy.channels, serial, [&](int64_t k) {
      for (int64_t p = 0; p < panels; ++p)
        finish(p, k, sums.data() + p * kPlanes * sum_plane + k * width, sum_plane);
    });
  }

 private:
  int64_t v_plane(int64_t tiles) const { return tiles * width + kGap; }
  int64_t z_plane(int64_t tiles) const { return tiles * row + kGap; }

  void transform(int64_t begin, int64_t end, int64_t block, float* v, float* z, bool serial) const {
    const WinogradKernels& kernels = winograd_kernels();
    cpu::parallel_for(blocks_of(end - begin, kMaxInputTiles), serial, [&](int64_t item) {
      const int64_t first = begin + item * kMaxInputTiles;
      const int64_t last = std::min(end, first + kMaxInputTiles);
      grid.for_each_strip(first, last, kMaxInputTiles,
                          [&](int64_t image, int64_t r, int64_t column, int64_t tiles, int64_t t) {
                            for (int64_t c = 0; c < panels * width; c += kernels.lanes) {
                              float* const to = v + c / width * kPlanes * v_plane(block) +
                                                (t - begin) * width + c % width;
                              kernels.input(x.plane(image, std::min(c, x.channels)),
                                            x.strip(std::min(c, x.channels), r - before[0],
                                                    column - before[1], tiles),
                                            to, {v_plane(block), width});
                            }
                            for (int64_t k = 0; k < dy.channels; k += kernels.lanes) {
                              kernels.gradient(dy.plane(image, k), dy.strip(k, r, column, tiles),
                                               z + (t - begin) * row + k, {z_plane(block), row});
                            }
                          });
    });
  }

  // sum[k][c] (+)= over tiles z[tile][k] v[tile][c], for results [first, last).
  void multiply(const float* v, const float* z, int64_t tiles, int64_t first, int64_t last,
                float* sum, bool accumulate) const {
    if (tiles == 0) std::fill(sum, sum + (last - first) * width, 0.0f);
    for (int64_t t = 0; t < tiles; t += kDepth) {
      for (int64_t k = first; k < last; k += gemm.rows) {
        gemm.run(std::min(gemm.rows, last - k), std::min(kDepth, tiles - t), z + t * row + k, 1,
                 row, v + t * width, sum + (k - first) * width, width, accumulate || t > 0);
      }
    }
  }

  void finish(int64_t p, int64_t k, const float* sum, int64_t plane) const {
    const WinogradKernels& kernels = winograd_kernels();
    const int64_t end = std::min(width, x.channels - p * width);
    for (int64_t lane = 0; lane < end; lane += kernels.lanes) {
      kernels.weight_gradient(sum + lane, plane, dw + (k * x.channels + p * width + lane) * 9, 9,
                              std::min(kernels.lanes, end - lane));
    }
  }

  // When the transforms of all tiles are there, the sums of a part of the weights never leave the
  // second-level cache.
  void all_at_once(int64_t tiles, const float* v, const float* z, bool serial) const {
    constexpr int64_t kRows = 4 * cpu::kMaxGemmRows;
    const int64_t parts = blocks_of(dy.channels, kRows), plane = kRows * width + kGap;
    cpu::parallel_for(panels * parts, serial, [&](int64_t item) {
      const int64_t p = item / parts, first = item % parts * kRows;
      const int64_t last = std::min(dy.channels, first + kRows);
      const Scratch<float> sums(kPlanes * plane);
      for (int64_t i = 0; i < kPlanes; ++i) {
        multiply(v + (p * kPlanes + i) * v_plane(tiles), z + i * z_plane(tiles), tiles, first, last,
                 sums.data() + i * plane, false);
      }
      for (int64_t k = first; k < last; ++k) finish(p, k, sums.data() + (k - first) * width, plane);
    });
  }
};

}  // namespace

void winograd_backward_weight(const ConvGeometry& g, const float* x, const float* dy, float* dw) {
  WeightGradient{{x, g.in_channels, g.input[0], g.input[1]},
                 {dy, g.out_channels, g.output[0], g.output[1]},
                 g.batch,
                 g.before,
                 dw}
      .run();
}

}  // namespace tessera::detail
