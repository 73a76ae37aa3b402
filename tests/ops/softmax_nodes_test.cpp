#include "ops/softmax_nodes.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The specifications: the same as compositions.
Tensor composed(const Tensor& x, int axis, bool log) {
  const Tensor shifted = x - amax(detached(x), {axis}, true);
  const Tensor total = sum(exp(shifted), {axis}, true);
  return log ? shifted - tessera::log(total) : exp(shifted) / total;
}

Tensor composed_cross_entropy(const Tensor& x, const Tensor& index, int axis) {
  const Shape along = Shape::filled(x.ndim(), 1).with(axis, x.shape(axis));
  return -sum(where(eq(iota(along), index), composed(x, axis, true), 0), {axis}, true);
}

// The value, its gradient, and the gradient of a function of the gradient.
template <class F>
Tensors orders(F&& f, const Tensor& x) {
  const auto weighted = [](const Tensor& y, uint64_t seed) {
    return sum(cast(uniform(y.shape(), -1, 1, seed), y.dtype()) * y);
  };
  const Tensor y = f(x), first = grad(weighted(y * y, 3), x);
  return {y, first, grad(weighted(first, 5), x)};
}

template <class F, class G>
void check(F&& ours, G&& composition, const Shape& shape, uint64_t seed) {
  CAPTURE(shape.str());
  const Tensor exact = uniform(shape, -2, 2, seed), x = variable(exact),
               single = variable(cast(exact, f32));
  const Tensors got = orders(ours, x), expected = orders(composition, x),
                rough = orders(ours, single);
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    check_close(got[i], expected[i], 1e-11);
    check_close(cast(rough[i], f64), expected[i], 2e-5);
  }
}

const Shape kShapes[] = {{1, 1},    {2, 3},    {3, 129}, {5, 700},     {2, 2, 33},
                         {3, 1, 7}, {2, 5, 9}, {1, 300}, {2, 17, 600}, {1, 200, 31}};

}  // namespace

TEST_SUITE("ops/softmax_nodes") {
  TEST_CASE("softmax equals its composition in two orders, along axes of any kind") {
    for (const Shape& shape : kShapes) {
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        if (shape[axis] == 1) continue;  // constant: gradients are 0 but for rounding errors
        for (const bool log : {false, true}) {
          check([=](const Tensor& x) { return detail::softmax_node(x, axis, log); },
                [=](const Tensor& x) { return composed(x, axis, log); }, shape, 1);
        }
      }
    }
  }

  TEST_CASE("cross entropy equals its composition in two orders, and ignores") {
    for (const Shape& shape : kShapes) {
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        if (shape[axis] == 1) continue;  // constant: gradients are 0 but for rounding errors
        const Tensor index = integers(shape.with(axis, 1), -1, shape[axis], 2);
        check([=](const Tensor& x) { return detail::cross_entropy_node(x, index, axis); },
              [=](const Tensor& x) { return composed_cross_entropy(x, index, axis); }, shape, 4);
      }
    }
  }

  TEST_CASE("the same bits with any number of threads") {
    const Tensor x = cast(uniform({3, 5, 20000}, -4, 4), f32);
    const int threads = num_threads();
    set_num_threads(1);
    const Tensor alone = detail::softmax_node(x, 1, false).eval();
    set_num_threads(3);
    const Tensor shared = detail::softmax_node(x, 1, false).eval();
    set_num_threads(threads);
    check_close(shared, alone, 0);
  }
}
