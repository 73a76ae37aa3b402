#include "optim/adam.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/optim/network.h"

using namespace tessera;
using namespace tessera::testing;
using optim::Adam;
using optim::AdamW;

TEST_SUITE("optim/adam") {
  TEST_CASE("the first step goes by lr against the sign of the gradient") {
    const Tensor x = variable(tensor({1, 1, 1}, {3}, f64));
    Adam adam({x}, {.lr = 0.25, .eps = 0});
    adam.step(Tensors{tensor({1e-3, -5, 2}, {3}, f64)});
    const std::vector<double> expected{0.75, 1.25, 0.75};
    for (size_t i = 0; i < 3; ++i)
      CHECK(x.to_vector<double>()[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }

  TEST_CASE("decoupled decay shrinks before the step") {
    const Tensor x = variable(tensor({2}, {1}, f64));
    AdamW adamw({x}, {.lr = 0.5, .eps = 0, .weight_decay = 0.5});
    adamw.step(Tensors{tensor({3}, {1}, f64)});
    CHECK(x.item() == doctest::Approx(2 * 0.75 - 0.5));
  }

  TEST_CASE("the same as torch over 1,001 steps") {
    const auto adam = [](const char* what, const optim::AdamOptions& options) {
      const SmallNetwork network;
      Adam optimizer(network.parameters(), options);
      check_trajectory(what, network, optimizer);
    };
    adam("adam", {.lr = 1});
    adam("adam decay", {.lr = 1, .weight_decay = 1e-2});
    adam("adam amsgrad", {.lr = 1, .weight_decay = 1e-6, .amsgrad = true});
    adam("adam betas", {.lr = 1e-2, .betas = {0.5, 0.8}, .eps = 1e-3});
    const auto adamw = [](const char* what, const optim::AdamWOptions& options) {
      const SmallNetwork network;
      AdamW optimizer(network.parameters(), options);
      check_trajectory(what, network, optimizer);
    };
    adamw("adamw", {.lr = 1e-2});
    adamw("adamw amsgrad", {.lr = 1e-2, .weight_decay = 0.1, .amsgrad = true});
  }

  TEST_CASE("impossible options") {
    const Tensor x = variable(tensor({1}, {1}));
    CHECK_THROWS_WITH_AS(Adam({x}, {.betas = {0.9, 1}}),
                         doctest::Contains("adam: betas must lie in [0, 1), got 0.9 and 1"), Error);
    CHECK_THROWS_WITH_AS(AdamW({x}, {.weight_decay = -1}),
                         doctest::Contains("adamw: eps and weight_decay must not be negative"),
                         Error);
    CHECK_THROWS_AS(Adam({x}, {.lr = NAN}), Error);
  }
}
