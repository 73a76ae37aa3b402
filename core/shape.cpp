#include "core/shape.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace tessera {

Shape::Shape(std::span<const int64_t> extents) {
  require(extents.size() <= kMaxDims, "shape: at most {} dimensions are possible, got {}", kMaxDims,
          extents.size());
  ndim_ = static_cast<int>(extents.size());
  std::copy(extents.begin(), extents.end(), extents_.begin());
}

Shape Shape::filled(int ndim, int64_t value) {
  Shape shape;
  for (int i = 0; i < ndim; ++i) shape.push_back(value);
  return shape;
}

int64_t Shape::numel() const {
  int64_t n = 1;
  bool huge = false;
  for (const int64_t extent : *this) huge |= __builtin_mul_overflow(n, extent, &n);
  if (!huge) return n;
  const bool empty = std::find(begin(), end(), 0) != end();
  return empty ? 0 : std::numeric_limits<int64_t>::max();
}

void Shape::push_back(int64_t extent) {
  require(ndim_ < kMaxDims, "shape: at most {} dimensions are possible, got one more than {}",
          kMaxDims, *this);
  extents_[static_cast<size_t>(ndim_++)] = extent;
}

Shape Shape::without(int axis) const {
  Shape result;
  for (int i = 0; i < ndim_; ++i) {
    if (i != axis) result.push_back((*this)[i]);
  }
  return result;
}

Shape Shape::with(int axis, int64_t extent) const {
  Shape result = *this;
  result[axis] = extent;
  return result;
}

Shape Shape::inserted(int axis, int64_t extent) const {
  Shape result = slice(0, axis);
  result.push_back(extent);
  for (int i = axis; i < ndim_; ++i) result.push_back((*this)[i]);
  return result;
}

Shape Shape::slice(int begin, int end) const {
  return Shape(
      std::span(extents_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Shape::str() const {
  return fmt::format("[{}]", fmt::join(begin(), end(), ", "));
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op) {
  const int ndim = std::max(a.ndim(), b.ndim());
  Shape result = Shape::filled(ndim, 1);
  for (int i = 1; i <= ndim; ++i) {
    const int64_t x = i <= a.ndim() ? a[a.ndim() - i] : 1;
    const int64_t y = i <= b.ndim() ? b[b.ndim() - i] : 1;
    require(x == y || x == 1 || y == 1,
            "{}: shapes {} and {} do not broadcast: axis -{} has extents {} and {}, which must be "
            "equal or 1",
            op, a, b, i, x, y);
    result[ndim - i] = x == 1 ? y : x;
  }
  return result;
}

int normalize_axis(int64_t axis, int ndim, const char* op) {
  require(axis >= -ndim && axis < ndim,
          "{}: axis must lie in [{}, {}), got {} for a tensor of {} dimensions", op, -ndim, ndim,
          axis, ndim);
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Shape row_major_strides(const Shape& shape) {
  Shape strides = Shape::filled(shape.ndim(), 1);
  for (int i = shape.ndim() - 2; i >= 0; --i) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

}  // namespace tessera
