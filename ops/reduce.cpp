#include "ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/scan.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The reduced axes as ReduceOp wants them: from the front, sorted; none means all. A 0-dimensional
// tensor may be reduced over axis 0 or -1, as in PyTorch.
Shape sorted_axes(const Operand& x, const Shape& axes, const char* op) {
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  std::array<bool, kMaxDims> chosen{};
  for (const int64_t axis : axes) {
    const auto a = static_cast<size_t>(normalize_axis(axis, std::max(x.ndim(), 1), op));
    require(!chosen[a], "{}: axis {} is named twice in {}", op, axis, axes);
    chosen[a] = true;
  }
  Shape sorted;
  for (int i = 0; i < x.ndim(); ++i) {
    if (axes.empty() || chosen[static_cast<size_t>(i)]) sorted.push_back(i);
  }
  return sorted;
}

Shape kept_shape(const Shape& shape, const Shape& axes) {
  Shape kept = shape;
  for (const int64_t axis : axes) kept[static_cast<int>(axis)] = 1;
  return kept;
}

// y, whose reduced axes have extent 1, without them.
Tensor dropped(const Tensor& y, const Shape& axes, bool keepdim) {
  if (keepdim) return y;
  Shape shape = y.shape();
  for (int i = axes.ndim() - 1; i >= 0; --i) shape = shape.without(static_cast<int>(axes[i]));
  return reshape(y, shape);
}

int64_t reduced_count(const Shape& shape, const Shape& axes) {
  int64_t count = 1;
  for (const int64_t axis : axes) count *= shape[static_cast<int>(axis)];
  return count;
}

// The op over x with the reduced axes kept.
template <class Op, class... Args>
Tensor reduced(const Tensor& x, const Shape& axes, DType dtype, Args... args) {
  return make_node(std::make_shared<Op>(args..., axes), {x}, kept_shape(x.shape(), axes), dtype);
}

class SumOp final : public ReduceOp {
 public:
  explicit SumOp(const Shape& axes) : ReduceOp(Reduction::sum, axes) {}
  std::string_view name() const override { return "sum"; }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {expand(dy, x[0].shape())};
  }
};

class ProdOp final : public ReduceOp {
 public:
  explicit ProdOp(const Shape& axes) : ReduceOp(Reduction::prod, axes) {}
  std::string_view name() const override { return "prod"; }
  // dy times the product of all other elements: of those before and of those behind, so that zeros
  // need no division.
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    if (axes.empty()) return {dy};
    const int ndim = x[0].ndim();
    Shape order, inverse = Shape::filled(ndim, 0);
    for (const bool last : {false, true}) {
      for (int i = 0; i < ndim; ++i) {
        const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (reduced == last) order.push_back(i);
      }
    }
    for (int i = 0; i < ndim; ++i) inverse[static_cast<int>(order[i])] = i;
    const Tensor grouped = permute(x[0], order);
    Shape rows = grouped.shape().slice(0, ndim - axes.ndim());
    rows.push_back(reduced_count(x[0].shape(), axes));
    const Tensor line = reshape(grouped, rows);
    const Tensor others = cumprod(line, -1, {.exclusive = true}) *
                          cumprod(line, -1, {.exclusive = true, .reverse = true});
    return {dy * permute(reshape(others, grouped.shape()), inverse)};
  }
};

class TruthOp final : public ReduceOp {
 public:
  using ReduceOp::ReduceOp;
  std::string_view name() const override { return kind == Reduction::any ? "any" : "all"; }
};

class PositionOp final : public ReduceOp {
 public:
  using ReduceOp::ReduceOp;
  std::string_view name() const override { return kind == Reduction::argmax ? "argmax" : "argmin"; }
};

// Whether the gradient of an extreme goes to its first place or to all of them.
enum class Ties : uint8_t { share, first };

class ExtremeOp final : public ReduceOp {
 public:
  ExtremeOp(Reduction reduction, Ties ties, const Shape& axes)
      : ReduceOp(reduction, axes), ties_(ties) {}
  std::string_view name() const override { return kind == Reduction::max ? "max" : "min"; }

  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    if (ties_ == Ties::first) {
      const int axis = static_cast<int>(axes[0]);
      const Reduction position = kind == Reduction::max ? Reduction::argmax : Reduction::argmin;
      const Tensor index = reduced<PositionOp>(x[0], axes, i64, position);
      const Tensor here = iota(Shape::filled(x[0].ndim(), 1).with(axis, x[0].shape(axis)));
      return {where(eq(here, index), dy, 0)};
    }
    // Where y is NaN, the elements that are NaN stand for it.
    const Tensor chosen = logical_or(eq(x[0], y), isnan(x[0]));
    const Tensor count = sum(cast(chosen, compute_type(x[0].dtype())), axes, true);
    return {where(chosen, dy / count, 0)};
  }

 private:
  Ties ties_;
};

