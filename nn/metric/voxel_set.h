#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "core/shape.h"

namespace tessera::nn {

// A set of pixels [H, W] or voxels [D, H, W], one bit each: 64 neighbours along the last axis are
// treated by one instruction. A picture has one slice, d = 0. Outside of the grid nothing is in the
// set.
class VoxelSet {
 public:
  // Empty. Throws Error unless the shape has 2 or 3 axes.
  explicit VoxelSet(const Shape& shape);
  // The voxels whose byte is not 0. Throws Error when their number does not fit.
  VoxelSet(std::span<const uint8_t> inside, const Shape& shape);

  const Shape& shape() const { return shape_; }
  int64_t depth() const { return shape_.ndim() == 3 ? shape_[0] : 1; }
  int64_t height() const { return shape_[shape_.ndim() - 2]; }
  int64_t width() const { return shape_.back(); }

  bool contains(int64_t d, int64_t h, int64_t w) const {
    return (row(d, h)[static_cast<size_t>(w / 64)] >> (w % 64) & 1) != 0;
  }
  void insert(int64_t d, int64_t h, int64_t w) { insert(d, h, w, w + 1); }
  void insert(int64_t d, int64_t h, int64_t begin, int64_t end);  // begin <= w < end

  // The bits of a row, the lowest of the first word at w = 0; those behind the width are 0.
  std::span<uint64_t> row(int64_t d, int64_t h) {
    return std::span(bits_).subspan(start(d, h), static_cast<size_t>(words_));
  }
  std::span<const uint64_t> row(int64_t d, int64_t h) const {
    return std::span(bits_).subspan(start(d, h), static_cast<size_t>(words_));
  }

  int64_t size() const;
  bool empty() const;
  std::vector<uint8_t> bytes() const;  // 1 and 0, row-major
  bool operator==(const VoxelSet& other) const = default;

  // Calls f(d, h, w) for each voxel of the set in row-major order.
  template <class F>
  void for_each(F&& f) const {
    for (int64_t d = 0; d < depth(); ++d) {
      for (int64_t h = 0; h < height(); ++h) {
        const std::span<const uint64_t> words = row(d, h);
        for (size_t i = 0; i < words.size(); ++i) {
          for (uint64_t word = words[i]; word != 0; word &= word - 1) {
            f(d, h, static_cast<int64_t>(i) * 64 + std::countr_zero(word));
          }
        }
      }
    }
  }

 private:
  size_t start(int64_t d, int64_t h) const {
    return static_cast<size_t>((d * height() + h) * words_);
  }

  Shape shape_;
  int64_t words_ = 0;  // of a row
  std::vector<uint64_t> bits_;
};

// What is in both, in one of them at least, or in the first only. Throw Error when shapes differ.
VoxelSet intersection(const VoxelSet& a, const VoxelSet& b);
VoxelSet unite(const VoxelSet& a, const VoxelSet& b);
VoxelSet difference(const VoxelSet& a, const VoxelSet& b);

// The voxels all of whose neighbours are in the set: those that differ along at most `connectivity`
// axes by one step (1: 4 or 6 neighbours; as many as axes: 8 or 26). Same as
// scipy.ndimage.binary_erosion with generate_binary_structure(ndim, connectivity). Throws Error for
// a connectivity that is not from 1 to the number of axes.
VoxelSet eroded(const VoxelSet& set, int connectivity);

// The voxels of the set that an erosion takes away: the surface of MedPy and MONAI.
VoxelSet border(const VoxelSet& set, int connectivity = 1);

}  // namespace tessera::nn
