#include "nn/metric/lesions.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using nn::VoxelSet;

TEST_SUITE("nn/metric/lesions") {
  TEST_CASE("by hand") {
    // Reference: 0-3 (met by two parts), 10-13 (well found), 20 (missed).
    // Prediction: 0-1, 3-5, 10-12, 30 (invented), 33 (invented).
    VoxelSet r(Shape{1, 40}), p(Shape{1, 40});
    r.insert(0, 0, 0, 4);
    r.insert(0, 0, 10, 14);
    r.insert(0, 0, 20);
    p.insert(0, 0, 0, 2);
    p.insert(0, 0, 3, 6);
    p.insert(0, 0, 10, 13);
    p.insert(0, 0, 30);
    p.insert(0, 0, 33);
    const nn::LesionCounts c = count_lesions(p, r);
    CHECK(c.reference == 3);
    CHECK(c.predicted == 5);
    CHECK(c.detected == 2);
    CHECK(c.confirmed == 3);
    CHECK(c.matched == 1);
    CHECK(c.matched_iou == 0.75);
    CHECK(lesion_recall(c) == 2. / 3);
    CHECK(lesion_precision(c) == 0.6);
    CHECK(lesion_f1(c) == doctest::Approx(2 * (2. / 3) * 0.6 / (2. / 3 + 0.6)));
    CHECK(lesion_dice(c) == doctest::Approx((2. * 3 / 9 + 2. * 3 / 7) / 5));
    CHECK(panoptic_quality(c) == doctest::Approx(0.75 / 4));
  }

  TEST_CASE("neighbours across corners are one lesion, unless told otherwise") {
    VoxelSet r(Shape{2, 2, 2});
    r.insert(0, 0, 0);
    r.insert(1, 1, 1);
    CHECK(count_lesions(r, r).reference == 1);
    CHECK(count_lesions(r, r, 2).reference == 2);
    CHECK_THROWS_AS(count_lesions(r, VoxelSet(Shape{2, 4})), Error);
  }

  TEST_CASE("nothing there") {
    const VoxelSet none(Shape{3, 3});
    VoxelSet some(Shape{3, 3});
    some.insert(0, 1, 1);
    const auto absent = count_lesions(none, none), missed = count_lesions(none, some),
               invented = count_lesions(some, none);
    CHECK(std::isnan(lesion_f1(absent)));
    CHECK(std::isnan(lesion_dice(absent)));
    CHECK(std::isnan(panoptic_quality(absent)));
    CHECK(lesion_f1(missed) == 0);
    CHECK(lesion_dice(missed) == 0);
    CHECK(lesion_recall(missed) == 0);
    CHECK(std::isnan(lesion_precision(missed)));
    CHECK(lesion_f1(invented) == 0);
    CHECK(lesion_precision(invented) == 0);
    CHECK(panoptic_quality(invented) == 0);
  }
}
