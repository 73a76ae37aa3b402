#pragma once

#include <algorithm>
#include <bit>
#include <string>

#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/channel_norm.h"
#include "ops/channel_norm_last.cu.inc"

// How ops/channel_norm.cpp launches the kernels of ops/channel_norm.cu.inc, or those of
// ops/channel_norm_last.cu.inc where x is channels-last.
namespace tessera::detail {

// x [N, C, ...] in pieces of at most so many elements.
inline NormPieces pieces_of(const Shape& x, NormGroups of, int64_t most = NormPieces::kMost) {
  const int64_t length = x.slice(2, x.ndim()).numel();
  return {x[0], x[1], length, (length + most - 1) / most, most, of.number, of.rows(x)};
}

// What is the same for all that an op launches.
class GpuNorm {
 public:
  GpuNorm(cuda::Stream& stream, const Array& x, NormGroups groups)
      : stream_(stream),
        type_(x.dtype),
        last_(x.format == MemoryFormat::channels_last && !same_in_both_formats(x.shape)) {
    norm.x = x.data;
    norm.pieces = pieces_of(x.shape, groups);
    width_ = cuda::pack_width(type_, last_ ? x.shape[1] : norm.pieces.length);
    if (!last_) return;
    const int64_t packs = x.shape[1] / width_;
    side_ = packs_of_strip(packs);
    strips_ = (packs + side_ - 1) / side_;
    norm.pieces = pieces_of(x.shape, groups, pixels_of_piece());
  }

  // Memory for a P for each of `count` pieces or rows.
  template <class P>
  cuda::Stream::Scratch parts(int64_t count) {
    return stream_.scratch(count * static_cast<int64_t>(sizeof(P)));
  }
  // A kernel that is given a piece for each norm.lanes threads, or W of them that lie side by side.
  void launch_on_pieces(const char* kernel) {
    const std::string types = std::string(cuda::c_type(type_)) + ", " + std::to_string(width_);
    if (last_) {
      norm.lanes = static_cast<int>(cuda::kThreads / side_);
      const NormPieces& p = norm.pieces;
      launch("ops/channel_norm_last.cu.inc", std::string("last::") + kernel + "<" + types + ">",
             {p.batch * p.each * strips_});
    } else {
      norm.lanes = cuda::lanes_for(std::min(norm.pieces.length, norm.pieces.most));
      launch("ops/channel_norm.cu.inc", std::string(kernel) + "<" + types + ">",
             cuda::blocks_for(norm.pieces.count() * norm.lanes));
    }
  }
  // One that is given a row, of which it adds up n things: each takes longer than an element.
  void launch_on_rows(const char* kernel, int64_t n) {
    norm.lanes = cuda::lanes_for(16 * n);
    const std::string type = cuda::c_type(compute_type(type_));
    launch("ops/channel_norm.cu.inc", std::string(kernel) + "<" + type + ">",
           cuda::blocks_for(norm.pieces.rows * norm.lanes));
  }

  cuda::channel_norm::Norm norm;

 private:
  // Packs that lie side by side in a strip, a power of two: as many as are read as one, 128 bytes,
  // or fewer where that leaves fewer threads without any, but not less than 32 bytes.
  int64_t packs_of_strip(int64_t packs) const {
    const int64_t bytes = width_ * size_of(type_);
    auto side = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(packs)));
    side = std::min(side, 128 / bytes);
    const auto covered = [&](int64_t by) { return (packs + by - 1) / by * by; };
    while (side * bytes > 32 && covered(side / 2) < covered(side)) side /= 2;
    return side;
  }
  // So few that there are enough blocks for a large GPU, but at least four for each thread.
  int64_t pixels_of_piece() const {
    constexpr int64_t kBlocks = 512, kPixels = 4;
    const NormPieces& p = norm.pieces;
    const int64_t most_parts = p.length / (cuda::kThreads / side_ * kPixels);
    const int64_t parts = std::clamp<int64_t>(kBlocks / std::max<int64_t>(1, p.batch * strips_), 1,
                                              std::max<int64_t>(1, most_parts));
    return std::max<int64_t>(1, (p.length + parts - 1) / parts);
  }
  void launch(std::string_view file, const std::string& kernel, cuda::Blocks blocks) {
    stream_.launch(file, "cuda::channel_norm::" + kernel, blocks, norm);
  }

  cuda::Stream& stream_;
  DType type_;
  bool last_;
  int width_ = 1;
  int64_t side_ = 1, strips_ = 1;  // of channels-last arrays
};

}  // namespace tessera::detail
