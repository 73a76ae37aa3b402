#include "nn/loss/loss.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/loss/cross_entropy.h"
#include "nn/loss/overlap.h"
#include "tests/nn/loss/samples.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

const Tensor& logits() {
  static const Tensor x = uniform({2, 3, 4, 4}, -2, 2);
  return x;
}
const Tensor& target() {
  static const Tensor t = integers({2, 4, 4}, 0, 3);
  return t;
}

double value(const std::string& text, int64_t ignore_index = -100) {
  return nn::loss(text, ignore_index)(logits(), target()).item();
}

}  // namespace

TEST_SUITE("nn/loss/loss") {
  TEST_CASE("sums of named losses") {
    const Tensor &x = logits(), &t = target();
    const double dice = nn::dice_loss(x, t).item(), ce = nn::cross_entropy(x, t).item();
    CHECK(value("dice") == dice);
    CHECK(value("ce") == ce);
    CHECK(value("0.5*dice + 0.25*ce") == doctest::Approx(0.5 * dice + 0.25 * ce).epsilon(1e-14));
    CHECK(nn::dice_ce(x, t).item() == doctest::Approx(dice + ce).epsilon(1e-14));
    CHECK(value("-1*dice:nnunet(batch=true)") ==
          doctest::Approx(
              -nn::dice_loss(
                   x, t,
                   {.include_background = false, .sums = nn::OverlapSums::batch, .negative = true})
                   .item()));
    CHECK(value("ce(weight=[1,2,3], label_smoothing=0.1)") ==
          nn::cross_entropy(x, t, {{1, 2, 3}, -100, 0.1}).item());
    CHECK(value("bce(pos_weight=2)") == nn::binary_cross_entropy(x, t, {{2}}).item());
    CHECK(value("focal(gamma=1.5, alpha=[1,2,3])") ==
          nn::focal_loss(x, t, {1.5, {1, 2, 3}}).item());
    CHECK(value("iou(all=true, smooth=1)") ==
          nn::iou_loss(x, t, {.sums = nn::OverlapSums::all, .smooth = 1}).item());
    CHECK(value("dice(squared=1, background=false, eps=1e-3)") ==
          nn::dice_loss(x, t, {.include_background = false, .squared = true, .eps = 1e-3}).item());
  }

  TEST_CASE("ignored classes, for all terms or one") {
    const double expected = nn::dice_loss(logits(), target(), {.ignore_index = 1}).item();
    CHECK(value("dice", 1) == expected);
    CHECK(value("dice(ignore=1)") == expected);
    CHECK(value("dice(ignore=1)", 2) == expected);
  }

  TEST_CASE("JMedSeg's formulas") {
    const Oracle oracle("segmentation_loss");
    for (const char* name : {"dice", "iou", "focal"}) {
      const nn::Loss loss = nn::loss(std::string(name) + ":jmedseg");
      oracle.check(std::string("volume ") + name + " jmedseg",
                   [&](const Tensors& x) { return loss(x[0], x[1]); });
    }
    const Tensor x = uniform({1, 2, 4}, -2, 2), t = integers({1, 4}, 0, 2);
    CHECK(nn::loss("ce:jmedseg(w=0.75)")(x, t).item() ==
          nn::cross_entropy(x, t, {{0.25, 0.75}}).item());
    CHECK(nn::loss("ce:jmedseg")(x, t).item() ==
          doctest::Approx(nn::cross_entropy(x, t, {{0.2, 0.8}}).item()));
  }

  TEST_CASE("prints what it can read again") {
    for (const char* text : {"0.5*dice + 0.5*ce", "dice:smp(batch=0,smooth=1) + 2*focal(gamma=1)",
                             "ce(weight=[1,2.5,3])"}) {
      CHECK(nn::loss(text).str() == text);
    }
    CHECK(nn::loss(" .5 * dice+ce ").str() == "0.5*dice + ce");
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss([](const Tensor& x, const Tensor& t) {
      static const nn::Loss loss = nn::loss("0.5*dice:nnunet + ce + 0.1*focal", 255);
      return loss(x, t);
    });
  }

  TEST_CASE("texts that cannot be read") {
    const auto fails = [](const char* text, const char* message) {
      CHECK_THROWS_WITH_AS(nn::loss(text), doctest::Contains(message), Error);
    };
    fails("0.5*dise+0.5*ce",
          "loss: 'dise' is not known (did you mean 'dice'? there are bce, ce, dice, focal, iou) at "
          "character 5 of \"0.5*dise+0.5*ce\"");
    fails("ce + dice:nnuet",
          "'dice' has no preset 'nnuet' (did you mean 'nnunet'? there are jmedseg, monai, nnunet, "
          "smp) at character 6");
    fails("bce:smp", "'bce' has no preset 'smp' (there are none)");
    fails("dice(smoothing=1)", "'dice' has no argument 'smoothing' (did you mean 'smooth'?");
    fails("dice(smooth=-1)", "'smooth' of 'dice' must be >= 0, got -1");
    fails("ce(label_smoothing=2)", "must be in [0, 1], got 2");
    fails("ce(weight=[1,-1])", "'weight' must not be negative, got -1");
    fails("dice+", "expected a name");
    CHECK_THROWS_WITH_AS(nn::Loss()(logits(), target()), doctest::Contains("loss: it is empty"),
                         Error);
  }
}
