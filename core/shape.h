#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace tessera {

inline constexpr int kMaxDims = 8;

// Extents of a tensor, outermost first; at most 8 of them, each at least 0. Also used for other
// short lists of integers that belong to dimensions (strides, axes, permutations).
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> extents)
      : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const int64_t> extents);

  static Shape filled(int ndim, int64_t value);

  int ndim() const { return ndim_; }
  bool empty() const { return ndim_ == 0; }
  int64_t operator[](int axis) const { return extents_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return extents_[static_cast<size_t>(axis)]; }
  int64_t back() const { return (*this)[ndim_ - 1]; }
  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + ndim_; }

  // Product of the extents; 1 for a scalar, the largest number when it does not fit.
  int64_t numel() const;

  void push_back(int64_t extent);
  Shape without(int axis) const;                   // that axis removed
  Shape with(int axis, int64_t extent) const;      // that extent replaced
  Shape inserted(int axis, int64_t extent) const;  // a new axis in front of `axis`
  Shape slice(int begin, int end) const;           // the extents begin <= axis < end

  bool operator==(const Shape& other) const;
  std::string str() const;  // "[2, 3]"

 private:
  int ndim_ = 0;
  std::array<int64_t, kMaxDims> extents_{};
};

// The shape both broadcast to by NumPy's rules (aligned at the last axis; an extent of 1
// stretches). `op` names the caller in the error.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op);

// `axis` counted from the front, for -ndim <= axis < ndim; throws otherwise, naming `op`.
int normalize_axis(int64_t axis, int ndim, const char* op);

// Row-major strides, in elements.
Shape row_major_strides(const Shape& shape);

}  // namespace tessera
