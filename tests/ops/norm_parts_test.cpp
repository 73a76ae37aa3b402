#include "ops/norm_parts.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// dx = rstd rest(weight g), and the two sums, as they are defined; autograd differentiates them.
static void check(bool centered, bool relu) {
  CAPTURE(centered);
  CAPTURE(relu);
  const Shape rows = {1};
  const Tensor x = variable(uniform({3, 5}, -1, 2, 1)), w = variable(uniform({5}, 0.5, 2, 2)),
               b = uniform({5}, -1, 1, 3), dy = variable(uniform({3, 5}, -1, 1, 4)),
               u = uniform({3, 5}, -1, 1, 5), of_g = uniform({5}, -1, 1, 6),
               of_gx = uniform({5}, -1, 1, 7);
  const detail::NormParts parts(x, rows, w, b, dy,
                                {.eps = 1e-2, .centered = centered, .relu = relu});
  const Tensor m = centered ? mean(x, rows, true) : x * 0.0;
  const Tensor rstd = rsqrt(mean(square(x - m), rows, true) + 1e-2), normal = (x - m) * rstd;
  const Tensor y = normal * w + b, g = relu ? where(y > 0, dy, 0) : dy, v = w * g;
  Tensor rest = v - normal * mean(v * normal, rows, true);
  if (centered) rest = rest - mean(v, rows, true);

  const auto backward = parts.of_backward(u);
  const Tensors expected = grad(sum(u * rstd * rest), {x, w, dy});
  check_close(backward.x, expected[0], 1e-12);
  check_close(sum(backward.weight, {0}), expected[1], 1e-12);
  check_close(backward.dy, expected[2], 1e-12);

  const auto sums = parts.of_sums(of_g, of_gx);
  const Tensors of = grad(sum(of_g * g) + sum(of_gx * g * normal), {x, dy});
  check_close(sums.x, of[0], 1e-12);
  check_close(sums.dy, of[1], 1e-12);
}

TEST_SUITE("ops/norm_parts") {
  TEST_CASE("are the derivatives of a norm's gradients") {
    for (const bool centered : {false, true}) {
      for (const bool relu : {false, true}) check(centered, relu);
    }
  }
}
