#include "nn/loss/exponents.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/exponents") {
  TEST_CASE("by hand") {
    // Probabilities of class 1: 3/4 and 1/2. The target is 1, 0.
    const Tensor x = tensor({0, 0, std::log(3.0), 0}, {1, 2, 2}, f64);
    const Tensor one = tensor({std::log(3.0), 0}, {1, 1, 2}, f64), t = tensor({1, 0}, {1, 2}, i64);
    const double l1 = std::log(4 / 3.), l0 = std::log(2);
    const double tversky1 = 0.75 / (0.75 + 0.6 * 0.25 + 0.4 * 0.5);
    const double tversky0 = 0.5 / (0.5 + 0.6 * 0.5 + 0.4 * 0.25);
    const auto unified = [&](const nn::UnifiedFocalOptions& o) {
      const double value = nn::unified_focal_loss({x, t}, o).item();
      CHECK(nn::unified_focal_loss({one, t}, o).item() == doctest::Approx(value));
      return value;
    };
    CHECK(unified({.weight = 1}) == doctest::Approx((0.6 * l1 + 0.4 * std::sqrt(0.5) * l0) / 2));
    CHECK(unified({.weight = 1, .asymmetric = false, .class_mean = true}) ==
          doctest::Approx((0.6 * std::sqrt(0.25) * l1 + 0.4 * std::sqrt(0.5) * l0) / 4));
    CHECK(unified({.weight = 0}) == doctest::Approx((1 - tversky0 + std::sqrt(1 - tversky1)) / 2));
    CHECK(unified({.weight = 0, .asymmetric = false}) ==
          doctest::Approx((std::sqrt(1 - tversky0) + std::sqrt(1 - tversky1)) / 2));

    const auto bent = [](double value) { return std::pow(value, 0.3); };
    const double dice1 = (2 * 0.75 + 1) / (1.25 + 1 + 1), dice0 = (2 * 0.5 + 1) / (0.75 + 1 + 1);
    const double dice = 0.8 * (bent(-std::log(dice0)) + bent(-std::log(dice1))) / 2;
    for (const Tensor& logits : {x, one}) {
      CHECK(nn::exponential_logarithmic_loss({logits, t}).item() ==
            doctest::Approx(dice + 0.2 * (bent(l1) + bent(l0)) / 2));
      CHECK(nn::exponential_logarithmic_loss({logits, t}, {.class_weight = {1, 3}}).item() ==
            doctest::Approx(dice + 0.2 * (3 * bent(l1) + bent(l0)) / 2));
      CHECK(nn::exponential_logarithmic_loss({logits, t},
                                             {.ce_weight = 0, .include_background = false})
                .item() == doctest::Approx(0.8 * bent(-std::log(dice1))));
    }
  }

  TEST_CASE("gradients, extremes and errors") {
    for (const bool asymmetric : {false, true}) {
      check_segmentation_loss([=](const nn::Segmentation& s) {
        return nn::unified_focal_loss(s, {.asymmetric = asymmetric});
      });
    }
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return nn::exponential_logarithmic_loss(s); });
    const nn::Segmentation s(zeros({1, 2, 3}), zeros({1, 3}, i64));
    CHECK_THROWS_WITH_AS(nn::unified_focal_loss(s, {.gamma = 1}),
                         doctest::Contains("gamma must lie in [0, 1), got 1"), Error);
    CHECK_THROWS_AS(nn::unified_focal_loss(s, {.delta = 2}), Error);
    CHECK_THROWS_WITH_AS(nn::exponential_logarithmic_loss(s, {.ce_gamma = 0}),
                         doctest::Contains("gammas positive, got 0.8 and 0.2, 0.3 and 0"), Error);
    CHECK_THROWS_WITH_AS(nn::exponential_logarithmic_loss(s, {.class_weight = {1}}),
                         doctest::Contains("class_weight must have one number for each"), Error);
  }
}
