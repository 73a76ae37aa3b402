#pragma once

#include <cstring>

#include "core/cpu/gemm_kernel.h"

namespace tessera::cpu {

// Products of blocks of 32 x 32 results by instructions on tiles, which are 16 rows of 64 bytes: of
// 32 bf16, or of 16 f32. Tiles is AmxTiles, or PlainTiles in tests. Tiles 0 to 3 hold the sums, 4
// and 5 rows of a, 6 and 7 rows of pairs of b.
inline constexpr int64_t kTileRows = 16, kTileBlock = 2 * kTileRows;

template <class Tiles>
void multiply_tiles(int64_t, int64_t depth, const BFloat16* a, int64_t a_row, int64_t,
                    const BFloat16* b, float* c, int64_t c_row, bool accumulate) {
  constexpr int64_t kHalf = sizeof(BFloat16),
                    kPairs = 2 * kTileBlock * kHalf;  // bytes of a row of b
  const int64_t a_bytes = a_row * kHalf, c_bytes = c_row * static_cast<int64_t>(sizeof(float));
  float* const below = c + kTileRows * c_row;
  Tiles tiles;
  if (accumulate) {
    tiles.template load<0>(c, c_bytes);
    tiles.template load<1>(c + kTileRows, c_bytes);
    tiles.template load<2>(below, c_bytes);
    tiles.template load<3>(below + kTileRows, c_bytes);
  } else {
    tiles.template zero<0>();
    tiles.template zero<1>();
    tiles.template zero<2>();
    tiles.template zero<3>();
  }
  for (int64_t p = 0; p < depth; p += kTileBlock, a += kTileBlock, b += kTileBlock * kTileBlock) {
    tiles.template load<4>(a, a_bytes);
    tiles.template load<5>(a + kTileRows * a_row, a_bytes);
    tiles.template load<6>(b, kPairs);
    tiles.template load<7>(b + kTileBlock, kPairs);
    tiles.template multiply<0, 4, 6>();
    tiles.template multiply<1, 4, 7>();
    tiles.template multiply<2, 5, 6>();
    tiles.template multiply<3, 5, 7>();
  }
  tiles.template store<0>(c, c_bytes);
  tiles.template store<1>(c + kTileRows, c_bytes);
  tiles.template store<2>(below, c_bytes);
  tiles.template store<3>(below + kTileRows, c_bytes);
}

template <class Tiles>
constexpr GemmKernel<BFloat16> tile_kernel() {
  return {kTileBlock, kTileBlock, kTileBlock, multiply_tiles<Tiles>};
}

// What the instructions do, in plain C++.
class PlainTiles {
 public:
  template <int kTo>
  void zero() {
    std::memset(bytes_[kTo], 0, sizeof bytes_[kTo]);
  }
  template <int kTo>
  void load(const void* from, int64_t stride) {
    for (int64_t r = 0; r < kTileRows; ++r)
      std::memcpy(bytes_[kTo][r], static_cast<const std::byte*>(from) + r * stride, 64);
  }
  template <int kFrom>
  void store(void* to, int64_t stride) const {
    for (int64_t r = 0; r < kTileRows; ++r)
      std::memcpy(static_cast<std::byte*>(to) + r * stride, bytes_[kFrom][r], 64);
  }
  template <int kSum, int kA, int kB>
  void multiply() {
    float sum[kTileRows][kTileRows];
    BFloat16 a[kTileRows][kTileBlock], b[kTileRows][kTileBlock];
    std::memcpy(sum, bytes_[kSum], sizeof sum);
    std::memcpy(static_cast<void*>(a), bytes_[kA], sizeof a);
    std::memcpy(static_cast<void*>(b), bytes_[kB], sizeof b);
    for (int64_t r = 0; r < kTileRows; ++r) {
      for (int64_t k = 0; k < kTileRows; ++k) {
        for (int64_t j = 0; j < kTileRows; ++j) {
          sum[r][j] += static_cast<float>(a[r][2 * k]) * static_cast<float>(b[k][2 * j]);
          sum[r][j] += static_cast<float>(a[r][2 * k + 1]) * static_cast<float>(b[k][2 * j + 1]);
        }
      }
    }
    std::memcpy(bytes_[kSum], sum, sizeof sum);
  }

 private:
  std::byte bytes_[8][kTileRows][64];
};

}  // namespace tessera::cpu
