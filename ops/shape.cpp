#include "ops/shape.h"

#include <algorithm>

#include "core/error.h"
#include "core/index.h"
#include "core/op.h"
#include "ops/binary.h"

namespace tessera {

namespace {

using detail::at;

class PermuteOp final : public AccessOp {
 public:
  explicit PermuteOp(const Shape& axes) : axes_(axes) {}
  std::string_view name() const override { return "permute"; }
  void key(std::string& out) const override { append_key(out, axes_); }
  Access access(const Node& node) const override {
    Access access{node.shape, node.input(0)->shape, {}};
    for (int i = 0; i < axes_.ndim(); ++i) {
      if (node.shape[i] != 1) access.axis[at(static_cast<int>(axes_[i]))].coef[at(i)] = 1;
    }
    return access;
  }
  Tensors vjp(const Tensors&, const Tensor&, const Tensor& dy, Needed) const override {
    Shape inverse = axes_;
    for (int i = 0; i < axes_.ndim(); ++i) inverse[static_cast<int>(axes_[i])] = i;
    return {permute(dy, inverse)};
  }

 private:
  Shape axes_;
};

class ExpandOp final : public AccessOp {
 public:
  std::string_view name() const override { return "expand"; }
  Access access(const Node& node) const override {
    return Access::broadcast(node.shape, node.input(0)->shape);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {unbroadcast(dy, x[0].shape())};
  }
};

// x with step - 1 zeros behind every element of an axis.
Tensor spread(const Tensor& x, int axis, int64_t step) {
  const int64_t outer = x.shape().slice(0, axis).numel(), n = x.shape(axis);
  const int64_t inner = x.shape().slice(axis + 1, x.ndim()).numel();
  const Tensor gaps =
      pad_zeros(reshape(x, {outer, n, 1, inner}), {0, 0, 0, 0}, {0, 0, step - 1, 0});
  return reshape(gaps, x.shape().with(axis, n * step));
}

class StridedOp final : public AccessOp {
 public:
  StridedOp(const Shape& begin, const Shape& steps) : begin_(begin), steps_(steps) {}
  std::string_view name() const override { return "slice"; }
  void key(std::string& out) const override { append_key(out, begin_, steps_); }
  Access access(const Node& node) const override {
    Access access{node.shape, node.input(0)->shape, {}};
    for (int i = 0; i < begin_.ndim(); ++i) {
      access.axis[at(i)].offset = begin_[i];
      if (node.shape[i] != 1) access.axis[at(i)].coef[at(i)] = steps_[i];
    }
    return access;
  }
  // Puts the elements back where they were read, with zeros between and around them.
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    Shape backwards, before = begin_, after = x[0].shape();
    for (int i = 0; i < y.ndim(); ++i) {
      if (steps_[i] > 0) continue;
      backwards.push_back(i);
      before[i] += steps_[i] * (y.shape(i) - 1);
    }
    Tensor dx = flip(dy, backwards);
    for (int i = 0; i < y.ndim(); ++i) {
      if (std::abs(steps_[i]) > 1) dx = spread(dx, i, std::abs(steps_[i]));
      after[i] -= before[i] + dx.shape(i);
    }
    return {pad_zeros(dx, before, after)};
  }

 private:
  Shape begin_, steps_;
};

class PadOp final : public AccessOp {
 public:
  explicit PadOp(const Shape& before) : before_(before) {}
  std::string_view name() const override { return "pad"; }
  void key(std::string& out) const override { append_key(out, before_); }
  bool guarded() const override { return true; }
  Access access(const Node& node) const override {
    Access access = Access{node.shape, node.input(0)->shape, {}};
    for (int i = 0; i < before_.ndim(); ++i) {
      access.axis[at(i)].offset = -before_[i];
      if (node.shape[i] != 1) access.axis[at(i)].coef[at(i)] = 1;
    }
    return access;
  }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    Shape before = before_, after = before_;
    for (int i = 0; i < before_.ndim(); ++i) {
      before[i] = -before_[i];
      after[i] = x[0].shape(i) - y.shape(i) + before_[i];
    }
    return {pad_zeros(dy, before, after)};
  }

 private:
  Shape before_;
};

}  // namespace

Tensor reshape(const Operand& x, const Shape& wanted) {
  const Call call("reshape", x.where);
  Shape shape = wanted;
  int unknown = -1;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (shape[i] != -1) continue;
    require(unknown < 0, "reshape: only one extent may be -1, got {}", wanted);
    unknown = i;
  }
  if (unknown >= 0) {
    const int64_t known = shape.without(unknown).numel();
    require(known > 0 && x.numel() % known == 0, "reshape: {} elements of {} do not fit {}",
            x.numel(), x.shape(), wanted);
    shape[unknown] = x.numel() / known;
  }
  require(shape.numel() == x.numel(), "reshape: {} has {} elements, but {} needs {}", x.shape(),
          x.numel(), wanted, shape.numel());
  if (shape == x.shape()) return x;
  return reshaped(x, shape);
}

Tensor permute(const Operand& x, const Shape& axes) {
  const Call call("permute", x.where);
  require(axes.ndim() == x.ndim(), "permute: needs one axis for each of the {} of {}, got {}",
          x.ndim(), x.shape(), axes);
  Shape order = axes, shape = x.shape();
  unsigned seen = 0;
  for (int i = 0; i < axes.ndim(); ++i) {
    order[i] = normalize_axis(axes[i], x.ndim(), "permute");
    seen |= 1U << order[i];
    shape[i] = x.shape(order[i]);
  }
  require(seen == (1U << x.ndim()) - 1, "permute: every axis must appear once, got {}", axes);
  return make_node(std::make_shared<PermuteOp>(order), {x}, shape, x.dtype());
}

