#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/scan.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

using Reducer = Tensor (*)(const Tensor& x, const Shape& axes, bool keepdim);

// Axes are an attribute or, in newer operator sets, an input; none are all, unless
// noop_with_empty_axes says that nothing is reduced then.
template <Reducer f>
Tensors reduce(const Node& node, const Inputs& x) {
  const bool keepdim = node.integer("keepdims", 1) != 0;
  const auto listed = list_of(node, x, 1, "axes").value_or(std::vector<int64_t>());
  Shape axes = axes_of(listed, x[0].ndim());
  if (listed.empty()) {
    if (node.integer("noop_with_empty_axes", 0) != 0) {
      // Every element is reduced by itself: an axis of extent 1 behind them.
      const Shape single = x[0].shape().inserted(x[0].ndim(), 1);
      return {cast(f(reshape(x[0], single), {x[0].ndim()}, false), x[0].dtype())};
    }
    for (int i = 0; i < x[0].ndim(); ++i) axes.push_back(i);
  }
  // Of no axes, the library takes all; a scalar has none.
  if (axes.empty()) return {cast(f(reshape(x[0], {1}), {0}, false), x[0].dtype())};
  return {cast(f(x[0], axes, keepdim), x[0].dtype())};
}

// The least value of a dtype, and the greatest one for the sign -1.
Tensor extreme(DType dtype, int sign) {
  if (is_floating(dtype)) return scalar(-sign * std::numeric_limits<double>::infinity(), dtype);
  const bool least = sign > 0;
  return dispatch(dtype, [&]<class T>(T) {
    if constexpr (std::numeric_limits<T>::is_integer) {
      using Limits = std::numeric_limits<T>;
      return scalar(static_cast<int64_t>(least ? Limits::lowest() : Limits::max()), dtype);
    } else {
      return scalar(0.0, dtype);
    }
  });
}

// The largest (smallest) element. ONNX defines it over an empty axis, too.
template <Tensor (*f)(const Operand&, const Shape&, bool), int sign>
Tensor extremum(const Tensor& x, const Shape& axes, bool keepdim) {
  bool empty = false;
  for (const int64_t axis : axes) empty = empty || x.shape(axis) == 0;
  if (!empty) return f(x, axes, keepdim);
  const Shape shape = sum(x, axes, keepdim).shape();
  return expand(extreme(x.dtype(), sign), shape);
}

Tensor sum_of_magnitudes(const Tensor& x, const Shape& axes, bool keepdim) {
  return sum(abs(x), axes, keepdim);
}

// Integers have no floating norm, so it is taken in f64 and rounded towards zero.
Tensor euclidean(const Tensor& x, const Shape& axes, bool keepdim) {
  return norm(is_floating(x.dtype()) ? x : cast(x, f64), 2, axes, keepdim);
}

Tensor sum_of_squares(const Tensor& x, const Shape& axes, bool keepdim) {
  return sum(x * x, axes, keepdim);
}

Tensor log_of_sum(const Tensor& x, const Shape& axes, bool keepdim) {
  return log(sum(is_floating(x.dtype()) ? x : cast(x, f64), axes, keepdim));
}

Tensor log_of_sum_of_exp(const Tensor& x, const Shape& axes, bool keepdim) {
  return logsumexp(is_floating(x.dtype()) ? x : cast(x, f64), axes, keepdim);
}

// The mean of integers is rounded towards zero.
Tensor average(const Tensor& x, const Shape& axes, bool keepdim) {
  return mean(is_floating(x.dtype()) ? x : cast(x, f64), axes, keepdim);
}

Tensor total(const Tensor& x, const Shape& axes, bool keepdim) {
  return sum(x, axes, keepdim);
}

Tensor product(const Tensor& x, const Shape& axes, bool keepdim) {
  return prod(x, axes, keepdim);
}

template <Tensor (*f)(const Operand&, int64_t, bool)>
Tensors position(const Node& node, const Inputs& x) {
  const int64_t axis = node.integer("axis", 0);
  const bool keepdim = node.integer("keepdims", 1) != 0;
  if (node.integer("select_last_index", 0) == 0) return {f(x[0], axis, keepdim)};
  const Tensor backwards = f(slice(x[0], axis, {.step = -1}), axis, keepdim);
  return {x[0].shape(axis) - 1 - backwards};
}

template <Tensor (*f)(const Operand&, int64_t, const ScanOptions&)>
Tensors scan(const Node& node, const Inputs& x) {
  const ScanOptions options{.exclusive = node.integer("exclusive", 0) != 0,
                            .reverse = node.integer("reverse", 0) != 0};
  return {cast(f(x[0], static_cast<int64_t>(number(x[1])), options), x[0].dtype())};
}

}  // namespace

void add_reduce(Registry& ops) {
  ops.insert({{"ReduceSum", reduce<total>},
              {"ReduceMean", reduce<average>},
              {"ReduceProd", reduce<product>},
              {"ReduceMax", reduce<extremum<amax, 1>>},
              {"ReduceMin", reduce<extremum<amin, -1>>},
              {"ReduceL1", reduce<sum_of_magnitudes>},
              {"ReduceL2", reduce<euclidean>},
              {"ReduceSumSquare", reduce<sum_of_squares>},
              {"ReduceLogSum", reduce<log_of_sum>},
              {"ReduceLogSumExp", reduce<log_of_sum_of_exp>},
              {"ArgMax", position<argmax>},
              {"ArgMin", position<argmin>},
              {"CumSum", scan<cumsum>},
              {"CumProd", scan<cumprod>}});
}

}  // namespace tessera::onnx
