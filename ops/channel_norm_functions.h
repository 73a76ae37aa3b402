#pragma once

#include <cstdint>

#include "core/scalar.h"

// What norms over channels are made of on any device.

namespace tessera::detail {

// What a norm makes of a channel: v = (x - mean) * scale + shift, and y = v, or max(v, 0) with
// relu, where scale = weight * rstd and rstd = 1 / sqrt(var + eps).
template <class T>
struct ChannelNorm {
  T mean, rstd, scale, shift;
  bool relu;
};

// x [N, C, ...] cut into pieces of one channel of an image: short enough for the first-level cache,
// and as many as keep a GPU busy. They are numbered in the order of memory.
struct NormPieces {
  static constexpr int64_t kMost = 4096;  // elements

  int64_t batch, channels, length;  // of a channel of an image
  int64_t each, most;               // pieces of a channel of an image, and elements of such a piece
  int64_t groups;  // of an image's channels, with statistics of their own; 0: the whole batch's
  int64_t rows;    // sets of elements that share their statistics

  TESSERA_INLINE int64_t count() const { return batch * channels * each; }
  // Elements of the piece that is number `part` of its channel.
  TESSERA_INLINE int64_t size(int64_t part) const {
    const int64_t left = length - part * most;
    return left < most ? left : most;
  }
  TESSERA_INLINE int64_t row(int64_t image, int64_t channel) const {
    return groups == 0 ? channel : image * groups + channel / (channels / groups);
  }

  // The pieces of a row, in order.
  TESSERA_INLINE int64_t count_of_row() const {
    return groups == 0 ? batch * each : channels / groups * each;
  }
  TESSERA_INLINE int64_t piece_of_row(int64_t r, int64_t k) const {
    return groups == 0 ? (k / each * channels + r) * each + k % each : r * count_of_row() + k;
  }
};

}  // namespace tessera::detail
