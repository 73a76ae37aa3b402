#include "optim/adagrad.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/optim/network.h"

using namespace tessera;
using namespace tessera::testing;
using optim::Adagrad;

TEST_SUITE("optim/adagrad") {
  TEST_CASE("two steps by hand") {
    const Tensor x = variable(tensor({10}, {1}, f64));
    Adagrad adagrad({x}, {.lr = 1, .lr_decay = 1, .eps = 0});
    adagrad.step(Tensors{tensor({3}, {1}, f64)});  // 3 / 3
    CHECK(x.item() == 9);
    adagrad.step(Tensors{tensor({4}, {1}, f64)});  // half the rate, 4 / sqrt(9 + 16)
    CHECK(x.item() == doctest::Approx(9 - 0.5 * 4 / 5));
  }

  TEST_CASE("the same as torch over 1,001 steps") {
    const auto check = [](const char* what, const optim::AdagradOptions& options) {
      const SmallNetwork network;
      Adagrad optimizer(network.parameters(), options);
      check_trajectory(what, network, optimizer);
    };
    check("adagrad", {.lr = 1});
    check("adagrad decay", {.lr = 1, .weight_decay = 1e-2});
    check("adagrad lr_decay", {.lr = 1, .lr_decay = 1e-3, .weight_decay = 1e-6});
    check("adagrad initial", {.lr = 0.1, .initial_accumulator_value = 0.5, .eps = 1e-4});
  }

  TEST_CASE("impossible options") {
    const Tensor x = variable(tensor({1}, {1}));
    CHECK_THROWS_WITH_AS(Adagrad({x}, {.lr_decay = -1}),
                         doctest::Contains("must not be negative, got -1, 0, 0 and 1e-10"), Error);
  }
}
