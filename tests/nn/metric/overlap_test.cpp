#include "nn/metric/overlap.h"

#include <cmath>

#include <doctest/doctest.h>

using namespace tessera;
using nn::Overlap;

TEST_SUITE("nn/metric/overlap") {
  TEST_CASE("by hand") {
    const Overlap o = {.both = 6, .only_predicted = 2, .only_reference = 4, .neither = 8};
    CHECK(dice(o) == 12. / 18);
    CHECK(iou(o) == 0.5);
    CHECK(precision(o) == 0.75);
    CHECK(recall(o) == 0.6);
    CHECK(specificity(o) == 0.8);
    CHECK(accuracy(o) == 0.7);
    CHECK(volumetric_overlap_error(o) == 0.5);
    CHECK(relative_volume_difference(o) == -0.2);
    CHECK(matthews_correlation(o) == doctest::Approx((48. - 8) / std::sqrt(8. * 10 * 10 * 12)));
    const Overlap nothing = {.neither = 5};
    for (const double value : {dice(nothing), iou(nothing), precision(nothing), recall(nothing),
                               relative_volume_difference(nothing), matthews_correlation(nothing),
                               accuracy(Overlap{})}) {
      CHECK(std::isnan(value));
    }
    // Sums of products of volumes would not fit into 64 bits.
    const int64_t many = int64_t{1} << 31;
    CHECK(nn::matthews_correlation({many, 0, 0, many}) == doctest::Approx(1));
  }

  TEST_CASE("all classes together") {
    nn::Confusion c(4);  // class 3 occurs nowhere
    c.add(std::vector<int64_t>{0, 0, 0, 1, 1, 2, 2, 0},
          std::vector<int64_t>{0, 0, 0, 0, 1, 1, 2, 2}, -1);
    const Overlap one = overlap(c, 1);
    CHECK(one.both == 1);
    CHECK(one.only_predicted == 1);
    CHECK(one.only_reference == 1);
    CHECK(one.neither == 5);
    CHECK(pixel_accuracy(c) == 5. / 8);
    CHECK(mean_recall(c) == doctest::Approx((0.75 + 0.5 + 0.5) / 3));
    CHECK(mean_iou(c) == doctest::Approx((3. / 5 + 1. / 3 + 1. / 3) / 3));
    CHECK(mean_dice(c) == doctest::Approx((0.75 + 0.5 + 0.5) / 3));
    CHECK(frequency_weighted_iou(c) == doctest::Approx((4 * 3. / 5 + 2 * 1. / 3 + 2 * 1. / 3) / 8));
    CHECK(std::isnan(mean_iou(nn::Confusion(2))));
    CHECK(std::isnan(frequency_weighted_iou(nn::Confusion(2))));
  }
}
