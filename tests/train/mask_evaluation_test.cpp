#include "train/mask_evaluation.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/settings.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using nn::ClassStatus;
using testing::MaskFolders;
using train::MaskEvaluation;

namespace {

// Three cases: both classes found; class 2 missed and class 1 found; class 2 invented alone.
struct Cases : MaskFolders {
  Cases() : MaskFolders("evaluation") {
    add("a", {"0110", "0022"}, {"0111", "0022"});  // Dice 0.8 and 1
    add("b", {"0110", "0022"}, {"0110", "0000"});  // 1 and missed
    add("c", {"0000", "0000"}, {"0000", "0002"});  // absent and invented
  }
  MaskEvaluation evaluated(const std::string& metrics, const std::string& convention) const {
    train::ScoreOptions options = {.metrics = nn::choose_metrics(metrics),
                                   .convention = &nn::convention(convention)};
    auto scored = score_all(pairs(), options);
    options.classes = train::classes_of(scored);
    return {std::move(scored), options};
  }
};

constexpr nn::BootstrapOptions kFew = {.resamples = 50};

}  // namespace

TEST_SUITE("train/mask_evaluation") {
  TEST_CASE("means in each convention") {
    const Cases cases;
    const auto mean = [&](const char* metric, const char* convention) {
      return cases.evaluated(metric, convention).summary(0, kFew).mean;
    };
    // Classes: (0.8 + 1) / 2 and (1 + 0 + 0) / 3.
    CHECK(mean("dice", "tessera") == doctest::Approx((0.9 + 1. / 3) / 2));
    CHECK(mean("dice", "nnunet") == doctest::Approx((0.9 + 1. / 3) / 2));
    CHECK(mean("dice", "medpy") == doctest::Approx((2.8 / 3 + 1. / 3) / 2));
    // Cases: (0.8 + 1) / 2, (1 + 0) / 2; what is only invented does not count.
    CHECK(mean("dice", "monai") == doctest::Approx((0.9 + 0.5) / 2));
    // Pixels: background 15 right, 4 + 2 ... of all classes.
    const MaskEvaluation pooled =
        cases.evaluated("dice,recall,pixel_accuracy,miou,fwiou", "jmedseg");
    const nn::Confusion& table = pooled.pooled();
    CHECK(table.total() == 24);
    CHECK(pooled.summary(0, kFew).mean == doctest::Approx(mean_dice(table)));
    CHECK(pooled.summary(1, kFew).mean == doctest::Approx(static_cast<double>(table.both(0)) /
                                                          static_cast<double>(table.reference(0))));
    CHECK(pooled.summary(2, kFew).mean == pixel_accuracy(table));
    CHECK(pooled.summary(3, kFew).mean == mean_iou(table));
    CHECK(pooled.summary(4, kFew).mean == frequency_weighted_iou(table));
    CHECK(pooled.summary(0, 0, kFew).mean == doctest::Approx(dice(nn::overlap(table, 1))));
  }

  TEST_CASE("infinite distances stand beside the mean, or make it infinite") {
    const Cases cases;
    const MaskEvaluation ours = cases.evaluated("hd", "tessera");
    CHECK(ours.summary(0, 0, kFew).mean == 0.5);  // 1 and 0
    CHECK(ours.summary(0, 1, kFew).mean == 0);
    CHECK(ours.summary(0, 1, kFew).infinite == 2);
    CHECK(ours.summary(0, 0, kFew).undefined == 1);
    CHECK(cases.evaluated("hd", "monai").summary(0, 1, kFew).mean ==
          std::numeric_limits<double>::infinity());
    CHECK(ours.count(1, ClassStatus::missed) == 1);
    CHECK(ours.count(1, ClassStatus::invented) == 1);
    CHECK(ours.count(0, ClassStatus::absent) == 1);
    CHECK(ours.count(0, ClassStatus::found) == 2);
  }

  TEST_CASE("the order of cases and the numbers do not depend on threads") {
    const Cases cases;
    const int threads = num_threads();
    set_num_threads(1);
    const MaskEvaluation one = cases.evaluated("dice,hd95", "tessera");
    set_num_threads(3);
    const MaskEvaluation three = cases.evaluated("dice,hd95", "tessera");
    set_num_threads(threads);
    REQUIRE(three.cases().size() == 3);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(one.cases()[i].name == three.cases()[i].name);
      CHECK(one.cases()[i].all[0] == three.cases()[i].all[0]);
    }
    const nn::Interval a = one.summary(0, {.resamples = 200}).interval,
                       b = three.summary(0, {.resamples = 200}).interval;
    CHECK(a.low == b.low);
    CHECK(a.low <= one.summary(0, kFew).mean);
    CHECK(a.high >= one.summary(0, kFew).mean);
  }

  TEST_CASE("against another prediction") {
    const Cases cases;
    const MaskEvaluation first = cases.evaluated("dice,hd95", "tessera");
    const auto rows = compare(first, first, kFew);
    REQUIRE(rows.size() == 6);
    CHECK(rows[0].c == -1);
    CHECK(rows[0].test.pairs == 3);
    CHECK(rows[0].test.equal == 3);
    CHECK(rows[0].test.wilcoxon == 1);
    CHECK(rows[5].c == 1);
    CHECK(rows[5].metric == 1);
    CHECK(rows[5].test.pairs == 1);  // two distances are infinite
    CHECK_THROWS_WITH_AS(compare(first, cases.evaluated("dice", "tessera"), kFew),
                         doctest::Contains("the same cases, classes and metrics"), Error);
  }
}
