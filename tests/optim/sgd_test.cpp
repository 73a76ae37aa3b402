#include "optim/sgd.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/optim/network.h"

using namespace tessera;
using namespace tessera::testing;
using optim::Sgd;

TEST_SUITE("optim/sgd") {
  TEST_CASE("two steps by hand") {
    const Tensor x = variable(tensor({1, 2}, {2}, f64));
    const Tensor g = tensor({1, -2}, {2}, f64);
    Sgd plain({x}, {.lr = 0.5});
    plain.step(Tensors{g});
    CHECK(x.to_vector<double>() == std::vector<double>{0.5, 3});

    Sgd heavy({x}, {.lr = 0.5, .momentum = 0.5, .dampening = 0.25});
    heavy.step(Tensors{g});  // b = g
    CHECK(x.to_vector<double>() == std::vector<double>{0, 4});
    heavy.step(Tensors{g});  // b = 0.5 g + 0.75 g
    CHECK(x.to_vector<double>() == std::vector<double>{-0.625, 5.25});
  }

  TEST_CASE("the same as torch over 1,001 steps") {
    const auto check = [](const char* what, const optim::SgdOptions& options) {
      const SmallNetwork network;
      Sgd optimizer(network.parameters(), options);
      check_trajectory(what, network, optimizer);
    };
    check("sgd", {.lr = 0.1});
    check("sgd decay", {.lr = 0.1, .weight_decay = 1e-2});
    check("sgd momentum", {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-2});
    check("sgd dampening", {.lr = 0.1, .momentum = 0.9, .dampening = 0.3});
    check("sgd nesterov", {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-6, .nesterov = true});
  }

  TEST_CASE("impossible options") {
    const Tensor x = variable(tensor({1}, {1}));
    CHECK_THROWS_WITH_AS(Sgd({x}, {.lr = -1}),
                         doctest::Contains("lr must be a finite number >= 0, got -1"), Error);
    CHECK_THROWS_WITH_AS(Sgd({x}, {.momentum = -0.5}),
                         doctest::Contains("momentum and weight_decay must not be negative"),
                         Error);
    CHECK_THROWS_WITH_AS(Sgd({x}, {.nesterov = true}),
                         doctest::Contains("nesterov needs momentum > 0"), Error);
  }
}
