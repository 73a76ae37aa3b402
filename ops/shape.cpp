#include "ops/shape.h"

#include <algorithm>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"

namespace tessera {

namespace {

size_t at(int i) {
  return static_cast<size_t>(i);
}

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
  // Puts the elements back: flips what was walked backwards, spreads what was skipped through a new
  // axis of zeros, and pads to the extent of x.
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    const int ndim = y.ndim();
    Shape first = Shape::filled(ndim, 0), unit = Shape::filled(ndim, 1), spread, interior_after,
          dense;
    for (int i = 0; i < ndim; ++i) {
      if (steps_[i] < 0) first[i] = std::max<int64_t>(0, y.shape(i) - 1);
      if (steps_[i] < 0) unit[i] = -1;
    }
    Tensor dx = strided(dy, first, y.shape(), unit);
    for (int i = 0; i < ndim; ++i) {
      const int64_t step = std::abs(steps_[i]);
      if (step == 1 || dx.shape(i) == 0) continue;
      const Shape split = dx.shape().inserted(i + 1, 1);
      dx = pad_zeros(reshape(dx, split), Shape::filled(split.ndim(), 0),
                     Shape::filled(split.ndim(), 0).with(i + 1, step - 1));
      dx = reshape(dx, dx.shape().without(i + 1).with(i, dx.shape(i) * step));
    }
    Shape before = Shape::filled(ndim, 0), after = before;
    for (int i = 0; i < ndim; ++i) {
      const int64_t low = steps_[i] < 0 ? begin_[i] + steps_[i] * (y.shape(i) - 1) : begin_[i];
      before[i] = y.shape(i) == 0 ? 0 : low;
      after[i] = x[0].shape(i) - dx.shape(i) - before[i];
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
  int64_t known = 1;
  int unknown = -1;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (shape[i] == -1) {
      require(unknown < 0, "reshape: only one extent may be -1, got {}", wanted);
      unknown = i;
    } else {
      known *= shape[i];
    }
  }
  if (unknown >= 0) {
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

Tensor strided(const Operand& x, const Shape& begin, const Shape& extents, const Shape& steps) {
  const Call call("strided", x.where);
  require(begin.ndim() == x.ndim() && extents.ndim() == x.ndim() && steps.ndim() == x.ndim(),
          "strided: begin {}, extents {} and steps {} must have one entry per axis of {}", begin,
          extents, steps, x.shape());
  bool whole = true;
  for (int i = 0; i < x.ndim(); ++i) {
    const int64_t last = begin[i] + steps[i] * (extents[i] - 1);
    const bool inside = begin[i] >= 0 && begin[i] < x.shape(i) && last >= 0 && last < x.shape(i);
    require(steps[i] != 0 && (extents[i] == 0 || inside),
            "strided: begin {}, extents {}, steps {} leave axis {} of {}", begin, extents, steps, i,
            x.shape());
    whole = whole && begin[i] == 0 && steps[i] == 1 && extents[i] == x.shape(i);
  }
  if (whole) return x;
  return make_node(std::make_shared<StridedOp>(begin, steps), {x}, extents, x.dtype());
}

Tensor slice(const Operand& x, int64_t axis, const SliceOptions& o) {
  const Call call("slice", x.where);
  const int a = normalize_axis(axis, x.ndim(), "slice");
  const int64_t n = x.shape(a);
  require(o.step != 0, "slice: the step must not be 0");
  const bool forward = o.step > 0;
  const int64_t low = forward ? 0 : -1, high = forward ? n : n - 1;
  const auto bound = [&](int64_t i) { return std::clamp(i < 0 ? i + n : i, low, high); };
  const int64_t start = o.start ? bound(*o.start) : forward ? 0 : n - 1;
  const int64_t stop = o.stop ? bound(*o.stop) : forward ? n : -1;
  const int64_t span = forward ? stop - start : start - stop, step = std::abs(o.step);
  const int64_t extent = std::max<int64_t>(0, (span + step - 1) / step);
  Shape begin = Shape::filled(x.ndim(), 0), steps = Shape::filled(x.ndim(), 1);
  begin[a] = extent == 0 ? 0 : start;
  steps[a] = o.step;
  return strided(x, begin, x.shape().with(a, extent), steps);
}

Tensor pad_zeros(const Operand& x, const Shape& before, const Shape& after) {
  const Call call("pad", x.where);
  require(before.ndim() == x.ndim() && after.ndim() == x.ndim(),
          "pad: before {} and after {} need one entry per axis of {}", before, after, x.shape());
  Shape shape = x.shape();
  for (int i = 0; i < x.ndim(); ++i) {
    shape[i] += before[i] + after[i];
    require(shape[i] >= 0, "pad: before {} and after {} crop more than axis {} of {} has", before,
            after, i, x.shape());
  }
  if (before == Shape::filled(x.ndim(), 0) && shape == x.shape()) return x;
  return make_node(std::make_shared<PadOp>(before), {x}, shape, x.dtype());
}

}  // namespace tessera
