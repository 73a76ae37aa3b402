#include "nn/loss/overlap.h"

#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using nn::OverlapSums;

TEST_SUITE("nn/loss/overlap") {
  TEST_CASE("by hand") {
    // Probabilities of class 1: 3/4 and 1/2, of class 0: 1/4 and 1/2. The target is 1, 0.
    const Tensor x = tensor({0, 0, std::log(3.0), 0}, {1, 2, 2}, f64);
    const Tensor t = tensor({1, 0}, {1, 2}, i64);
    const double dice1 = 2 * 0.75 / (1.25 + 1), dice0 = 2 * 0.5 / (0.75 + 1);
    const auto dice = [&](const nn::OverlapOptions& o) { return nn::dice_loss(x, t, o).item(); };
    CHECK(dice({.smooth = 0}) == doctest::Approx(1 - (dice0 + dice1) / 2));
    CHECK(dice({.include_background = false, .smooth = 0}) == doctest::Approx(1 - dice1));
    CHECK(dice({.include_background = false, .smooth = 0, .negative = true}) ==
          doctest::Approx(-dice1));
    CHECK(dice({.include_background = false, .squared = true, .smooth = 1}) ==
          doctest::Approx(1 - (1.5 + 1) / (0.5625 + 0.25 + 1 + 1)));
    CHECK(dice({.sums = OverlapSums::all, .smooth = 0}) == doctest::Approx(1 - 2 * 1.25 / 4));
    CHECK(nn::iou_loss(x, t, {.include_background = false, .smooth = 0}).item() ==
          doctest::Approx(1 - 0.75 / (1.25 + 1 - 0.75)));
  }

  TEST_CASE("empty masks") {
    const Tensor none = full({1, 2}, 0), sure = tensor({50, 50, -50, -50}, {1, 2, 2}, f64);
    // Class 1 is neither there nor predicted: a perfect score, unless nothing smooths it.
    CHECK(nn::dice_loss(sure, none).item() == doctest::Approx(0));
    CHECK(nn::dice_loss(sure, none, {.smooth = 0, .eps = 1e-7}).item() == doctest::Approx(0.5));
    CHECK(nn::dice_loss(sure, none, {.smooth = 0, .skip_absent = true}).item() ==
          doctest::Approx(0));
    CHECK(nn::dice_loss(sure, full({1, 2}, 9), {.ignore_index = 9}).item() == doctest::Approx(0));
    CHECK(nn::dice_loss(zeros({0, 2, 3}), zeros({0, 3}, i64)).item() == 0);
  }

  TEST_CASE("gradients, extremes and errors") {
    for (const bool squared : {false, true}) {
      for (const OverlapSums sums : {OverlapSums::sample, OverlapSums::batch, OverlapSums::all}) {
        check_segmentation_loss([&](const Tensor& x, const Tensor& t) {
          return nn::dice_loss(x, t, {.sums = sums, .squared = squared, .ignore_index = 255});
        });
      }
    }
    for (const auto& preset : nn::overlap_presets()) {
      nn::OverlapOptions o = preset.second;
      o.ignore_index = 255;
      check_segmentation_loss(
          [&](const Tensor& x, const Tensor& t) { return nn::iou_loss(x, t, o); });
    }
  }

  TEST_CASE("the same as MONAI, nnU-Net, smp and JMedSeg") {
    const Oracle oracle("segmentation_loss");
    for (const char* shape : {"plane", "volume"}) {
      const auto check = [&](const char* what, bool dice, const nn::OverlapOptions& o,
                             double rtol = 1e-9) {
        const auto loss = [&](const Tensors& x) {
          return dice ? nn::dice_loss(x[0], x[1], o) : nn::iou_loss(x[0], x[1], o);
        };
        oracle.check(fmt::format("{} {}", shape, what), loss, rtol);
      };
      const auto& presets = nn::overlap_presets();
      check("dice", true, presets.at("monai"));
      check("dice batch", true, {.sums = OverlapSums::batch});
      check("dice squared", true, {.squared = true}, 1e-6);  // MONAI's areas are f32 here
      check("dice foreground", true, {.include_background = false});
      check("dice nnunet", true, presets.at("nnunet"));
      nn::OverlapOptions batch = presets.at("nnunet");
      batch.sums = OverlapSums::batch;
      check("dice nnunet batch", true, batch);
      check("dice smp", true, presets.at("smp"));
      check("iou smp", false, presets.at("smp"));
      check("dice jmedseg", true, presets.at("jmedseg"));
      check("iou jmedseg", false, presets.at("jmedseg"));
      check("dice ignore", true, {.ignore_index = 255});
    }
    const auto one = [&](const char* what, const nn::OverlapOptions& o) {
      oracle.check(what, [&](const Tensors& x) { return nn::dice_loss(x[0], x[1], o); });
    };
    one("one channel dice", {});
    one("one channel dice", {.include_background = false});  // there is no background
    one("one channel smp", nn::overlap_presets().at("smp"));
  }

  TEST_CASE("impossible options") {
    const Tensor x = zeros({1, 3, 2}), t = zeros({1, 2}, i64);
    CHECK_THROWS_WITH_AS(nn::dice_loss(x, t, {.smooth = 0, .eps = 0}),
                         doctest::Contains("dice_loss: smooth and eps must not be negative, nor "
                                           "both 0"),
                         Error);
    CHECK_THROWS_AS(nn::iou_loss(x, t, {.smooth = -1}), Error);
  }
}
