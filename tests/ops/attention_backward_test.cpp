#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/settings.h"
#include "ops/attention_nodes.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// Values, masks and orders of gradients are compared in attention_nodes_test.cpp.
TEST_SUITE("ops/attention_backward") {
  TEST_CASE("one query and one key: all weight is on it") {
    const Tensor q = variable(tensor({2, 3}, {1, 1, 2}, f64)),
                 k = variable(tensor({5, 7}, {1, 1, 2}, f64)),
                 v = variable(tensor({11}, {1, 1, 1}, f64));
    const Tensor y = detail::flash_attention(q, k, v, {}, {.scale = 0.5});
    const Tensors g = grad(sum(3 * y), {q, k, v});
    CHECK(y.item() == 11);
    check_close(g[0], tensor({0, 0}, {1, 1, 2}, f64), 0);
    check_close(g[1], tensor({0, 0}, {1, 1, 2}, f64), 0);
    CHECK(g[2].item() == 3);
  }

  TEST_CASE("two keys: the softmax's derivative") {
    // With scores 0 and ln 3 the weights are 1/4 and 3/4, and dS = P (dP - 3/4) = -+ 3/16.
    const Tensor q = variable(tensor({std::log(3.0)}, {1, 1, 1}, f64)),
                 k = variable(tensor({0, 1}, {1, 2, 1}, f64)),
                 v = variable(tensor({0, 1}, {1, 2, 1}, f64));
    const Tensors g = grad(sum(detail::flash_attention(q, k, v, {}, {})), {q, k, v});
    const double slope = 3.0 / 16;
    check_close(g[0], tensor({slope}, {1, 1, 1}, f64), 1e-15);
    check_close(g[1], tensor({-slope * std::log(3.0), slope * std::log(3.0)}, {1, 2, 1}, f64),
                1e-15);
    check_close(g[2], tensor({0.25, 0.75}, {1, 2, 1}, f64), 1e-15);
  }

  TEST_CASE("few and many heads, whose blocks of keys are shared out, on any number of threads") {
    for (const int64_t heads : {1, 3, 20}) {
      const Tensor q = variable(uniform({heads, 130, 5}, -1, 1, 1)),
                   k = variable(uniform({heads, 700, 5}, -1, 1, 2)),
                   v = variable(uniform({heads, 700, 3}, -1, 1, 3));
      const auto gradients = [&](int threads) {
        const int before = num_threads();
        set_num_threads(threads);
        const Tensor y = detail::flash_attention(q, k, v, {}, {.scale = 0.4});
        Tensors g = grad(sum(y * y), {q, k, v});
        eval(g);
        set_num_threads(before);
        return g;
      };
      const Tensors one = gradients(1), three = gradients(3);
      for (size_t i = 0; i < 3; ++i) check_close(three[i], one[i], 0);
    }
  }
}