Tensor extreme(const char* op, Reduction reduction, const Operand& x, const Shape& axes,
               bool keepdim) {
  const Call call(op, x.where);
  const Shape over = sorted_axes(x, axes, op);
  require(reduced_count(x.shape(), over) > 0,
          "{}: an empty axis has no such element, got shape {} and axes {}", op, x.shape(), over);
  return dropped(reduced<ExtremeOp>(x, over, x.dtype(), reduction, Ties::share), over, keepdim);
}

Tensor position(const char* op, Reduction reduction, const Operand& x, const Shape& axes,
                bool keepdim) {
  const Call call(op, x.where);
  const Shape over = sorted_axes(x, axes, op);
  require(reduced_count(x.shape(), over) > 0,
          "{}: an empty axis has no such element, got shape {} and axes {}", op, x.shape(), over);
  return dropped(reduced<PositionOp>(x, over, i64, reduction), over, keepdim);
}

ValuesAndIndices extreme_along(const char* op, bool largest, const Operand& x, int64_t axis,
                               bool keepdim) {
  const Call call(op, x.where);
  const Tensor indices =
      position(op, largest ? Reduction::argmax : Reduction::argmin, x, {axis}, keepdim);
  const Reduction reduction = largest ? Reduction::max : Reduction::min;
  const Shape over = sorted_axes(x, {axis}, op);
  const Ties ties = over.empty() ? Ties::share : Ties::first;  // 0-dimensional: nothing to choose
  return {dropped(reduced<ExtremeOp>(x, over, x.dtype(), reduction, ties), over, keepdim), indices};
}

Tensor truth(const char* op, Reduction reduction, const Operand& x, const Shape& axes,
             bool keepdim) {
  const Call call(op, x.where);
  const Shape over = sorted_axes(x, axes, op);
  return dropped(reduced<TruthOp>(cast(x, bool_), over, bool_, reduction), over, keepdim);
}

// Sums and products of integers are i64.
Tensor summable(const Tensor& x) {
  return is_floating(x.dtype()) ? x : cast(x, i64);
}

// What several steps are computed in: halves as f32, rounded once at the end.
Tensor widened(const Operand& x, const char* op) {
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  require(is_floating(x.dtype()), "{}: x must be floating, got {} {}; cast it first", op, x.dtype(),
          x.shape());
  return cast(x, compute_type(x.dtype()));
}

// f(x) where x is not 0, and 0 with gradient 0 where it is.
template <class F>
Tensor unless_zero(const Tensor& x, F&& f) {
  const Tensor zero = eq(x, 0);
  return where(zero, 0, f(where(zero, 1, x)));
}

VarMean moments(const Tensor& x, const Shape& axes, double correction) {
  const auto count = static_cast<double>(reduced_count(x.shape(), axes));
  const Tensor center = sum(x, axes, true) / count;
  const Tensor distance = x - center;
  return {sum(distance * distance, axes, true) / std::max(0.0, count - correction), center};
}

// (sum |x|^p)^(1/p) for p other than 0 and the infinities.
Tensor power_norm(const Tensor& x, double p, const Shape& axes) {
  if (p == 1) return sum(abs(x), axes, true);
  if (p == 2) return unless_zero(sum(x * x, axes, true), [](const Tensor& s) { return sqrt(s); });
  const Tensor zero = eq(x, 0);
  const Tensor powers = where(zero, p < 0 ? kInfinity : 0, pow(abs(where(zero, 1, x)), p));
  return unless_zero(sum(powers, axes, true), [&](const Tensor& s) { return pow(s, 1 / p); });
}

}  // namespace

Tensor sum(const Operand& x) {
  return sum(x, {}, false);
}

