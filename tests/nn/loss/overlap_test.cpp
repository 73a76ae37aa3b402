#include "nn/loss/overlap.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;
using nn::OverlapSums;

TEST_SUITE("nn/loss/overlap") {
  TEST_CASE("by hand") {
    // Probabilities of class 1: 3/4 and 1/2, of class 0: 1/4 and 1/2. The target is 1, 0.
    const Tensor x = tensor({0, 0, std::log(3.0), 0}, {1, 2, 2}, f64);
    const Tensor t = tensor({1, 0}, {1, 2}, i64);
    const double dice1 = 2 * 0.75 / (1.25 + 1), dice0 = 2 * 0.5 / (0.75 + 1);
    const auto dice = [&](const nn::OverlapOptions& o) { return nn::dice_loss({x, t}, o).item(); };
    CHECK(dice({.smooth = 0}) == doctest::Approx(1 - (dice0 + dice1) / 2));
    CHECK(dice({.include_background = false, .smooth = 0}) == doctest::Approx(1 - dice1));
    CHECK(dice({.include_background = false, .smooth = 0, .negative = true}) ==
          doctest::Approx(-dice1));
    CHECK(dice({.include_background = false, .squared = true, .smooth = 1}) ==
          doctest::Approx(1 - (1.5 + 1) / (0.5625 + 0.25 + 1 + 1)));
    CHECK(dice({.sums = OverlapSums::all, .smooth = 0}) == doctest::Approx(1 - 2 * 1.25 / 4));
    CHECK(nn::iou_loss({x, t}, {.include_background = false, .smooth = 0}).item() ==
          doctest::Approx(1 - 0.75 / (1.25 + 1 - 0.75)));
    CHECK(dice({.smooth = 0, .log = true}) ==
          doctest::Approx(-(std::log(dice0) + std::log(dice1)) / 2));
    // 1/2 predicted where class 1 is not, 1/4 not predicted where it is; reversed for class 0.
    const double tversky1 = 0.75 / (0.75 + 0.2 * 0.5 + 0.8 * 0.25);
    const double tversky0 = 0.5 / (0.5 + 0.2 * 0.25 + 0.8 * 0.5);
    nn::TverskyOptions tversky = {.alpha = 0.2, .beta = 0.8, .smooth = 0};
    CHECK(nn::tversky_loss({x, t}, tversky).item() ==
          doctest::Approx(1 - (tversky0 + tversky1) / 2));
    tversky.gamma = 0.5;
    CHECK(nn::tversky_loss({x, t}, tversky).item() ==
          doctest::Approx((std::sqrt(1 - tversky0) + std::sqrt(1 - tversky1)) / 2));
    // Both classes have one pixel, hence equal weights.
    CHECK(nn::generalized_dice_loss({x, t}).item() ==
          doctest::Approx(1 - 2 * 1.25 / 4).epsilon(1e-4));
    const Tensor more = tensor({0, 0, 0, std::log(3.0), 0, 0}, {1, 2, 3}, f64);
    const Tensor once = tensor({1, 0, 0}, {1, 3}, i64);  // weights 4/5 and 1/5
    CHECK(
        nn::generalized_dice_loss({more, once}).item() ==
        doctest::Approx(1 - 2 * (0.8 * 0.75 + 0.2 * 1) / (0.8 * 2.75 + 0.2 * 3.25)).epsilon(1e-4));
  }

  TEST_CASE("empty masks") {
    const Tensor none = full({1, 2}, 0), sure = tensor({50, 50, -50, -50}, {1, 2, 2}, f64);
    // Class 1 is neither there nor predicted: a perfect score, unless nothing smooths it.
    CHECK(nn::dice_loss({sure, none}).item() == doctest::Approx(0));
    CHECK(nn::dice_loss({sure, none}, {.smooth = 0, .eps = 1e-7}).item() == doctest::Approx(0.5));
    CHECK(nn::dice_loss({sure, none}, {.smooth = 0, .skip_absent = true}).item() ==
          doctest::Approx(0));
    CHECK(nn::dice_loss({sure, full({1, 2}, 9), {.ignore_index = 9}}).item() == doctest::Approx(0));
    CHECK(nn::dice_loss({zeros({0, 2, 3}), zeros({0, 3}, i64)}).item() == 0);
  }

  TEST_CASE("gradients, extremes and errors") {
    for (const OverlapSums sums : {OverlapSums::sample, OverlapSums::batch, OverlapSums::all}) {
      check_segmentation_loss([&](const nn::Segmentation& s) {
        return nn::dice_loss(s, {.sums = sums, .squared = sums != OverlapSums::batch});
      });
      check_segmentation_loss([&](const nn::Segmentation& s) {
        return nn::tversky_loss(s, {.alpha = 0.3, .beta = 0.7, .gamma = 0.75, .sums = sums});
      });
    }
    for (const auto& preset : nn::overlap_presets()) {
      check_segmentation_loss(
          [&](const nn::Segmentation& s) { return nn::iou_loss(s, preset.second); });
    }
    for (const bool batch : {false, true}) {
      check_segmentation_loss([&](const nn::Segmentation& s) {
        return nn::generalized_dice_loss(s, {.normalize = !batch, .batch = batch});
      });
    }
    check_segmentation_loss([](const nn::Segmentation& s) {
      return nn::tversky_loss(s, {.gamma = 2, .power_of_mean = true, .skip_absent = true});
    });
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return nn::dice_loss(s, {.log = true}); });
  }

  TEST_CASE("impossible options") {
    const Tensor x = zeros({1, 3, 2}), t = zeros({1, 2}, i64);
    CHECK_THROWS_WITH_AS(nn::dice_loss({x, t}, {.smooth = 0, .eps = 0}),
                         doctest::Contains("dice_loss: smooth and eps must not be negative, nor "
                                           "both 0"),
                         Error);
    CHECK_THROWS_AS(nn::iou_loss({x, t}, {.smooth = -1}), Error);
    CHECK_THROWS_WITH_AS(nn::tversky_loss({x, t}, {.beta = -1}),
                         doctest::Contains("tversky_loss: alpha and beta must not be negative"),
                         Error);
    CHECK_THROWS_AS(nn::generalized_dice_loss({x, t}, {.smooth = 0}), Error);
    CHECK_THROWS_WITH_AS(nn::dice_loss({x, t}, {.negative = true, .log = true}),
                         doctest::Contains("dice_loss: log needs eps > 0"), Error);
  }
}
