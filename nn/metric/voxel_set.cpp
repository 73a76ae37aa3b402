#include "nn/metric/voxel_set.h"

#include <algorithm>
#include <cstdlib>

#include "core/error.h"

namespace tessera::nn {

namespace {

// Combines the bits of two sets, word by word.
template <class F>
VoxelSet combined(const VoxelSet& a, const VoxelSet& b, F&& f) {
  require(a.shape() == b.shape(), "voxel_set: both sets must have the same shape, got {} and {}",
          a.shape(), b.shape());
  VoxelSet out(a.shape());
  for (int64_t d = 0; d < a.depth(); ++d) {
    for (int64_t h = 0; h < a.height(); ++h) {
      const auto left = a.row(d, h), right = b.row(d, h);
      const auto to = out.row(d, h);
      for (size_t i = 0; i < to.size(); ++i) to[i] = f(left[i], right[i]);
    }
  }
  return out;
}

// Keeps of `row` what is also in `other`, and, when `wide`, what is also in it one step to the left
// and to the right.
void keep(std::span<uint64_t> row, std::span<const uint64_t> other, bool wide) {
  for (size_t i = 0; i < row.size(); ++i) {
    uint64_t bits = other[i];
    if (wide) {
      const uint64_t before = i == 0 ? 0 : other[i - 1];
      const uint64_t behind = i + 1 == other.size() ? 0 : other[i + 1];
      bits &= (other[i] << 1 | before >> 63) & (other[i] >> 1 | behind << 63);
    }
    row[i] &= bits;
  }
}

}  // namespace

VoxelSet::VoxelSet(const Shape& shape) : shape_(shape) {
  require(shape.ndim() == 2 || shape.ndim() == 3,
          "voxel_set: the shape must be [H, W] or [D, H, W], got {}", shape);
  words_ = (width() + 63) / 64;
  bits_.resize(static_cast<size_t>(depth() * height() * words_));
}

VoxelSet::VoxelSet(std::span<const uint8_t> inside, const Shape& shape) : VoxelSet(shape) {
  require(static_cast<int64_t>(inside.size()) == shape.numel(),
          "voxel_set: the shape must have as many voxels as the mask, got {} and {}", shape,
          inside.size());
  const uint8_t* from = inside.data();
  for (int64_t d = 0; d < depth(); ++d) {
    for (int64_t h = 0; h < height(); ++h) {
      const auto words = row(d, h);
      for (int64_t w = 0; w < width(); ++w) {
        words[static_cast<size_t>(w / 64)] |= uint64_t{*from++ != 0} << (w % 64);
      }
    }
  }
}

void VoxelSet::insert(int64_t d, int64_t h, int64_t begin, int64_t end) {
  const auto words = row(d, h);
  for (int64_t w = begin; w < end;) {
    const int64_t count = std::min(64 - w % 64, end - w);
    words[static_cast<size_t>(w / 64)] |= (~uint64_t{0} >> (64 - count)) << (w % 64);
    w += count;
  }
}

int64_t VoxelSet::size() const {
  int64_t count = 0;
  for (const uint64_t word : bits_) count += std::popcount(word);
  return count;
}

bool VoxelSet::empty() const {
  return std::all_of(bits_.begin(), bits_.end(), [](uint64_t word) { return word == 0; });
}

std::vector<uint8_t> VoxelSet::bytes() const {
  std::vector<uint8_t> out(static_cast<size_t>(shape_.numel()));
  for_each([&](int64_t d, int64_t h, int64_t w) {
    out[static_cast<size_t>((d * height() + h) * width() + w)] = 1;
  });
  return out;
}

VoxelSet intersection(const VoxelSet& a, const VoxelSet& b) {
  return combined(a, b, [](uint64_t x, uint64_t y) { return x & y; });
}

VoxelSet unite(const VoxelSet& a, const VoxelSet& b) {
  return combined(a, b, [](uint64_t x, uint64_t y) { return x | y; });
}

VoxelSet difference(const VoxelSet& a, const VoxelSet& b) {
  return combined(a, b, [](uint64_t x, uint64_t y) { return x & ~y; });
}

VoxelSet eroded(const VoxelSet& set, int connectivity) {
  const int ndim = set.shape().ndim();
  require(connectivity >= 1 && connectivity <= ndim,
          "eroded: connectivity must be from 1 to {}, the number of axes, got {}", ndim,
          connectivity);
  VoxelSet out = set;
  const int64_t across = ndim == 3 ? 1 : 0;
  for (int64_t d = 0; d < set.depth(); ++d) {
    for (int64_t h = 0; h < set.height(); ++h) {
      const auto row = out.row(d, h);
      for (int64_t dd = -across; dd <= across; ++dd) {
        for (int64_t dh = -1; dh <= 1; ++dh) {
          const int64_t axes = std::abs(dd) + std::abs(dh);
          if (axes > connectivity) continue;
          const int64_t y = d + dd, x = h + dh;
          if (y < 0 || y >= set.depth() || x < 0 || x >= set.height()) {
            std::fill(row.begin(), row.end(), 0);
          } else {
            keep(row, set.row(y, x), axes < connectivity);
          }
        }
      }
    }
  }
  return out;
}

VoxelSet border(const VoxelSet& set, int connectivity) {
  return difference(set, eroded(set, connectivity));
}

}  // namespace tessera::nn
