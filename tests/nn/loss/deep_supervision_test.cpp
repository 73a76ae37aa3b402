#include "nn/loss/deep_supervision.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using nn::SupervisionWeights;

TEST_SUITE("nn/loss/deep_supervision") {
  TEST_CASE("weights") {
    using Weights = std::vector<double>;
    CHECK(nn::supervision_weights(SupervisionWeights::nnunet, 4) ==
          Weights{4 / 7., 2 / 7., 1 / 7., 0});
    CHECK(nn::supervision_weights(SupervisionWeights::nnunet, 1) == Weights{1});
    CHECK(nn::supervision_weights(SupervisionWeights::exp, 6) ==
          Weights{1, 0.5, 0.25, 0.125, 0.0625, 0.0625});
    CHECK(nn::supervision_weights(SupervisionWeights::two, 3) == Weights{1, 0.5, 0.5});
    CHECK(nn::supervision_weights(SupervisionWeights::same, 2) == Weights{1, 1});
    CHECK_THROWS_AS(nn::supervision_weights(SupervisionWeights::same, 0), Error);
  }

  TEST_CASE("targets follow the size of the output") {
    const nn::Loss ce = nn::loss("ce", 255);
    const Tensor x = uniform({1, 2, 2}, -2, 2), full = uniform({1, 2, 4}, -2, 2);
    const Tensor t = tensor({0, 1, 255, 0}, {1, 4}, i64), half = tensor({1, 0}, {1, 2}, i64);
    CHECK(nn::deep_supervision(ce, {full, x}, t, {0.75, 0.25}).item() ==
          doctest::Approx(0.75 * ce(full, t).item() + 0.25 * ce(x, half).item()));
    // The coarsest does not count, so it is not looked at.
    CHECK(nn::deep_supervision(ce, {full, zeros({1, 9, 1})}, t).item() == ce(full, t).item());
    CHECK(nn::deep_supervision(ce, {full}, t, {0}).item() == 0);
    const Tensor known = ne(tensor({1, 0}, {1, 2}), 0);
    CHECK(nn::deep_supervision(ce, {full, x}, t, {1, 1}, known).item() ==
          doctest::Approx(ce(full, t, known).item() + ce(x, half, known).item()));
    CHECK(nn::parse_supervision_weights("two") == SupervisionWeights::two);
    CHECK_THROWS_WITH_AS(
        nn::parse_supervision_weights("nnunt"),
        doctest::Contains("supervision: there is no 'nnunt'; did you mean 'nnunet'?"), Error);
  }

  TEST_CASE("the same as MONAI's") {
    const Oracle oracle("segmentation_loss");
    const nn::Loss loss = nn::loss("dice + ce");
    for (const auto& [name, weights] :
         {std::pair("exp", SupervisionWeights::exp), std::pair("two", SupervisionWeights::two)}) {
      const SupervisionWeights kind = weights;
      oracle.check(
          std::string("deep ") + name,
          [&](const Tensors& x) {
            return nn::deep_supervision(loss, {x[0], x[1]}, x[2], kind);
          },
          1e-6);  // MONAI's logits are f32 here
    }
  }

  TEST_CASE("what does not fit") {
    const nn::Loss ce = nn::loss("ce");
    const Tensor x = zeros({1, 2, 4}), t = zeros({1, 4}, i64);
    CHECK_THROWS_WITH_AS(nn::deep_supervision(ce, {x, x}, t, {1}),
                         doctest::Contains("a weight >= 0 for each output, got 1 for 2"), Error);
    CHECK_THROWS_AS(nn::deep_supervision(ce, {x}, t, {-1}), Error);
    CHECK_THROWS_AS(nn::deep_supervision(ce, {x}, Tensor(), {1}), Error);
    CHECK_THROWS_AS(nn::deep_supervision(ce, {zeros({2, 2, 4})}, t, {1}), Error);
  }
}
