#include "ops/channel_norm.h"

#include <utility>

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
Tensor composed(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                double eps, bool rectify) {
  const int64_t number = groups == 0 ? x.shape(1) : groups, each = x.shape(1) / number;
  const Shape axes = groups == 0 ? Shape{0, 2, 3} : Shape{2, 3}, view = {1, number, each, 1};
  const Tensor rows = reshape(x, {x.shape(0), number, each, x.shape().slice(2, x.ndim()).numel()});
  const VarMean moments = var_mean(rows, axes, {.correction = 0, .keepdim = true});
  Tensor y = (rows - moments.mean) * rsqrt(moments.var + eps);
  if (weight.defined()) y = y * reshape(weight, view);
  if (bias.defined()) y = y + reshape(bias, view);
  return reshape(rectify ? where(y <= 0, 0, y) : y, x.shape());
}

Tensor fused(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps,
             bool rectify) {
  const detail::NormGroups of{groups};
  const Tensor y =
      detail::channel_norm_node(x, detail::channel_moments(x, of), weight, bias, eps, of);
  return rectify ? relu(y) : y;
}

// Values, gradients, and gradients of a function of the gradients.
template <class F>
Tensors orders(F&& norm, const Tensor& x, int64_t groups, const Tensor& w, const Tensor& b,
               bool rectify) {
  const Tensor y = norm(x, groups, w, b, 1e-3, rectify);
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

void check(const Shape& shape, int64_t groups, bool weight, bool bias, bool rectify) {
  CAPTURE(shape.str());
  CAPTURE(groups);
  CAPTURE(rectify);
  const Tensor x = variable(uniform(shape, -1, 3, 1));
  const Tensor w = weight ? variable(uniform({shape[1]}, -2, 2, 2)) : Tensor();
  const Tensor b = bias ? variable(uniform({shape[1]}, -1, 1, 3)) : Tensor();
  const Tensors ours = orders(fused, x, groups, w, b, rectify);
  const Tensors expected = orders(composed, x, groups, w, b, rectify);
  REQUIRE(ours.size() == expected.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    check_close(ours[i], expected[i], 1e-9);
  }
}

}  // namespace

TEST_SUITE("ops/channel_norm") {
  TEST_CASE("values and gradients of two orders equal those of the composition") {
    for (const bool rectify : {false, true}) {
      check({4, 3, 5, 6}, 0, true, true, rectify);
      check({2, 1, 70}, 0, true, false, rectify);
      check({3, 17, 2, 2, 2}, 0, false, true, rectify);
      check({9, 5}, 0, false, false, rectify);
      check({2, 3, 65, 64}, 0, true, true, rectify);  // more than a piece
      check({3, 6, 5, 3}, 2, true, true, rectify);
      check({2, 17, 7}, 17, true, true, rectify);
      check({3, 4, 1, 2, 3}, 1, false, true, rectify);
      check({5, 6}, 3, true, false, rectify);
      check({2, 2, 65, 64}, 1, true, true, rectify);
    }
  }

  TEST_CASE("f32 keeps its digits where the mean is large, and with pieces of any size") {
    for (const auto& [length, groups] :
         {std::pair(1, 0), {7, 0}, {64, 0}, {129, 0}, {5000, 0}, {7, 1}, {129, 2}, {5000, 2}}) {
      const Tensor x = uniform({3, 2, length}, 0, 1, 4);
      const Tensor far = cast(x + 1000, f32);
      const Tensor expected = composed(cast(far, f64), groups, {}, {}, 1e-5, true);
      check_close(cast(fused(far, groups, {}, {}, 1e-5, true), f64), expected, 1e-3);
      check_close(cast(detail::channel_moments(cast(x, f32)), f64), detail::channel_moments(x),
                  1e-6);
    }
  }

  TEST_CASE("relu is computed by the norm's node, unless gradients end between them") {
    const Tensor x = variable(uniform({2, 3, 4}));
    const Tensor y = fused(x, 0, {}, {}, 1e-5, false);
    CHECK(relu(y).node()->op->name() == "batch_norm_relu");
    CHECK(relu(relu(y)).node()->op->name() == "relu");
    CHECK(relu(x).node()->op->name() == "relu");
    Tensor constant;
    {
      const NoGrad no_grad;
      constant = fused(x, 0, {}, {}, 1e-5, false);
      CHECK(relu(constant).node()->op->name() == "batch_norm_relu");
    }
    CHECK(relu(constant).node()->constant);
    const Tensor again = relu(y);
    eval({y});
    check_close(again, maximum(y, 0.0), 0);
  }
}
