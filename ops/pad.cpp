#include "ops/pad.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// The elements of an axis that stand `count` places beyond its beginning, or beyond its end.
Tensor beyond(const Tensor& x, int axis, int64_t count, bool end, PadMode mode) {
  const int64_t n = x.shape(axis);
  if (mode == PadMode::replicate)
    return expand(narrow(x, axis, end ? n - 1 : 0, 1), x.shape().with(axis, count));
  if (mode == PadMode::circular) return narrow(x, axis, end ? 0 : n - count, count);
  return flip(narrow(x, axis, end ? n - 1 - count : 1, count), {axis});
}

Tensor extended(const Tensor& x, int axis, int64_t before, int64_t after, PadMode mode) {
  const int64_t n = x.shape(axis), most = std::max(before, after);
  if (most <= 0) return x;
  constexpr int64_t kMost = int64_t{1} << 46;  // no tensor is larger
  const int64_t limit = mode == PadMode::reflect ? n - 1 : mode == PadMode::circular ? n : kMost;
  require(n > 0 && most <= limit,
          "pad: axis {} of {} can be padded by at most {} in this mode, got {} and {}", axis,
          x.shape(), n > 0 ? limit : 0, before, after);
  Tensors parts;
  if (before > 0) parts.push_back(beyond(x, axis, before, false, mode));
  parts.push_back(x);
  if (after > 0) parts.push_back(beyond(x, axis, after, true, mode));
  return cat(parts, axis);
}

}  // namespace

Tensor pad(const Operand& x, const std::vector<int64_t>& pads, const PadOptions& o) {
  const Call call("pad", x.where);
  const auto axes = static_cast<int>(std::min<size_t>(pads.size() / 2, kMaxDims + 1));
  require(pads.size() % 2 == 0 && axes <= x.ndim(),
          "pad: needs two numbers for each of some last axes of {}, got {}", x.shape(),
          fmt::join(pads, ", "));
  Shape before = Shape::filled(x.ndim(), 0), after = before;
  for (int i = 0; i < axes; ++i) {
    before[x.ndim() - 1 - i] = pads[static_cast<size_t>(2 * i)];
    after[x.ndim() - 1 - i] = pads[static_cast<size_t>(2 * i) + 1];
  }
  if (o.mode == PadMode::constant) {
    Tensor padded = pad_zeros(x, before, after);
    if (o.value == 0) return padded;
    const Tensor inside = pad_zeros(expand(scalar(int64_t{1}, bool_), x.shape()), before, after);
    return where(inside, padded, converted(o.value, x.dtype()));
  }
  Tensor y = x;
  for (int i = 0; i < x.ndim(); ++i) {
    y = extended(y, i, before[i], after[i], o.mode);
    before[i] = std::min<int64_t>(before[i], 0);
    after[i] = std::min<int64_t>(after[i], 0);
  }
  return pad_zeros(y, before, after);
}

}  // namespace tessera
