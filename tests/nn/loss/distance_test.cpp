#include "nn/loss/distance.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/distance") {
  TEST_CASE("by hand") {
    // Pixels 0, 1, 2, 3 of which 2 and 3 belong to the class: distances 2, 1 outside, 1, 2 within.
    const Tensor x = tensor({0, -std::log(3.0), std::log(3.0), 0}, {1, 1, 4}, f64);
    const Tensor t = tensor({0, 0, 1, 1}, {1, 4}, i64);
    CHECK(nn::boundary_loss({x, t}).item() ==
          doctest::Approx((0.5 * 2 + 0.25 * 1 + 0.75 * 0 + 0.5 * -1) / 4));
    CHECK(nn::boundary_loss({x, t}, {.spacing = {2}}).item() ==
          doctest::Approx((0.5 * 4 + 0.25 * 2 + 0.75 * -1 + 0.5 * -3) / 4));
    // Only pixel 2 is predicted: distances of the prediction 2, 1, 1, 1.
    const double squared = (0.25 * (4 + 4) + (1 + 1) / 16. + (1 + 1) / 16. + 0.25 * (4 + 1)) / 4;
    CHECK(nn::hausdorff_loss({x, t}).item() == doctest::Approx(squared));
    CHECK(nn::hausdorff_loss({x, t}, {.log = true}).item() == doctest::Approx(std::log1p(squared)));
    CHECK(nn::hausdorff_loss({x, t}, {.alpha = 1}).item() ==
          doctest::Approx((0.25 * 4 + 2 / 16. + 2 / 16. + 0.25 * 3) / 4));
    // Nothing has a boundary.
    CHECK(nn::boundary_loss({x, full({1, 4}, 1)}).item() == 0);
    CHECK(nn::hausdorff_loss({zeros({1, 1, 4}), full({1, 4}, 0)}).item() == 0);
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss([](const nn::Segmentation& s) { return nn::boundary_loss(s); });
    for (const bool log : {false, true}) {
      check_segmentation_loss([=](const nn::Segmentation& s) {
        return nn::hausdorff_loss(s, {.log = log, .include_background = !log, .spacing = {0.5}});
      });
    }
    const nn::Segmentation s(zeros({1, 2, 3, 3}), zeros({1, 3, 3}, i64));
    CHECK_THROWS_WITH_AS(nn::boundary_loss(s, {.spacing = {1, 2, 3}}),
                         doctest::Contains("spacing must have one number, or one for each of the 2 "
                                           "spatial axes, got 3"),
                         Error);
    CHECK_THROWS_WITH_AS(nn::hausdorff_loss(s, {.spacing = {0}}),
                         doctest::Contains("spacing must be positive"), Error);
    CHECK_THROWS_WITH_AS(nn::hausdorff_loss(s, {.alpha = 0}),
                         doctest::Contains("alpha must be positive, got 0"), Error);
  }
}
