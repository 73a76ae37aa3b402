#include "ops/conv_winograd.h"

#include <algorithm>
#include <vector>

#include "core/cpu/gemm.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "ops/conv_winograd_tiles.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::WinogradKernels winograd)

namespace tessera::detail {

const WinogradKernels& winograd_kernels() {
  return TESSERA_SELECT(winograd);
}

namespace {

using cpu::Scratch;

// A convolution of stride 1: its own forward pass, or that of the gradient of another.
struct Correlation {
  Images<cpu::ConstReals> x;
  Images<cpu::Reals> y;
  int64_t batch;
  Index before;    // zeros in front
  const float* w;  // the kernel from channel c to result k is at c * w_channel + k * w_result
  int64_t w_channel, w_result;
  int64_t taps;  // slices that a result sees
  bool flip;
  const float* bias;  // [results] or null
  Finished done;

  const cpu::GemmKernel<float>& gemm = cpu::gemm_kernel<float>(y.channels);
  const TileGrid grid{batch, y.extents[0], y.extents[1], y.extents[2]};
  const int64_t width = gemm.columns, panels = blocks_of(y.channels, width);  // of results
  const int64_t row = rounded(x.channels, winograd_kernels().lanes) + kGap;   // of a tile in V

  void run() const {
    const int64_t tiles = grid.count();
    if (tiles == 0 || y.channels == 0) return;
    // The transformed weights of shallow layers stay in the second-level cache, or near it; tiles
    // are then shared out. Those of deep layers are made panel by panel where they are used, and
    // panels are shared out.
    constexpr int64_t kSmall = int64_t{10} << 20;  // bytes
    if (panels * kPlanes * weight_plane(x.channels) * int64_t{sizeof(float)} <= kSmall) {
      by_tiles();
    } else {
      by_panels();
    }
  }

 private:
  int64_t weight_plane(int64_t channels) const { return taps * channels * width + kGap; }
  int64_t v_plane(const TileBlock& block) const {
    return block.with_slices(taps - 1).rows() * row + kGap;
  }
  int64_t m_plane(int64_t rows) const { return rows * width + kGap; }

  void by_tiles() const {
    constexpr int64_t kCache = 3 << 18;  // bytes of V and M of a block
    constexpr int64_t kRows = 24;        // a multiple of the kernels' rows
    const int64_t fit = kCache / (kPlanes * int64_t{sizeof(float)} * (row + width));
    const TileBlock size =
        grid.block_of(std::clamp<int64_t>(fit / kRows * kRows, kRows, 4 * kRows));
    const int64_t panel = kPlanes * weight_plane(x.channels);
    const Scratch<float> weights(panels * panel);
    const bool serial = 36.0 * static_cast<double>(grid.count() * taps) *
                            static_cast<double>(x.channels * y.channels) <
                        cpu::kSerialWork;
    constexpr int64_t kChannels = 16;
    const int64_t parts = blocks_of(x.channels, kChannels);
    cpu::parallel_for(panels * parts, serial, [&](int64_t item) {
      const int64_t c = item % parts * kChannels, p = item / parts;
      transform_weights(p, c, std::min(x.channels, c + kChannels),
                        weights.data() + p * panel + c * width, x.channels);
    });
    cpu::parallel_for(grid.blocks(size), serial, [&](int64_t item) {
      const TileBlock block = grid.block(size, item);
      const Scratch<float> v(kPlanes * v_plane(block)), m(kPlanes * m_plane(block.rows()));
      transform_input(block, 0, block.with_slices(taps - 1).rows(), v.data());
      for (int64_t p = 0; p < panels; ++p) {
        multiply(block, 0, block.rows(), v.data(), 0, x.channels, weights.data() + p * panel,
                 m.data());
        transform_output(block, 0, block.rows(), p, m.data());
      }
      tell(block, 0, block.rows(), 0, y.channels);
    });
  }