Tensor sum(const Operand& given, const Shape& axes, bool keepdim) {
  const Call call("sum", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Shape over = sorted_axes(x, axes, "sum");
  const Tensor input = summable(x);
  return dropped(reduced<SumOp>(input, over, input.dtype()), over, keepdim);
}

Tensor prod(const Operand& given, const Shape& axes, bool keepdim) {
  const Call call("prod", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Shape over = sorted_axes(x, axes, "prod");
  const Tensor input = summable(x);
  return dropped(reduced<ProdOp>(input, over, input.dtype()), over, keepdim);
}

Tensor mean(const Operand& given, const Shape& axes, bool keepdim) {
  const Call call("mean", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "mean");
  const Shape over = sorted_axes(x, axes, "mean");
  const auto count = static_cast<double>(reduced_count(x.shape(), over));
  return dropped(cast(sum(input, over, true) / count, x.dtype()), over, keepdim);
}

Tensor nansum(const Operand& x, const Shape& axes, bool keepdim) {
  const Call call("nansum", x.where);
  require(x.defined(), "nansum: the argument is an undefined tensor");
  if (!is_floating(x.dtype())) return sum(x, axes, keepdim);
  return sum(where(isnan(x), 0, x), axes, keepdim);
}

Tensor nanmean(const Operand& given, const Shape& axes, bool keepdim) {
  const Call call("nanmean", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "nanmean");
  const Tensor count = sum(logical_not(isnan(input)), axes, keepdim);
  return cast(nansum(input, axes, keepdim) / cast(count, input.dtype()), x.dtype());
}

Tensor any(const Operand& x, const Shape& axes, bool keepdim) {
  return truth("any", Reduction::any, x, axes, keepdim);
}

Tensor all(const Operand& x, const Shape& axes, bool keepdim) {
  return truth("all", Reduction::all, x, axes, keepdim);
}

Tensor count_nonzero(const Operand& x, const Shape& axes, bool keepdim) {
  const Call call("count_nonzero", x.where);
  require(x.defined(), "count_nonzero: the argument is an undefined tensor");
  return sum(cast(x, bool_), axes, keepdim);
}

Tensor amax(const Operand& x, const Shape& axes, bool keepdim) {
  return extreme("amax", Reduction::max, x, axes, keepdim);
}

Tensor amin(const Operand& x, const Shape& axes, bool keepdim) {
  return extreme("amin", Reduction::min, x, axes, keepdim);
}

Tensor max(const Operand& x) {
  return extreme("max", Reduction::max, x, {}, false);
}

Tensor min(const Operand& x) {
  return extreme("min", Reduction::min, x, {}, false);
}

ValuesAndIndices max(const Operand& x, int64_t axis, bool keepdim) {
  return extreme_along("max", true, x, axis, keepdim);
}

ValuesAndIndices min(const Operand& x, int64_t axis, bool keepdim) {
  return extreme_along("min", false, x, axis, keepdim);
}

Tensor argmax(const Operand& x) {
  return position("argmax", Reduction::argmax, x, {}, false);
}

Tensor argmax(const Operand& x, int64_t axis, bool keepdim) {
  return position("argmax", Reduction::argmax, x, {axis}, keepdim);
}

Tensor argmin(const Operand& x) {
  return position("argmin", Reduction::argmin, x, {}, false);
}

Tensor argmin(const Operand& x, int64_t axis, bool keepdim) {
  return position("argmin", Reduction::argmin, x, {axis}, keepdim);
}

Tensor var(const Operand& given, const Shape& axes, const VarOptions& o) {
  const Call call("var", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "var");
  const Shape over = sorted_axes(x, axes, "var");
  return dropped(cast(moments(input, over, o.correction).var, x.dtype()), over, o.keepdim);
}

VarMean var_mean(const Operand& given, const Shape& axes, const VarOptions& o) {
  const Call call("var_mean", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "var_mean");
  const Shape over = sorted_axes(x, axes, "var_mean");
  const VarMean both = moments(input, over, o.correction);
  return {dropped(cast(both.var, x.dtype()), over, o.keepdim),
          dropped(cast(both.mean, x.dtype()), over, o.keepdim)};
}

Tensor stddev(const Operand& given, const Shape& axes, const VarOptions& o) {
  const Call call("stddev", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "stddev");
  const Shape over = sorted_axes(x, axes, "stddev");
  const Tensor y =
      unless_zero(moments(input, over, o.correction).var, [](const Tensor& v) { return sqrt(v); });
  return dropped(cast(y, x.dtype()), over, o.keepdim);
}

Tensor norm(const Operand& given, double p, const Shape& axes, bool keepdim) {
  const Call call("norm", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Tensor input = widened(x, "norm");
  const Shape over = sorted_axes(x, axes, "norm");
  require(!std::isnan(p), "norm: p must be a number, got NaN");
  Tensor y;
  if (p == 0) {
    y = cast(sum(cast(input, bool_), over, true), input.dtype());
  } else if (std::isinf(p)) {
    y = p > 0 ? amax(abs(input), over, true) : amin(abs(input), over, true);
  } else {
    y = power_norm(input, p, over);
  }
  return dropped(cast(y, x.dtype()), over, keepdim);
}

Tensor logsumexp(const Operand& given, const Shape& axes, bool keepdim) {
  const Call call("logsumexp", given.where);
  const Operand x(detail::amp_full(given), given.where);
  const Shape over = sorted_axes(x, axes, "logsumexp");
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : f32;
  const Tensor input = cast(x, compute_type(dtype));
  Tensor shift = scalar(0.0, input.dtype());
  if (reduced_count(x.shape(), over) > 0) {
    // The shift only keeps exp in range: no gradient, and none where the largest is infinite.
    const Tensor largest = amax(detached(input), over, true);
    shift = where(isfinite(largest), largest, 0);
  }
  const Tensor y = log(sum(exp(input - shift), over, true)) + shift;
  return dropped(cast(y, dtype), over, keepdim);
}

}  // namespace tessera
