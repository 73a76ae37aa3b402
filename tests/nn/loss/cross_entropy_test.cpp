#include "nn/loss/cross_entropy.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/cross_entropy") {
  TEST_CASE("by hand") {
    // Two pixels; class 1 has probability 3/4 and 1/2.
    const Tensor x = tensor({0, 0, std::log(3.0), 0}, {1, 2, 2}, f64);
    const Tensor t = tensor({1, 0}, {1, 2}, i64);
    CHECK(nn::cross_entropy({x, t}).item() ==
          doctest::Approx((std::log(4 / 3.) + std::log(2)) / 2));
    CHECK(nn::cross_entropy({x, t}, {.weight = {1, 3}}).item() ==
          doctest::Approx((3 * std::log(4 / 3.) + std::log(2)) / 4));
    CHECK(nn::cross_entropy({x, t, {.ignore_index = 0}}).item() ==
          doctest::Approx(std::log(4 / 3.)));
    CHECK(nn::focal_loss({x, t, {.ignore_index = 0}}).item() ==
          doctest::Approx(std::log(4 / 3.) / 16));
    CHECK(nn::focal_loss({x, t}, {.gamma = 0, .alpha = {1, 3}}).item() ==
          doctest::Approx((3 * std::log(4 / 3.) + std::log(2)) / 2));
    const Tensor one = tensor({0, 0}, {1, 1, 2});
    CHECK(nn::binary_cross_entropy({one, t}).item() == doctest::Approx(std::log(2)));
    CHECK(nn::binary_cross_entropy({one, t}, {.pos_weight = {3}}).item() ==
          doctest::Approx(2 * std::log(2)));
    CHECK(nn::cross_entropy({one, t}, {.weight = {1, 0}}).item() == doctest::Approx(std::log(2)));
    CHECK(nn::cross_entropy({x, tensor({7, 7}, {1, 2}, i64), {.ignore_index = 7}}).item() == 0);
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return nn::cross_entropy(s, {.label_smoothing = 0.1}); });
    check_segmentation_loss([](const nn::Segmentation& s) {
      const size_t classes = static_cast<size_t>(s.classes);
      std::vector<double> weight(classes, 2);
      weight[0] = 0.5;
      return nn::cross_entropy(s, {.weight = weight});
    });
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return nn::binary_cross_entropy(s, {.pos_weight = {2}}); });
    for (const double gamma : {0.0, 0.5, 1.0, 1.5, 2.0}) {
      check_segmentation_loss([gamma](const nn::Segmentation& s) {
        return nn::focal_loss(s, {.gamma = gamma, .alpha = {0.25}});
      });
    }
  }

  TEST_CASE("impossible options") {
    const Tensor x = zeros({1, 3, 2}), t = zeros({1, 2}, i64);
    CHECK_THROWS_WITH_AS(nn::cross_entropy({x, t}, {.weight = {1, 2}}),
                         doctest::Contains("weight must have one number for each of the 3 classes"),
                         Error);
    CHECK_THROWS_WITH_AS(nn::cross_entropy({x, t}, {.weight = {1, 2, -1}}),
                         doctest::Contains("must not be negative"), Error);
    CHECK_THROWS_AS(nn::cross_entropy({x, t}, {.label_smoothing = 2}), Error);
    CHECK_THROWS_WITH_AS(nn::binary_cross_entropy({x, t}, {.pos_weight = {1, 2}}),
                         doctest::Contains("each of the 3 channels, got 2"), Error);
    CHECK_THROWS_AS(nn::focal_loss({x, t}, {.gamma = -1}), Error);
    CHECK_THROWS_AS(nn::focal_loss({zeros({1, 1, 2}), t}, {.alpha = {2}}), Error);
  }
}