Tensor expand(const Operand& x, const Shape& wanted) {
  const Call call("expand", x.where);
  const int extra = wanted.ndim() - x.ndim();
  require(extra >= 0, "expand: {} has more axes than {}", x.shape(), wanted);
  Shape shape = wanted;
  for (int i = 0; i < shape.ndim(); ++i) {
    const int64_t own = i < extra ? 1 : x.shape(i - extra);
    if (shape[i] == -1 && i >= extra) shape[i] = own;
    require(own == shape[i] || own == 1, "expand: axis {} of {} has extent {} and cannot become {}",
            i, x.shape(), own, shape[i]);
  }
  static const ExpandOp op;
  if (shape == x.shape()) return x;
  return make_node(static_op(op), {x}, shape, x.dtype());
}

Tensor strided(const Operand& x, const Shape& wanted_begin, const Shape& extents,
               const Shape& wanted_steps) {
  const Call call("strided", x.where);
  Shape begin = wanted_begin, steps = wanted_steps;
  require(begin.ndim() == x.ndim() && extents.ndim() == x.ndim() && steps.ndim() == x.ndim(),
          "strided: begin {}, extents {} and steps {} must have one entry per axis of {}", begin,
          extents, steps, x.shape());
  bool whole = true;
  for (int i = 0; i < x.ndim(); ++i) {
    // Where nothing is walked, the numbers do not matter; they must not make gradients large.
    if (extents[i] == 0) begin[i] = 0;
    if (extents[i] <= 1) steps[i] = 1;
    const int64_t last = x.shape(i) - 1;
    const bool inside =
        begin[i] >= 0 && begin[i] <= last && steps[i] != 0 &&
        extents[i] - 1 <= (steps[i] > 0 ? (last - begin[i]) / steps[i] : -(begin[i] / steps[i]));
    require(extents[i] == 0 || (extents[i] > 0 && inside),
            "strided: begin {}, extents {}, steps {} leave axis {} of {}", wanted_begin, extents,
            wanted_steps, i, x.shape());
    whole = whole && steps[i] == 1 && extents[i] == x.shape(i);
  }
  if (whole) return x;
  return make_node(std::make_shared<StridedOp>(begin, steps), {x}, extents, x.dtype());
}

Tensor slice(const Operand& x, const std::vector<SliceOptions>& axes) {
  const Call call("slice", x.where);
  require(axes.size() <= static_cast<size_t>(x.ndim()), "slice: got {} axes for {} of {}",
          axes.size(), x.ndim(), x.shape());
  Shape begin = Shape::filled(x.ndim(), 0), extents = x.shape();
  Shape steps = Shape::filled(x.ndim(), 1);
  for (int i = 0; i < static_cast<int>(axes.size()); ++i) {
    const SliceOptions& o = axes[at(i)];
    require(o.step != 0, "slice: the step must not be 0");
    const bool forward = o.step > 0;
    const int64_t n = x.shape(i), low = forward ? 0 : -1, high = forward ? n : n - 1;
    const auto bound = [&](int64_t index) {
      return std::clamp(index < 0 ? index + n : index, low, high);
    };
    const int64_t start = o.start ? bound(*o.start) : forward ? 0 : n - 1;
    const int64_t stop = o.stop ? bound(*o.stop) : forward ? n : -1;
    const bool some = forward ? start < stop : stop < start;
    begin[i] = start;
    steps[i] = o.step;
    extents[i] = some ? (stop - start + (forward ? -1 : 1)) / o.step + 1 : 0;
  }
  return strided(x, begin, extents, steps);
}

Tensor slice(const Operand& x, int64_t axis, const SliceOptions& options) {
  const Call call("slice", x.where);
  std::vector<SliceOptions> axes(at(normalize_axis(axis, x.ndim(), "slice")) + 1);
  axes.back() = options;
  return slice(x, axes);
}

Tensor flip(const Operand& x, const Shape& axes) {
  const Call call("flip", x.where);
  Shape begin = Shape::filled(x.ndim(), 0), steps = Shape::filled(x.ndim(), 1);
  for (const int64_t axis : axes) {
    const int a = normalize_axis(axis, x.ndim(), "flip");
    require(steps[a] == 1, "flip: axis {} is named twice in {}", axis, axes);
    begin[a] = x.shape(a) - 1;
    steps[a] = -1;
  }
  return strided(x, begin, x.shape(), steps);
}

Tensor pad_zeros(const Operand& x, const Shape& before, const Shape& after) {
  const Call call("pad", x.where);
  require(before.ndim() == x.ndim() && after.ndim() == x.ndim(),
          "pad: before {} and after {} need one entry per axis of {}", before, after, x.shape());
  constexpr int64_t kMost = int64_t{1} << 46;  // no tensor is larger
  Shape shape = x.shape();
  for (int i = 0; i < x.ndim(); ++i) {
    require(std::min(before[i], after[i]) >= -kMost && std::max(before[i], after[i]) <= kMost,
            "pad: before {} and after {} are larger than any memory", before, after);
    shape[i] += before[i] + after[i];
    require(shape[i] >= 0, "pad: before {} and after {} crop more than axis {} of {} has", before,
            after, i, x.shape());
  }
  if (before == Shape::filled(x.ndim(), 0) && shape == x.shape()) return x;
  return make_node(std::make_shared<PadOp>(before), {x}, shape, x.dtype());
}

}  // namespace tessera
