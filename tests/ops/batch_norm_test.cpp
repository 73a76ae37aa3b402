#include "ops/batch_norm.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The specification: the same as a composition.
Tensor composed(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps,
                bool rectify) {
  Shape axes, view = Shape::filled(x.ndim(), 1).with(1, x.shape(1));
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if (axis != 1) axes.push_back(axis);
  }
  const VarMean moments = var_mean(x, axes, {.correction = 0, .keepdim = true});
  Tensor y = (x - moments.mean) * rsqrt(moments.var + eps);
  if (weight.defined()) y = y * reshape(weight, view);
  if (bias.defined()) y = y + reshape(bias, view);
  return rectify ? where(y <= 0, 0, y) : y;
}

Tensor fused(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps, bool rectify) {
  const Tensor y = detail::batch_norm_node(x, detail::channel_moments(x), weight, bias, eps);
  return rectify ? relu(y) : y;
}

// Values, gradients, and gradients of a function of the gradients.
template <class F>
Tensors orders(F&& norm, const Tensor& x, const Tensor& w, const Tensor& b, bool rectify) {
  const Tensor y = norm(x, w, b, 1e-3, rectify);
  const Tensor weights = uniform(y.shape(), -1, 1, 5);
  Tensors of{x};
  if (w.defined()) of.push_back(w);
  if (b.defined()) of.push_back(b);
  Tensors all{y};
  const Tensors first = grad(sum(cast(weights, y.dtype()) * y * y), of);
  Tensor next = sum(y * 0.0);
  for (const Tensor& g : first) {
    all.push_back(g);
    next = next + sum(g * g * g);
  }
  for (const Tensor& g : grad(next, of)) all.push_back(g);
  return all;
}

void check(const Shape& shape, bool weight, bool bias, bool rectify) {
  CAPTURE(shape.str());
  CAPTURE(rectify);
  const Tensor x = variable(uniform(shape, -1, 3, 1));
  const Tensor w = weight ? variable(uniform({shape[1]}, -2, 2, 2)) : Tensor();
  const Tensor b = bias ? variable(uniform({shape[1]}, -1, 1, 3)) : Tensor();
  const Tensors ours = orders(fused, x, w, b, rectify);
  const Tensors expected = orders(composed, x, w, b, rectify);
  REQUIRE(ours.size() == expected.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    check_close(ours[i], expected[i], 1e-9);
  }
}

}  // namespace

TEST_SUITE("ops/batch_norm") {
  TEST_CASE("values and gradients of two orders equal those of the composition") {
    for (const bool rectify : {false, true}) {
      check({4, 3, 5, 6}, true, true, rectify);
      check({2, 1, 70}, true, false, rectify);
      check({3, 17, 2, 2, 2}, false, true, rectify);
      check({9, 5}, false, false, rectify);
      check({2, 3, 65, 64}, true, true, rectify);  // more than a piece
    }
  }

  TEST_CASE("f32 keeps its digits where the mean is large, and with pieces of any size") {
    for (const int64_t length : {1, 7, 64, 129, 5000}) {
      const Tensor x = uniform({3, 2, length}, 0, 1, 4);
      const Tensor far = cast(x + 1000, f32);
      const Tensor expected = composed(cast(far, f64), {}, {}, 1e-5, true);
      check_close(cast(fused(far, {}, {}, 1e-5, true), f64), expected, 1e-3);
      check_close(cast(detail::channel_moments(cast(x, f32)), f64), detail::channel_moments(x),
                  1e-6);
    }
  }

  TEST_CASE("relu is computed by the norm's node, unless gradients end between them") {
    const Tensor x = variable(uniform({2, 3, 4}));
    const Tensor y = fused(x, {}, {}, 1e-5, false);
    CHECK(relu(y).node()->op->name() == "batch_norm_relu");
    CHECK(relu(relu(y)).node()->op->name() == "relu");
    CHECK(relu(x).node()->op->name() == "relu");
    Tensor constant;
    {
      const NoGrad no_grad;
      constant = fused(x, {}, {}, 1e-5, false);
      CHECK(relu(constant).node()->op->name() == "batch_norm_relu");
    }
    CHECK(relu(constant).node()->constant);
    const Tensor again = relu(y);
    eval({y});
    check_close(again, maximum(y, 0.0), 0);
  }
}
