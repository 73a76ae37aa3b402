#include "ops/roi_align.h"

#include <limits>
#include <utility>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// The names are those of scripts/oracles/roi_align.py.
static const struct {
  const char* what;
  RoiAlignOptions options;
} kCases[] = {
    {"plain", {.output_size = 2}},
    {"aligned", {.output_size = {2, 3}, .aligned = true}},
    {"scaled", {.output_size = {3, 1}, .spatial_scale = 0.5, .aligned = true}},
    {"ratio", {.output_size = 2, .sampling_ratio = 3}},
    {"ratio aligned",
     {.output_size = 2, .spatial_scale = 0.7, .sampling_ratio = 1, .aligned = true}},
};

// Boxes are constants: they have no gradient.
static TensorFunction on_boxes(const Tensor& boxes, const RoiAlignOptions& options) {
  return [=](const Tensors& x) { return roi_align(x[0], cast(boxes, x[0].dtype()), options); };
}

SAMPLES(roi_align) {
  // Whole and half numbers, which are the same in every dtype.
  const Tensor boxes = tensor({0, 1, 1, 4.5, 3, 1, -2, 1, 3, 6, 1, 9, 9, 12, 12}, {3, 5}, f64);
  for (const auto& c : kCases) {
    RoiAlignOptions options = c.options;
    options.spatial_scale = options.spatial_scale == 1 ? 1 : 0.5;
    list.push_back({c.what, on_boxes(boxes, options), {uniform({2, 2, 3, 4})}});
    options.mode = RoiPooling::max;
    list.push_back(
        {std::string("max ") + c.what, on_boxes(boxes, options), {distinct({2, 1, 3, 4})}});
  }
  list.push_back(
      {"no boxes", on_boxes(uniform({0, 5}), {.output_size = 2}), {uniform({1, 1, 2, 2})}});
  list.push_back({"no channels", on_boxes(boxes, {.output_size = 2}), {uniform({2, 0, 2, 2})}});
}

TEST_SUITE("ops/roi_align") {
  TEST_CASE("averages the samples of a cell") {
    // One sample in the middle of each cell of a box of 2 x 2 elements.
    const Tensor x = tensor({0, 1, 2, 4, 5, 6, 8, 9, 10}, {1, 1, 3, 3});
    const Tensor box = tensor({0, 0, 0, 2, 2}, {1, 5});
    CHECK(roi_align(x, box, {.output_size = 2, .sampling_ratio = 1}).to_vector<double>() ==
          std::vector<double>{2.5, 3.5, 6.5, 7.5});
    CHECK(roi_align(x, box, {.output_size = 2, .sampling_ratio = 1, .aligned = true})
              .to_vector<double>() == std::vector<double>{0, 1, 4, 5});
  }

  TEST_CASE("agrees with torchvision, and with ONNX in mode max") {
    const Oracle oracle("roi_align");
    for (const auto& c : kCases) oracle.check(c.what, on_boxes(oracle("boxes"), c.options));
    for (const bool aligned : {false, true}) {
      const std::string what = aligned ? "max True" : "max False";
      const Tensor y = roi_align(oracle(what + "/x"), oracle("boxes"),
                                 {.output_size = {2, 3},
                                  .spatial_scale = 0.9,
                                  .sampling_ratio = 2,
                                  .aligned = aligned,
                                  .mode = RoiPooling::max});
      check_close(y, oracle(what + "/y"), 1e-12);
    }
  }

  TEST_CASE("channels are computed alike, however many there are") {
    const Tensor boxes = tensor({0, 1, 1, 4.5, 3, 1, -2, 1, 3, 6, 0, 0.3, 0, 2.2, 5}, {3, 5});
    for (const DType dtype : {f32, f64}) {
      for (const RoiPooling mode : {RoiPooling::avg, RoiPooling::max}) {
        const RoiAlignOptions options = {.output_size = {3, 2}, .sampling_ratio = 2, .mode = mode};
        const auto with_gradient = [&](const Tensor& x, const Tensor& w) {
          const Tensor y = roi_align(x, cast(boxes, dtype), options);
          return std::pair(y, grad(sum(y * w), x));
        };
        const Tensor x = cast(uniform({2, 19, 5, 6}), dtype),
                     w = cast(uniform({3, 19, 3, 2}), dtype);
        const auto [y, dx] = with_gradient(x, w);
        for (int64_t c = 0; c < 19; ++c) {
          const auto one = [&](const Tensor& t) {
            return slice(t, 1, {.start = c, .stop = c + 1}).eval();
          };
          const auto [y_alone, dx_alone] = with_gradient(one(x), one(w));
          CHECK(y_alone.to_vector<double>() == one(y).to_vector<double>());
          CHECK(dx_alone.to_vector<double>() == one(dx).to_vector<double>());
        }
      }
    }
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = uniform({1, 1, 3, 3}), box = tensor({0, 0, 0, 2, 2}, {1, 5}, f64);
    CHECK_THROWS_WITH_AS(
        roi_align(x, tensor({1, 0, 0, 2, 2}, {1, 5}, f64)).eval(),
        doctest::Contains("roi_align: box 0 has image index 1, which is not in [0, 1)"), Error);
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {inf, -inf, inf - inf, 1e9}) {
      CHECK_THROWS_AS(roi_align(x, tensor({0, 0, 0, bad, 2}, {1, 5}, f64)).eval(), Error);
    }
    CHECK_THROWS_AS(roi_align(x, tensor({inf - inf, 0, 0, 1, 2}, {1, 5}, f64)).eval(), Error);
    CHECK_THROWS_AS(roi_align(x, tensor({0.5, 0, 0, 1, 2}, {1, 5}, f64)).eval(), Error);
    CHECK_THROWS_AS(roi_align(Tensor(), box), Error);
    CHECK_THROWS_AS(roi_align(x, Tensor()), Error);
    CHECK_THROWS_AS(roi_align(x, cast(box, f32)), Error);
    CHECK_THROWS_AS(roi_align(x, uniform({1, 4})), Error);
    CHECK_THROWS_AS(roi_align(uniform({1, 1, 0, 3}), box), Error);
    CHECK_THROWS_AS(roi_align(uniform({1, 3, 3}), box), Error);
    CHECK_THROWS_AS(roi_align(x, box, {.output_size = 0}), Error);
    CHECK_THROWS_AS(roi_align(x, box, {.sampling_ratio = int64_t{1} << 60}), Error);
    CHECK_THROWS_AS(roi_align(x, box, {.spatial_scale = inf}), Error);
  }
}
