#include "ops/nms.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// Three boxes: the second overlaps the first by a half, IoU 1/3, the third touches neither.
static Tensor three_boxes(DType dtype = f64) {
  return tensor({0, 0, 2, 2, 1, 0, 3, 2, 5, 5, 6, 6}, {3, 4}, dtype);
}

SAMPLES(nms) {
  for (const double threshold : {0.2, 0.5}) {
    list.push_back({"three boxes",
                    [=](const Tensors& x) { return nms(x[0], x[1], threshold); },
                    {three_boxes(), distinct({3})},
                    false});
  }
  list.push_back({"no boxes",
                  [](const Tensors& x) { return nms(x[0], x[1], 0.5); },
                  {uniform({0, 4}), uniform({0})},
                  false});
}

SAMPLES(non_max_suppression) {
  for (const bool center : {false, true}) {
    list.push_back({"two images, three classes",
                    [=](const Tensors& x) {
                      return non_max_suppression(x[0], x[1],
                                                 {.max_output_boxes_per_class = 2,
                                                  .iou_threshold = 0.3,
                                                  .score_threshold = -0.4,
                                                  .center_point_box = center});
                    },
                    {uniform({2, 5, 4}), distinct({2, 3, 5})},
                    false});
  }
  list.push_back({"no boxes",
                  [](const Tensors& x) { return non_max_suppression(x[0], x[1]); },
                  {uniform({2, 0, 4}), uniform({2, 3, 0})},
                  false});
}

TEST_SUITE("ops/nms") {
  TEST_CASE("drops what overlaps a better box too much") {
    const Tensor scores = tensor({0.1, 0.9, 0.5}, {3}, f64);
    CHECK(nms(three_boxes(), scores, 0.3).to_vector<double>() == std::vector<double>{1, 2});
    CHECK(nms(three_boxes(), scores, 0.34).to_vector<double>() == std::vector<double>{1, 2, 0});
  }

  TEST_CASE("a box at the threshold stays, and the first of equal scores wins") {
    const Tensor boxes = tensor({0, 0, 1, 1, 0, 0, 1, 2, 0, 0, 1, 1}, {3, 4});
    CHECK(nms(boxes, tensor({1, 1, 1}, {3}), 0.5).to_vector<double>() == std::vector<double>{0, 1});
  }

  TEST_CASE("corners may come in any order, and classes are apart") {
    const Tensor boxes = tensor({0, 0, 1, 1, 1, 1, 0, 0}, {1, 2, 4});
    const Tensor scores = tensor({0.1, 0.2, 0.4, 0.3}, {1, 2, 2});
    CHECK(non_max_suppression(boxes, scores, {.iou_threshold = 0.5}).to_vector<double>() ==
          std::vector<double>{0, 0, 1, 0, 1, 0});
    CHECK(non_max_suppression(boxes, scores, {.iou_threshold = 1, .score_threshold = 0.25})
              .to_vector<double>() == std::vector<double>{0, 1, 0, 0, 1, 1});
    CHECK(non_max_suppression(boxes, scores, {.max_output_boxes_per_class = 0}).shape() ==
          Shape{0, 3});
  }

  TEST_CASE("nan does not disturb the order") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(nms(three_boxes(), tensor({1, nan, 2}, {3}, f64), 0.5).to_vector<double>() ==
          std::vector<double>{1, 2, 0});
    CHECK(nms(tensor({nan, 0, 1, 1, 0, 0, 1, 1}, {2, 4}), tensor({2, 1}, {2}), 0.5)
              .to_vector<double>() == std::vector<double>{0, 1});
  }

  TEST_CASE("agrees with torchvision") {
    const Oracle oracle("nms");
    for (const char* threshold : {"0.1", "0.3", "0.7"}) {
      const Tensor kept = nms(oracle("boxes"), oracle("scores"), std::stod(threshold));
      check_close(kept, oracle(std::string("kept ") + threshold), 0);
    }
  }

  TEST_CASE("names what does not fit") {
    const Tensor boxes = three_boxes(f32), scores = tensor({1, 2, 3}, {3});
    CHECK_THROWS_WITH_AS(
        nms(boxes, tensor({1, 2}, {2}), 0.5),
        doctest::Contains("nms: boxes must be [N, 4] and scores [N], got [3, 4] and [2]"), Error);
    CHECK_THROWS_AS(nms(Tensor(), scores, 0.5), Error);
    CHECK_THROWS_AS(nms(boxes, Tensor(), 0.5), Error);
    CHECK_THROWS_AS(nms(boxes, cast(scores, f64), 0.5), Error);
    CHECK_THROWS_AS(nms(scores, scores, 0.5), Error);
    CHECK_THROWS_AS(nms(cast(boxes, i32), cast(scores, i32), 0.5), Error);
    CHECK_THROWS_AS(non_max_suppression(boxes, scores), Error);
    CHECK_THROWS_AS(non_max_suppression(uniform({1, 3, 4}), uniform({1, 1, 2})), Error);
    CHECK_THROWS_AS(
        non_max_suppression(uniform({1, 3, 4}), uniform({1, 1, 3}), {.iou_threshold = 2}), Error);
  }
}
