#include "nn/loss/loss.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/loss/cross_entropy.h"
#include "nn/loss/overlap.h"
#include "ops/binary.h"
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
    const double dice = nn::dice_loss({x, t}).item(), ce = nn::cross_entropy({x, t}).item();
    CHECK(value("dice") == dice);
    CHECK(value("ce") == ce);
    CHECK(value("0.5*dice + 0.25*ce") == doctest::Approx(0.5 * dice + 0.25 * ce).epsilon(1e-14));
    CHECK(nn::dice_ce(x, t).item() == doctest::Approx(dice + ce).epsilon(1e-14));
    CHECK(value("-1*dice:nnunet(batch=true)") ==
          doctest::Approx(-nn::dice_loss({x, t}, {.include_background = false,
                                                  .sums = nn::OverlapSums::batch,
                                                  .negative = true})
                               .item()));
    CHECK(value("ce(weight=[1,2,3], label_smoothing=0.1)") ==
          nn::cross_entropy({x, t}, {{1, 2, 3}, 0.1}).item());
    CHECK(value("bce(pos_weight=2)") == nn::binary_cross_entropy({x, t}, {{2}}).item());
    CHECK(value("focal(gamma=1.5, alpha=[1,2,3])") ==
          nn::focal_loss({x, t}, {1.5, {1, 2, 3}}).item());
    CHECK(value("iou(all=true, smooth=1)") ==
          nn::iou_loss({x, t}, {.sums = nn::OverlapSums::all, .smooth = 1}).item());
    CHECK(
        value("dice(squared=1, background=false, eps=1e-3)") ==
        nn::dice_loss({x, t}, {.include_background = false, .squared = true, .eps = 1e-3}).item());
  }

  TEST_CASE("ignored pixels, and classes that are not annotated") {
    CHECK(value("dice", 1) == nn::dice_loss({logits(), target(), {.ignore_index = 1}}).item());
    const Tensor some = ne(tensor({1, 1, 0, 1, 1, 1}, {2, 3}), 0);
    CHECK(nn::loss("dice", 1)(logits(), target(), some).item() ==
          nn::dice_loss({logits(), target(), {.ignore_index = 1, .annotated = some}}).item());
  }

  TEST_CASE("the same as torch, torchvision, MONAI, nnU-Net, smp and JMedSeg") {
    const Oracle oracle("segmentation_loss");
    // Where the other computes in f32, and where it sorts and adds up in f32.
    constexpr double kF64 = 1e-9, kF32 = 1e-6, kScan = 1e-5;
    struct Row {
      const char *record, *loss;
      double rtol = kF64;
      const char* family = "";
    };
    const auto check = [&](const std::string& record, const std::string& text, double rtol,
                           int64_t ignore_index = 255) {
      const nn::Loss loss = nn::loss(text, ignore_index);
      oracle.check(
          record, [&](const Tensors& x) { return loss(x[0], x[1]); }, rtol);
    };
    const Row rows[] = {
        {"ce", "ce"},
        {"bce", "bce"},
        {"bce", "bce", kF64, " ignored"},
        {"focal 0.5", "focal(gamma=0.5)", kF32},
        {"focal 2.0", "focal", kF32},
        {"focal", "focal", kF32, " ignored"},
        {"focal monai", "focal:monai(alpha=0.25)", kF32},
        {"focal monai weight", "focal:monai(alpha=[%])", kF32},
        {"focal smp", "focal:smp(gamma=1.5)"},
        {"focal jmedseg", "focal:jmedseg"},
        {"ce weight", "ce(weight=[%])"},
        {"bce weight", "bce(pos_weight=[%])"},
        {"topk", "topk:nnunet"},
        {"ohem", "ohem"},
        {"dice", "dice:monai"},
        {"dice batch", "dice(batch=true)"},
        {"dice squared", "dice(squared=true)", kF32},
        {"dice foreground", "dice(background=false)"},
        {"dice nnunet", "dice:nnunet"},
        {"dice nnunet batch", "dice:nnunet(batch=true)"},
        {"dice smp", "dice:smp"},
        {"dice smp log", "dice:smp(log=true)"},
        {"dice jmedseg", "dice:jmedseg"},
        {"dice", "dice", kF64, " ignored"},
        {"iou monai", "iou:monai"},
        {"iou smp", "iou:smp"},
        {"iou jmedseg", "iou:jmedseg"},
        {"dice ce", "dice:monai + ce:monai"},
        {"generalized", "generalized_dice:monai", kF32},
        {"generalized batch", "generalized_dice:monai(batch=true,power=1)", kF32},
        {"tversky", "tversky:monai(alpha=0.3,beta=0.7)"},
        {"tversky smp", "tversky:smp(alpha=0.3,beta=0.7,gamma=1.5)"},
        {"focal tversky", "focal_tversky"},
        {"lovasz", "lovasz:smp", kScan},
        {"lovasz image", "lovasz:smp(per_image=true)", kScan},
        {"boundary", "boundary:monai", kF32},
        {"hausdorff", "hausdorff:monai", kF32},
        {"hausdorff log", "hausdorff:monai(log=true,alpha=1)", kF32},
        {"cldice", "cldice:monai"},
        {"cldice foreground", "cldice(iterations=1,background=false)"},
        {"unified symmetric", "unified_focal(asymmetric=false)"},
        {"exp log", "exp_log(class_weight=[%])"},
    };
    for (const Row& row : rows) {
      for (const bool plane : {true, false}) {
        std::string text = row.loss;
        const size_t weights = text.find('%');
        if (weights != std::string::npos) text.replace(weights, 1, plane ? "1,2" : "1,2,3");
        check(std::string(plane ? "plane" : "volume") + row.family + "/" + row.record, text,
              row.rtol);
      }
    }
    check("plane/ce smooth", "ce(weight=[1,2],label_smoothing=0.1)", kF64, 1);
    check("volume/ce smooth", "ce(weight=[1,2,3],label_smoothing=0.1)", kF64, 1);
    check("plane/unified", "unified_focal:monai", kF32);
    check("one channel ce", "ce", kF64);
    check("one channel ce", "bce", kF64);
    check("one channel dice", "dice", kF64);
    check("one channel dice", "dice(background=false)", kF64);  // there is none
    check("one channel smp", "dice:smp", kF64);
    check("one channel focal", "focal(alpha=0.25)", kF64);
    check("one channel hinge", "lovasz_hinge:smp", kScan);
  }

  TEST_CASE("prints what it can read again") {
    for (const char* text : {"0.5*dice + 0.5*ce", "dice:smp(batch=0,smooth=1) + 2*focal(gamma=1)",
                             "ce(weight=[1,2.5,3])"}) {
      CHECK(nn::loss(text).str() == text);
    }
    CHECK(nn::loss(" .5 * dice+ce ").str() == "0.5*dice + ce");
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss(
        [](const nn::Segmentation& s) { return 0.5 * nn::dice_loss(s) + nn::cross_entropy(s); });
  }

  TEST_CASE("texts that cannot be read") {
    const auto fails = [](const char* text, const char* message) {
      CHECK_THROWS_WITH_AS(nn::loss(text), doctest::Contains(message), Error);
    };
    fails("0.5*dise+0.5*ce",
          "loss: 'dise' is not known (did you mean 'dice'? there are bce, boundary, ce,");
    fails("0.5*dise+0.5*ce", "at character 5 of \"0.5*dise+0.5*ce\"");
    fails("ce + dice:nnuet",
          "'dice' has no preset 'nnuet' (did you mean 'nnunet'? there are jmedseg, monai, nnunet, "
          "smp) at character 6");
    fails("ohem:smp", "'ohem' has no preset 'smp' (there are none)");
    fails("dice(smoothing=1)", "'dice' has no argument 'smoothing' (did you mean 'smooth'?");
    fails("dice(smooth=-1)", "'smooth' of 'dice' must be >= 0, got -1");
    fails("ce(label_smoothing=2)", "must be in [0, 1], got 2");
    fails("ce(weight=[1,-1])", "'weight' must not be negative, got -1");
    fails("dice+", "expected a name");
    CHECK_THROWS_WITH_AS(nn::Loss()(logits(), target()), doctest::Contains("loss: it is empty"),
                         Error);
  }
}
