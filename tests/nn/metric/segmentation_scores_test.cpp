#include "nn/metric/segmentation_scores.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/mask.h"
#include "ops/rearrange.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;
using nn::ClassStatus;
using nn::Confusion;
using nn::SegmentationScores;

namespace {

using Classes = std::vector<int64_t>;

Confusion counts(const Classes& predicted, const Classes& reference, int64_t classes) {
  Confusion c(classes);
  c.add(predicted, reference, 255);
  return c;
}

}  // namespace

TEST_SUITE("nn/metric/segmentation_scores") {
  TEST_CASE("one class by hand, in each status") {
    const Confusion c = counts({1, 1, 1, 0, 2, 0}, {1, 1, 0, 1, 0, 3}, 5);
    const nn::ClassScore found = class_score(c, 1);
    CHECK(found.status == ClassStatus::found);
    CHECK(found.dice == 2 * 2 / 6.);
    CHECK(found.iou == 2 / 4.);
    const nn::ClassScore invented = class_score(c, 2), missed = class_score(c, 3);
    CHECK(invented.status == ClassStatus::invented);
    CHECK(invented.dice == 0);
    CHECK(missed.status == ClassStatus::missed);
    CHECK(missed.iou == 0);
    const nn::ClassScore absent = class_score(c, 4);
    CHECK(absent.status == ClassStatus::absent);
    CHECK(std::isnan(absent.dice));
    CHECK(std::isnan(absent.iou));
    CHECK(nn::name_of(ClassStatus::missed) == "missed");
  }

  TEST_CASE("means over cases and classes, and pooled") {
    SegmentationScores scores(3, 255);
    CHECK(std::isnan(scores.dice()));
    scores.add("a", counts({1, 1, 0, 0}, {1, 0, 0, 255}, 3));  // class 1: 2/3, 1/2
    scores.add("b", counts({0, 1, 2, 2}, {0, 1, 2, 1}, 3));    // 1: 2/3, 1/2; 2: 2/3, 1/2
    scores.add("c", counts({0, 0}, {0, 2}, 3));                // 2: missed
    scores.add("d", counts({0, 0}, {0, 0}, 3));                // nothing to find

    const auto& cases = scores.cases();
    REQUIRE(cases.size() == 4);
    CHECK(cases[0].name == "a");
    CHECK(cases[0].dice == doctest::Approx(2 / 3.));
    CHECK(cases[0].iou == 0.5);
    CHECK(cases[1].dice == doctest::Approx(2 / 3.));
    CHECK(cases[2].dice == 0);
    CHECK(std::isnan(cases[3].dice));

    const nn::ClassSummary one = scores.summary(1), two = scores.summary(2);
    CHECK(one.dice == doctest::Approx(2 / 3.));
    CHECK(one.found == 2);
    CHECK(one.absent == 2);
    CHECK(one.pooled_dice == doctest::Approx(2 * 2 / 6.));
    CHECK(two.dice == doctest::Approx(1 / 3.));
    CHECK(two.iou == 0.25);
    CHECK(two.missed == 1);
    CHECK(two.pooled_iou == doctest::Approx(1 / 3.));
    CHECK(scores.dice() == doctest::Approx((2 / 3. + 1 / 3.) / 2));
    CHECK(scores.iou() == doctest::Approx((0.5 + 0.25) / 2));
    CHECK(scores.pooled_dice() == doctest::Approx((2 / 3. + 0.5) / 2));
    CHECK(scores.pooled_iou() == doctest::Approx((0.5 + 1 / 3.) / 2));
    CHECK(scores.pooled().ignored() == 1);
    CHECK(scores.pooled().total() == 11);
  }

  TEST_CASE("from logits: the reference itself scores 1") {
    const Tensor target = tensor({0, 1, 2, 1, 0, 0, 2, 2}, {2, 2, 2}, i64);
    const Tensor logits = permute(one_hot(target, 3, f32), {0, 3, 1, 2});
    SegmentationScores scores(3);
    scores.add({"x", "y"}, logits, target);
    CHECK(scores.dice() == 1);
    CHECK(scores.iou() == 1);
    CHECK(scores.cases()[1].classes[1].status == ClassStatus::absent);
    CHECK(scores.cases()[1].dice == 1);
    CHECK(scores.pooled().accuracy() == 1);
  }

  TEST_CASE("what does not fit adds nothing") {
    SegmentationScores scores(3);
    const Tensor logits = zeros({2, 3, 4}), target = zeros({2, 4}, i64);
    CHECK_THROWS_WITH_AS(scores.add({"x"}, logits, target),
                         doctest::Contains("one name for each of the 2 samples, got 1"), Error);
    CHECK_THROWS_WITH_AS(scores.add({"x", "y"}, zeros({2, 2, 4}), target),
                         doctest::Contains("the logits [2, 2, 4] must have 3 classes"), Error);
    CHECK_THROWS_AS(scores.add({"x", "y"}, logits, full({2, 4}, 3)), Error);
    CHECK_THROWS_AS(scores.add("x", Confusion(2)), Error);
    CHECK(scores.cases().empty());
    CHECK(scores.pooled().total() == 0);
    CHECK_THROWS_WITH_AS(SegmentationScores(1), doctest::Contains("at least two classes"), Error);
  }
}