  void by_panels() const {
    constexpr int64_t kCache = 24 << 20;  // bytes of V, in the cache that processors share
    constexpr int64_t kChunk = 48;        // tiles whose products stay in the second-level cache
    const int64_t slices = grid.depth + taps - 1;
    const int64_t fit = kCache / (kPlanes * int64_t{sizeof(float)} * row * slices);
    const int64_t across = std::min(grid.in_slice(), std::max<int64_t>(1, fit));
    const TileBlock size{0, across, 0, grid.depth};
    const Scratch<float> v(kPlanes * v_plane(size));
    for (int64_t i = 0; i < grid.blocks(size); ++i) {
      const TileBlock block = grid.block(size, i);
      const int64_t seen = block.with_slices(taps - 1).rows(), rows = block.rows();
      cpu::parallel_for(blocks_of(seen, kMaxInputTiles), false, [&](int64_t item) {
        const int64_t begin = item * kMaxInputTiles;
        transform_input(block, begin, std::min(seen, begin + kMaxInputTiles), v.data());
      });
      // The weights for few tiles are used once, as long as they are in the cache.
      constexpr int64_t kChannels = 32;
      const int64_t channels = rows > kChunk ? x.channels : std::min(x.channels, kChannels);
      cpu::parallel_for(panels, false, [&](int64_t p) {
        const Scratch<float> weights(kPlanes * weight_plane(channels));
        const Scratch<float> m(kPlanes * m_plane(kChunk));
        for (int64_t c = 0; c < x.channels; c += channels) {
          const int64_t end = std::min(x.channels, c + channels);
          transform_weights(p, c, end, weights.data(), end - c);
          for (int64_t r = 0; r < rows; r += kChunk) {
            const int64_t last = std::min(rows, r + kChunk);
            multiply(block, r, last, v.data(), c, end, weights.data(), m.data());
            if (end < x.channels) continue;
            transform_output(block, r, last, p, m.data());
            tell(block, r, last, p * width, std::min(y.channels, (p + 1) * width));
          }
        }
      });
    }
  }

  // The transformed weights from channels [begin, end) to the results of panel p, in
  // [36][taps][channels][width].
  void transform_weights(int64_t p, int64_t begin, int64_t end, float* u, int64_t channels) const {
    const WinogradKernels& kernels = winograd_kernels();
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t lane = 0; lane < width; lane += kernels.lanes) {
        const int64_t k = p * width + lane;
        for (int64_t tap = 0; tap < taps; ++tap) {
          kernels.weight(w + c * w_channel + k * w_result + 9 * (flip ? taps - 1 - tap : tap),
                         w_result, std::clamp<int64_t>(y.channels - k, 0, kernels.lanes), flip,
                         u + (tap * channels + c - begin) * width + lane, weight_plane(channels));
        }
      }
    }
  }

  // The transforms of what tiles [begin, end) of the block see, [36][tiles][row]; the block begins
  // at v, and has the slices that its last results see.
  void transform_input(const TileBlock& block, int64_t begin, int64_t end, float* v) const {
    grid.for_each_strip(
        block.with_slices(taps - 1), begin, end, kMaxInputTiles,
        [&](const TilePlace& place, int64_t r) {
          for (int64_t c = 0; c < x.channels; c += winograd_kernels().lanes)
            x.transform(place.moved_back(before), c, v + r * row + c, {v_plane(block), row});
        });
  }

  // Adds channels [first, last) to the products of tiles [begin, end) of the block; those before
  // have been added.
  void multiply(const TileBlock& block, int64_t begin, int64_t end, const float* v, int64_t first,
                int64_t last, const float* u, float* m) const {
    const int64_t channels = last - first, plane = m_plane(end - begin);
    for (int64_t i = 0; i < kPlanes; ++i) {
      float* const to = m + i * plane;
      if (x.channels == 0) std::fill(to, to + plane, 0.0f);
      for (int64_t tap = 0; tap < taps; ++tap) {
        const float* const seen =
            v + i * v_plane(block) + (begin + tap * block.across()) * row + first;
        for (int64_t c = 0; c < channels; c += kDepth) {
          for (int64_t t = 0; t < end - begin; t += gemm.rows) {
            gemm.run(std::min(gemm.rows, end - begin - t), std::min(kDepth, channels - c),
                     seen + t * row + c, row, 1,
                     u + i * weight_plane(channels) + (tap * channels + c) * width, to + t * width,
                     width, first + tap + c > 0);
          }
        }
      }
    }
  }

