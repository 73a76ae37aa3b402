#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/memory_format.h"

namespace tessera {

// A linear form over iteration indices: offset + sum_k coef[k] * i_k.
struct Linear {
  std::array<int64_t, kMaxDims> coef{};
  int64_t offset = 0;

  bool operator==(const Linear&) const = default;
};

// An affine map from the indices of an iteration space to the indices of an array, one linear form
// per axis of the array: broadcasting, transposes, slices, flips, padding and (where it stays
// affine) reshapes are all of this form, and so are their compositions.
struct Access {
  Shape space;  // extents of the iteration space
  Shape array;  // extents of the array
  std::array<Linear, kMaxDims> axis{};

  static Access identity(const Shape& shape);
  // All elements of an array, its axes in that order.
  static Access permuted(const Shape& array, const Shape& order);
  // Reads `array` by NumPy's broadcasting from an iteration over `space`.
  static Access broadcast(const Shape& space, const Shape& array);

  bool operator==(const Access& other) const;
  bool is_identity() const;

  // First this, then `next`, whose space is this array.
  Access then(const Access& next) const;

  // The same elements of a reshaped array: the array of extents `array` is reinterpreted, in
  // row-major order, as `reshaped`. Empty when the result is not affine.
  std::optional<Access> reshaped(const Shape& reshaped) const;

  // Position in the array's memory.
  Linear flat(MemoryFormat format = MemoryFormat::row_major) const;
};

// Least and greatest value of a form over a space without empty axes.
struct Range {
  int64_t low, high;
};
Range range_of(const Linear& form, const Shape& space);

}  // namespace tessera
