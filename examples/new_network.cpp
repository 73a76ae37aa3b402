// Writes a new network, prints it, checks its gradient in f64, and trains it to find noisy discs.
//
//   ./new_network
//
// Expected: the tree of layers, a gradient that agrees, and a loss that falls to less than half;
// else the program returns 1.

#include <algorithm>
#include <iostream>

#include "tessera.h"

using namespace tessera;

// x + f(x). Each `add` builds a member, registers it and names it as in files of weights.
struct Residual : nn::Module {
  nn::Sequential& f;
  explicit Residual(int64_t c)
      : f(add("f", nn::Sequential(nn::Conv2d(c, c, 3, {.padding = 1}), nn::BatchNorm2d(c),
                                  nn::SiLU(), nn::Conv2d(c, c, 3, {.padding = 1})))) {}
  Tensor forward(const Tensor& x) override { return x + f(x); }
};

// x [N, 1, H, W] to logits [N, 2, H, W]; H and W are even.
struct Segmenter : nn::Module {
  nn::Conv2d& stem = add("stem", nn::Conv2d(1, 8, 3, {.stride = 2, .padding = 1}));
  nn::Sequential& body = add("body", nn::Sequential(Residual(8), Residual(8)));
  nn::ConvTranspose2d& head = add("head", nn::ConvTranspose2d(8, 2, 2, {.stride = 2}));
  Tensor forward(const Tensor& x) override { return head(silu(body(stem(x)))); }
};

// The gradient of every parameter against finite differences: the largest error.
double check() {
  const nn::ParameterDType double_precision(f64);
  Segmenter model;
  double worst = 0;
  for (const nn::SlopeCheck& one : nn::check_gradients(model, randn({2, 1, 4, 4}, f64))) {
    worst = std::max(worst, one.error());
  }
  return worst;
}

int main() {
  manual_seed(0);
  Segmenter model;
  std::cout << nn::describe_tree(model);
  const double error = check();
  std::cout << "gradients differ from differences by " << error << " at most\n";
  const int64_t n = 8, side = 32;  // pictures a step, and their height and width
  const Tensor row = reshape(arange(side), {1, side, 1}),
               column = reshape(arange(side), {1, 1, side});
  optim::AdamW opt(model.parameters(), {.lr = 1e-2});
  double first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    const Tensor y = 8 + 16 * rand({n, 1, 1}), x = 8 + 16 * rand({n, 1, 1});
    const Tensor disc = square(row - y) + square(column - x) < 36;  // [n, side, side], bool
    const Tensor image = unsqueeze(cast(disc, f32) + 0.5 * randn({n, side, side}), 1);
    const Tensor loss = nn::dice_ce(model(image), disc);
    opt.step(loss);
    last = loss.item();
    if (step == 0) first = last;
    if (step % 5 == 4) std::cout << "step " << step + 1 << ": loss " << last << "\n";
  }
  return error < 1e-5 && last < first / 2 ? 0 : 1;
}
