// A tensor, its gradient, and a few steps downhill.
//
//   ./tensor_and_gradient
//
// Expected: the minimum of (x - 3)^2 summed, x = [3.0000, 3.0000].

#include <iostream>

#include "autograd/grad.h"
#include "core/print.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

using namespace tessera;

int main() {
  const Tensor x = variable(tensor({1, 5}, {2}));  // a value that may be updated
  for (int step = 0; step < 100; ++step) {
    const Tensor loss = sum(square(x - 3));  // nothing is computed yet
    const Tensor dx = grad(loss, x);         // an ordinary tensor: it has gradients too
    x.update(x - 0.1 * dx);
    eval_and_release({x});  // one fused pass: loss, gradient and update
  }
  const Tensor y = sum(x * x * x);
  std::cout << "x = " << x << "\n"
            << "dy/dx = " << grad(y, x) << "\n"
            << "d2y/dx2 = " << grad(grad(y, x), x) << "\n";
}
