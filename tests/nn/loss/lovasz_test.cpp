#include "nn/loss/lovasz.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/lovasz") {
  TEST_CASE("by hand") {
    // The target is 1, 0, 0. Probabilities 3/4, 1/2, 1/5 have errors 1/4, 1/2, 1/5. In order of
    // errors: without pixel 1, IoU is 1/2; without 0 as well, 0.
    const Tensor x = tensor({std::log(3.0), 0, -std::log(4.0)}, {1, 1, 3}, f64);
    const Tensor t = tensor({1, 0, 0}, {1, 3}, i64);
    CHECK(nn::lovasz_loss({x, t}).item() == doctest::Approx(0.5 * 0.5 + 0.25 * 0.5));
    // Hinge errors 1 - log 3, 1, 1 - log 4 (none).
    CHECK(nn::lovasz_hinge_loss({x, t}).item() == doctest::Approx(1 * 0.5));
    // Without a pixel of the class, the largest error, if it counts at all.
    const Tensor none = zeros({1, 3}, i64);
    CHECK(nn::lovasz_loss({x, none}).item() == 0);
    CHECK(nn::lovasz_loss({x, none}, {.all_classes = true}).item() == doctest::Approx(0.75));
    CHECK(nn::lovasz_loss({zeros({0, 2, 3}), zeros({0, 3}, i64)}).item() == 0);
  }

  TEST_CASE("an ignored pixel is as if it were not there") {
    const Tensor x = tensor({0.3, -1, 0.7, 2, 0.1, -0.4}, {1, 2, 3}, f64);
    const Tensor less = tensor({0.3, 0.7, 2, -0.4}, {1, 2, 2}, f64);
    const nn::SegmentationOptions ignore = {.ignore_index = 9};
    const Tensor t = tensor({1, 9, 0}, {1, 3}, i64), rest = tensor({1, 0}, {1, 2}, i64);
    CHECK(nn::lovasz_loss({x, t, ignore}).item() ==
          doctest::Approx(nn::lovasz_loss({less, rest}).item()));
    CHECK(nn::lovasz_hinge_loss({x, t, ignore}).item() ==
          doctest::Approx(nn::lovasz_hinge_loss({less, rest}).item()));
  }

  TEST_CASE("gradients, extremes and errors") {
    for (const bool flag : {false, true}) {
      check_segmentation_loss([=](const nn::Segmentation& s) {
        return nn::lovasz_loss(s, {.per_image = flag, .all_classes = !flag});
      });
      check_segmentation_loss([=](const nn::Segmentation& s) {
        return nn::lovasz_hinge_loss(s, {.per_image = flag, .all_classes = flag});
      });
    }
  }
}