  // The results of panel p of these tiles from their products.
  void transform_output(const TileBlock& block, int64_t begin, int64_t end, int64_t p,
                        const float* m) const {
    const WinogradKernels& kernels = winograd_kernels();
    const TilePlanes planes{m_plane(end - begin), width};
    const int64_t last = std::min(y.channels, (p + 1) * width);
    for (int64_t k = p * width; k < last; k += kernels.lanes) {
      grid.for_each_strip(block, begin, end, kMaxTiles, [&](const TilePlace& place, int64_t r) {
        kernels.output[done.is_relu()](m + (r - begin) * width + k - p * width, planes,
                                       bias ? bias + k : nullptr, y.at(place, k),
                                       y.strip(place, k));
      });
    }
  }

  // The results [first, last) of tiles [begin, end) of the block are final.
  void tell(const TileBlock& block, int64_t begin, int64_t end, int64_t first, int64_t last) const {
    if (!done || done.is_relu()) return;
    struct Part {
      int64_t image, begin, count;
    };
    std::vector<Part> parts;  // of each channel
    const auto add = [&](int64_t image, int64_t from, int64_t count) {
      if (!parts.empty() && parts.back().image == image &&
          parts.back().begin + parts.back().count == from) {
        parts.back().count += count;
      } else {
        parts.push_back({image, from, count});
      }
    };
    grid.for_each_strip(block, begin, end, grid.across(), [&](const TilePlace& place, int64_t) {
      const int64_t columns = std::min(grid.width - place.column, 4 * place.tiles);
      const int64_t bottom = std::min(grid.height, place.row + 4);
      for (int64_t row = place.row; row < bottom; ++row)
        add(place.image, (place.slice * grid.height + row) * grid.width + place.column, columns);
    });
    for (int64_t k = first; k < last; ++k) {
      for (const Part& part : parts)
        done((part.image * y.channels + k) * product(y.extents) + part.begin, part.count);
    }
  }
};

// Slices that a result sees.
int64_t slices_of(const ConvGeometry& g) {
  return in_three(g.kernel, 1)[0];
}

}  // namespace

bool winograd_fits(const ConvGeometry& g) {
  const int axes = g.kernel.ndim();
  return axes >= 2 && g.kernel[axes - 1] == 3 && g.kernel[axes - 2] == 3 &&
         g.stride == Shape::filled(axes, 1) && g.dilation == Shape::filled(axes, 1) &&
         g.groups == 1;
}

void winograd_forward(const ConvGeometry& g, cpu::ConstReals x, const float* w, const float* bias,
                      cpu::Reals y, const Finished& done) {
  const int64_t taps = slices_of(g);
  Correlation{{x, g.in_channels, in_three(g.input, 1)},
              {y, g.out_channels, in_three(g.output, 1)},
              g.batch,
              in_three(g.before, 0),
              w,
              9 * taps,
              g.in_channels * 9 * taps,
              taps,
              false,
              bias,
              done}
      .run();
}

// Every input element sums over the results that saw it: a convolution with the kernels turned by
// 180 degrees and the channels exchanged.
void winograd_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const float* w,
                            const float* bias, cpu::Reals dx, const Finished& done) {
  const int64_t taps = slices_of(g);
  const Index before = in_three(g.before, 0);
  Correlation{{dy, g.out_channels, in_three(g.output, 1)},
              {dx, g.in_channels, in_three(g.input, 1)},
              g.batch,
              {taps - 1 - before[0], 2 - before[1], 2 - before[2]},
              w,
              g.in_channels * 9 * taps,
              9 * taps,
              taps,
              true,
              bias,
              done}
      .run();
}

}  // namespace tessera::detail
