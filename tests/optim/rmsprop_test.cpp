#include "optim/rmsprop.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/optim/network.h"

using namespace tessera;
using namespace tessera::testing;
using optim::RmsProp;

TEST_SUITE("optim/rmsprop") {
  TEST_CASE("two steps by hand") {
    const Tensor x = variable(tensor({10}, {1}, f64));
    RmsProp rmsprop({x}, {.lr = 1, .alpha = 0.75, .eps = 0, .momentum = 0.5});
    rmsprop.step(Tensors{tensor({4}, {1}, f64)});  // s = 4, b = 4 / 2
    CHECK(x.item() == 8);
    rmsprop.step(Tensors{tensor({1}, {1}, f64)});  // s = 3.25, b = 1 + 1 / sqrt(3.25)
    CHECK(x.item() == doctest::Approx(8 - 1 - 1 / std::sqrt(3.25)));
  }

  TEST_CASE("the same as torch over 1,001 steps") {
    const auto check = [](const char* what, const optim::RmsPropOptions& options) {
      const SmallNetwork network;
      RmsProp optimizer(network.parameters(), options);
      check_trajectory(what, network, optimizer);
    };
    check("rmsprop", {.lr = 0.1});
    check("rmsprop decay", {.lr = 0.1, .weight_decay = 1e-2});
    check("rmsprop centered", {.lr = 0.1, .weight_decay = 1e-6, .centered = true});
    check("rmsprop momentum", {.lr = 0.1, .weight_decay = 1e-6, .momentum = 0.9, .centered = true});
    check("rmsprop alpha", {.lr = 1e-2, .alpha = 0.7, .eps = 1e-3, .momentum = 0.5});
  }

  TEST_CASE("impossible options") {
    const Tensor x = variable(tensor({1}, {1}));
    CHECK_THROWS_WITH_AS(RmsProp({x}, {.momentum = -1}),
                         doctest::Contains("must not be negative, got 0.99, 1e-08, 0 and -1"),
                         Error);
  }
}
