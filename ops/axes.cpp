#include "ops/axes.h"

#include <algorithm>
#include <bitset>

#include "core/error.h"
#include "ops/shape.h"

namespace tessera {

namespace {

using AxisSet = std::bitset<kMaxDims>;

// The axes as a set, of a tensor of `ndim`; throws when one is named twice.
AxisSet set_of(const Shape& axes, int ndim, const char* op) {
  AxisSet chosen;
  for (const int64_t axis : axes) {
    const auto a = static_cast<size_t>(normalize_axis(axis, ndim, op));
    require(!chosen[a], "{}: axis {} is named twice in {}", op, axis, axes);
    chosen.set(a);
  }
  return chosen;
}

Tensor without(const Tensor& x, const AxisSet& axes) {
  Shape shape;
  for (int i = 0; i < x.ndim(); ++i) {
    if (x.shape(i) != 1 || !axes[static_cast<size_t>(i)]) shape.push_back(x.shape(i));
  }
  return reshape(x, shape);
}

}  // namespace

Tensor transpose(const Operand& x, int64_t axis0, int64_t axis1) {
  const Call call("transpose", x.where);
  const int a = normalize_axis(axis0, x.ndim(), "transpose");
  const int b = normalize_axis(axis1, x.ndim(), "transpose");
  Shape order;
  for (int i = 0; i < x.ndim(); ++i) order.push_back(i == a ? b : i == b ? a : i);
  return permute(x, order);
}

Tensor movedim(const Operand& x, const Shape& source, const Shape& destination) {
  const Call call("movedim", x.where);
  require(source.ndim() == destination.ndim(),
          "movedim: needs one destination for each source, got {} and {}", source, destination);
  const AxisSet moved = set_of(source, x.ndim(), "movedim");
  set_of(destination, x.ndim(), "movedim");
  Shape order = Shape::filled(x.ndim(), -1);
  for (int i = 0; i < source.ndim(); ++i) {
    order[normalize_axis(destination[i], x.ndim(), "movedim")] =
        normalize_axis(source[i], x.ndim(), "movedim");
  }
  int next = 0;
  for (int i = 0; i < x.ndim(); ++i) {
    if (order[i] >= 0) continue;
    while (moved[static_cast<size_t>(next)]) ++next;
    order[i] = next++;
  }
  return permute(x, order);
}

Tensor movedim(const Operand& x, int64_t source, int64_t destination) {
  const Call call("movedim", x.where);
  return movedim(x, Shape{source}, Shape{destination});
}

Tensor squeeze(const Operand& x) {
  const Call call("squeeze", x.where);
  return without(x, AxisSet().set());
}

Tensor squeeze(const Operand& x, const Shape& axes) {
  const Call call("squeeze", x.where);
  return without(x, set_of(axes, x.ndim(), "squeeze"));
}

Tensor squeeze(const Operand& x, int64_t axis) {
  const Call call("squeeze", x.where);
  return squeeze(x, Shape{axis});
}

Tensor unsqueeze(const Operand& x, const Shape& axes) {
  const Call call("unsqueeze", x.where);
  const int ndim = x.ndim() + axes.ndim();
  require(ndim <= kMaxDims, "unsqueeze: {} more axes for {} are more than {}", axes.ndim(),
          x.shape(), kMaxDims);
  const AxisSet added = set_of(axes, ndim, "unsqueeze");
  Shape shape;
  for (int i = 0, next = 0; i < ndim; ++i)
    shape.push_back(added[static_cast<size_t>(i)] ? 1 : x.shape(next++));
  return reshape(x, shape);
}

Tensor unsqueeze(const Operand& x, int64_t axis) {
  const Call call("unsqueeze", x.where);
  return unsqueeze(x, Shape{axis});
}

Tensor flatten(const Operand& x, int64_t start, int64_t end) {
  const Call call("flatten", x.where);
  const int ndim = std::max(1, x.ndim());
  const int first = normalize_axis(start, ndim, "flatten");
  const int last = normalize_axis(end, ndim, "flatten");
  require(first <= last, "flatten: start must not come after end, got {} and {} for {}", start, end,
          x.shape());
  if (x.ndim() == 0) return reshape(x, {1});
  Shape shape = x.shape().slice(0, first);
  shape.push_back(x.shape().slice(first, last + 1).numel());
  for (int i = last + 1; i < x.ndim(); ++i) shape.push_back(x.shape(i));
  return reshape(x, shape);
}

Tensor unflatten(const Operand& x, int64_t axis, const Shape& extents) {
  const Call call("unflatten", x.where);
  const int a = normalize_axis(axis, x.ndim(), "unflatten");
  Shape split = extents;
  int unknown = -1;
  for (int i = 0; i < split.ndim(); ++i) {
    if (split[i] == -1) unknown = i;
  }
  if (unknown >= 0)
    split[unknown] = x.shape(a) / std::max<int64_t>(1, split.without(unknown).numel());
  require(split.numel() == x.shape(a), "unflatten: axis {} of {} cannot be split into {}", a,
          x.shape(), extents);
  Shape shape = x.shape().slice(0, a);
  for (const int64_t extent : split) shape.push_back(extent);
  for (int i = a + 1; i < x.ndim(); ++i) shape.push_back(x.shape(i));
  return reshape(x, shape);
}

Tensor select(const Operand& x, int64_t axis, int64_t index) {
  const Call call("select", x.where);
  const int a = normalize_axis(axis, x.ndim(), "select");
  const int64_t n = x.shape(a);
  require(index >= -n && index < n, "select: index must lie in [{}, {}) on axis {} of {}, got {}",
          -n, n, a, x.shape(), index);
  return reshape(narrow(x, a, index, 1), x.shape().without(a));
}

Tensor narrow(const Operand& x, int64_t axis, int64_t start, int64_t length) {
  const Call call("narrow", x.where);
  const int a = normalize_axis(axis, x.ndim(), "narrow");
  const int64_t n = x.shape(a);
  require(start >= -n && start <= n && length >= 0 && length <= n - (start < 0 ? start + n : start),
          "narrow: start {} and length {} leave axis {} of {}", start, length, a, x.shape());
  return strided(x, Shape::filled(x.ndim(), 0).with(a, start < 0 ? start + n : start),
                 x.shape().with(a, length), Shape::filled(x.ndim(), 1));
}

Tensor diagonal(const Operand& x, int64_t offset, int64_t axis0, int64_t axis1) {
  const Call call("diagonal", x.where);
  const int a = normalize_axis(axis0, x.ndim(), "diagonal");
  const int b = normalize_axis(axis1, x.ndim(), "diagonal");
  require(a != b, "diagonal: the two axes of {} must differ, got {} twice", x.shape(), a);
  const int64_t rows = x.shape(a), columns = x.shape(b);
  const int64_t shift = std::clamp(offset, -rows, columns);
  const int64_t row = std::max<int64_t>(0, -shift), column = std::max<int64_t>(0, shift);
  const int64_t n = std::min(rows - row, columns - column);
  // In the square that the diagonal spans, flattened, it is every (n + 1)-th element.
  Tensor square = narrow(narrow(x, a, row, n), b, column, n);
  square = flatten(movedim(square, Shape{a, b}, Shape{-2, -1}), -2);
  return slice(square, -1, {.step = n + 1});
}

}  // namespace tessera
