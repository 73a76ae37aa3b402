// Fits a line to noisy points with an optimizer.
//
//   ./linear_regression
//
// Expected: slope 2.0 and intercept -1.0, to within the noise.

#include <iostream>

#include "ops/binary.h"
#include "ops/loss.h"
#include "ops/random.h"
#include "optim/sgd.h"

using namespace tessera;

int main() {
  manual_seed(0);
  const Tensor x = rand({256});
  const Tensor y = 2 * x - 1 + 0.1 * randn({256});

  const Tensor slope = variable(tensor({0}, {})), intercept = variable(tensor({0}, {}));
  optim::Sgd opt({slope, intercept}, {.lr = 0.1, .momentum = 0.9});
  for (int step = 0; step < 200; ++step) {
    const Tensor loss = mse_loss(slope * x + intercept, y);
    opt.step(loss);  // gradients, update and evaluation at once
    if (step % 50 == 0) std::cout << "step " << step << ": loss " << loss.item() << "\n";
  }
  std::cout << "y = " << slope.item() << " x + " << intercept.item() << "\n";
}
