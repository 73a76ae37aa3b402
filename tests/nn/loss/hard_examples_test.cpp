#include "nn/loss/hard_examples.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/hard_examples") {
  TEST_CASE("by hand") {
    // The right class has probability 1/2, 3/4, 4/5, 9/10; the fifth pixel is ignored.
    const Tensor x = tensor({0, std::log(3.0), std::log(4.0), std::log(9.0), -9}, {1, 1, 5}, f64);
    const nn::Segmentation s(x, tensor({1, 1, 1, 1, 7}, {1, 5}, i64), {.ignore_index = 7});
    const double l[] = {std::log(2.0), std::log(4 / 3.0), std::log(1.25), std::log(10 / 9.0)};
    const auto topk = [&](double percent) {
      return nn::topk_cross_entropy(s, {.percent = percent}).item();
    };
    CHECK(topk(10) == doctest::Approx(l[0]));  // at least one
    CHECK(topk(50) == doctest::Approx((l[0] + l[1]) / 2));
    CHECK(topk(99) == doctest::Approx((l[0] + l[1] + l[2]) / 3));
    CHECK(topk(100) == doctest::Approx((l[0] + l[1] + l[2] + l[3]) / 4));
    CHECK(nn::ohem_cross_entropy(s).item() == doctest::Approx(l[0]));
    CHECK(nn::ohem_cross_entropy(s, {.thresh = 0.78}).item() == doctest::Approx((l[0] + l[1]) / 2));
    CHECK(nn::ohem_cross_entropy(s, {.min_kept = 0.75}).item() ==
          doctest::Approx((l[0] + l[1] + l[2]) / 3));
    CHECK(nn::ohem_cross_entropy(s, {.thresh = 0.1, .min_kept = 0}).item() == 0);
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return nn::topk_cross_entropy(s, {.percent = 30}); });
    check_segmentation_loss([](const nn::Segmentation& s) {
      return nn::ohem_cross_entropy(s, {.thresh = 0.4, .min_kept = 0.2});
    });
    const nn::Segmentation s(zeros({1, 2, 3}), zeros({1, 3}, i64));
    CHECK_THROWS_WITH_AS(nn::topk_cross_entropy(s, {.percent = 0}),
                         doctest::Contains("percent must lie in (0, 100], got 0"), Error);
    CHECK_THROWS_WITH_AS(nn::ohem_cross_entropy(s, {.thresh = 2}),
                         doctest::Contains("thresh must lie in (0, 1]"), Error);
  }
}
