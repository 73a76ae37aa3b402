#include <algorithm>

#include "core/cpu/gemm.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "ops/conv_winograd.h"
#include "ops/conv_winograd_tiles.h"

namespace tessera::detail {

namespace {

using cpu::Scratch;

// dw = G' (sum over tiles of (A dy A') x (B' x B)) G: matrix products with tiles as the depth.
struct WeightGradient {
  Images<cpu::ConstReals> x, dy;
  int64_t batch;
  Index before;
  int64_t taps;  // slices that a result sees
  float* dw;     // [results, channels, taps, 3, 3]

  const cpu::GemmKernel<float>& gemm = cpu::gemm_kernel<float>(x.channels);
  const TileGrid grid{batch, dy.extents[0], dy.extents[1], dy.extents[2]};
  const int64_t width = gemm.columns, panels = blocks_of(x.channels, width);
  const int64_t row = rounded(dy.channels, winograd_kernels().lanes) + kGap;  // of a tile of dy
  const int64_t padded = rounded(dy.channels, gemm.rows);
  // Sums [panels][36][taps][results][width].
  const int64_t sum_plane = padded * width + kGap;

  void run() const {
    if (dy.channels == 0 || x.channels == 0) return;
    constexpr int64_t kCache = 6 << 20, kLarge = 40 << 20;  // bytes of both transforms of a block
    const int64_t each = kPlanes * int64_t{sizeof(float)} * (panels * width + row);
    const int64_t seen = grid.in_slice() * (grid.depth + taps - 1);
    const bool whole = seen * each <= kLarge && panels * taps > 1;
    const int64_t fit = std::max<int64_t>(64, kCache / each / kMaxTiles * kMaxTiles);
    const TileBlock size = whole || grid.count() <= fit
                               ? TileBlock{0, grid.in_slice(), 0, grid.depth}
                               : grid.block_of(fit);
    const Scratch<float> v(panels * kPlanes * v_plane(size)), z(kPlanes * z_plane(size));
    const bool serial = 36.0 * static_cast<double>(grid.count() * taps) *
                            static_cast<double>(x.channels * dy.channels) <
                        cpu::kSerialWork;
    const int64_t blocks = grid.count() == 0 ? 0 : grid.blocks(size);
    if (blocks <= 1) {
      if (blocks == 1) transform(size, v.data(), z.data(), serial);
      all_at_once(size, v.data(), z.data(), serial);
      return;
    }
    const Scratch<float> sums(panels * kPlanes * taps * sum_plane);
    for (int64_t i = 0; i < blocks; ++i) {
      const TileBlock block = grid.block(size, i);
      transform(block, v.data(), z.data(), serial);
      cpu::parallel_for(panels * kPlanes * taps, serial, [&](int64_t item) {
        const int64_t plane = item / taps, tap = item % taps;
        multiply(v.data() + plane * v_plane(block) + tap * block.across() * width,
                 z.data() + plane % kPlanes * z_plane(block), block.rows(), 0, dy.channels,
                 sums.data() + item * sum_plane, i > 0);
      });
    }
    cpu::parallel_for(dy.channels, serial, [&](int64_t k) {
      for (int64_t i = 0; i < panels * taps; ++i) {
        const int64_t p = i / taps, tap = i % taps;
        finish(p, k, tap, sums.data() + (p * kPlanes * taps + tap) * sum_plane + k * width,
               taps * sum_plane);
      }
    });
  }

 private:
  int64_t v_plane(const TileBlock& block) const {
    return block.with_slices(taps - 1).rows() * width + kGap;
  }
  int64_t z_plane(const TileBlock& block) const { return block.rows() * row + kGap; }

  void transform(const TileBlock& block, float* v, float* z, bool serial) const {
    const WinogradKernels& kernels = winograd_kernels();
    const TileBlock seen = block.with_slices(taps - 1);
    cpu::parallel_for(blocks_of(seen.rows(), kMaxInputTiles), serial, [&](int64_t item) {
      const int64_t begin = item * kMaxInputTiles;
      grid.for_each_strip(seen, begin, std::min(seen.rows(), begin + kMaxInputTiles),
                          kMaxInputTiles, [&](const TilePlace& place, int64_t r) {
                            for (int64_t c = 0; c < panels * width; c += kernels.lanes) {
                              x.transform(
                                  place.moved_back(before), c,
                                  v + c / width * kPlanes * v_plane(block) + r * width + c % width,
                                  {v_plane(block), width});
                            }
                            if (r >= block.rows()) return;
                            for (int64_t k = 0; k < dy.channels; k += kernels.lanes) {
                              kernels.gradient(dy.at(place, k), dy.strip(place, k), z + r * row + k,
                                               {z_plane(block), row});
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

  // The weights of one result and tap from the channels of panel p.
  void finish(int64_t p, int64_t k, int64_t tap, const float* sum, int64_t plane) const {
    const WinogradKernels& kernels = winograd_kernels();
    const int64_t end = std::min(width, x.channels - p * width);
    for (int64_t lane = 0; lane < end; lane += kernels.lanes) {
      kernels.weight_gradient(sum + lane, plane,
                              dw + ((k * x.channels + p * width + lane) * taps + tap) * 9, 9 * taps,
                              std::min(kernels.lanes, end - lane));
    }
  }

  // When the transforms of all tiles are there, the sums of a part of the weights never leave the
  // second-level cache.
  void all_at_once(const TileBlock& block, const float* v, const float* z, bool serial) const {
    constexpr int64_t kRows = 4 * cpu::kMaxGemmRows;
    const int64_t parts = blocks_of(dy.channels, kRows), plane = kRows * width + kGap;
    cpu::parallel_for(panels * parts, serial, [&](int64_t item) {
      const int64_t p = item / parts, first = item % parts * kRows;
      const int64_t last = std::min(dy.channels, first + kRows);
      const Scratch<float> sums(kPlanes * plane);
      for (int64_t tap = 0; tap < taps; ++tap) {
        for (int64_t i = 0; i < kPlanes; ++i) {
          multiply(v + (p * kPlanes + i) * v_plane(block) + tap * block.across() * width,
                   z + i * z_plane(block), block.rows(), first, last, sums.data() + i * plane,
                   false);
        }
        for (int64_t k = first; k < last; ++k)
          finish(p, k, tap, sums.data() + (k - first) * width, plane);
      }
    });
  }
};

}  // namespace

void winograd_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                              float* dw) {
  WeightGradient{{x, g.in_channels, in_three(g.input, 1)},
                 {dy, g.out_channels, in_three(g.output, 1)},
                 g.batch,
                 in_three(g.before, 0),
                 in_three(g.kernel, 1)[0],
                 dw}
      .run();
}

}  // namespace tessera::detail
