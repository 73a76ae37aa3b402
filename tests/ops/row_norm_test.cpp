#include "ops/row_norm.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The specification: the same as a composition.
Tensor composed(const Tensor& x, const Tensor& w, const Tensor& b,
                const detail::RowNormOptions& o) {
  const Tensor centered = o.centered ? x - mean(x, {1}, true) : x;
  Tensor y = centered * rsqrt(mean(square(centered), {1}, true) + o.eps);
  if (w.defined()) y = y * w;
  return b.defined() ? y + b : y;
}

// Values, gradients, and gradients of a function of the gradients.
template <class F>
Tensors orders(F&& norm, const Tensor& x, const Tensor& w, const Tensor& b,
               const detail::RowNormOptions& o) {
  const Tensor y = norm(x, w, b, o);
  Tensors of{x}, all{y};
  if (w.defined()) of.push_back(w);
  if (b.defined()) of.push_back(b);
  Tensor next = sum(y * 0.0);
  for (const Tensor& g : grad(sum(uniform(y.shape(), -1, 1, 5) * y * y), of)) {
    all.push_back(g);
    next = next + sum(g * g * g);
  }
  for (const Tensor& g : grad(next, of)) all.push_back(g);
  return all;
}

void check(int64_t rows, int64_t n, bool weight, bool bias, bool centered) {
  CAPTURE(rows);
  CAPTURE(n);
  const detail::RowNormOptions o{.eps = 1e-3, .centered = centered};
  const Tensor x = variable(uniform({rows, n}, -1, 3, 1));
  const Tensor w = weight ? variable(uniform({n}, -2, 2, 2)) : Tensor();
  const Tensor b = bias ? variable(uniform({n}, -1, 1, 3)) : Tensor();
  const Tensors ours = orders(detail::row_norm_node, x, w, b, o);
  const Tensors expected = orders(composed, x, w, b, o);
  REQUIRE(ours.size() == expected.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    check_close(ours[i], expected[i], 1e-9);
  }
}

}  // namespace

TEST_SUITE("ops/row_norm") {
  TEST_CASE("values and gradients of two orders equal those of the composition") {
    for (const bool centered : {true, false}) {
      check(3, 1, true, true, centered);
      check(5, 7, true, false, centered);
      check(2, 33, false, true, centered);
      check(1, 64, false, false, centered);
      check(67, 300, true, true, centered);
    }
  }

  TEST_CASE("f32 keeps its digits where the mean is large, for rows of any length") {
    for (const int64_t n : {3, 17, 64, 127, 5000, 20000}) {
      const Tensor x = cast(uniform({3, n}, 0, 1, 4) + 1000, f32);
      const Tensor expected = composed(cast(x, f64), {}, {}, {.eps = 1e-5});
      check_close(cast(layer_norm(x, {n}), f64), expected, 1e-3);
    }
  }

  TEST_CASE("gradients in f32 equal those in f64, and are the same for any number of threads") {
    const Shape shape = {301, 129};
    const auto gradients = [&](DType dtype) {
      const Tensor x = variable(cast(uniform(shape, -1, 1, 1), dtype));
      const Tensor w = variable(cast(uniform({129}, 0, 1, 2), dtype));
      const Tensor y = layer_norm(x, {129}, w, w);
      return grad(sum(y * y * y), {x, w});
    };
    const Tensors exact = gradients(f64), ours = gradients(f32);
    eval(ours);
    const int threads = num_threads();
    set_num_threads(1);
    const Tensors alone = gradients(f32);
    eval(alone);
    set_num_threads(threads);
    for (size_t i = 0; i < ours.size(); ++i) {
      check_close(cast(ours[i], f64), exact[i], 1e-5);
      check_close(ours[i], alone[i], 0);
    }
  }
}
