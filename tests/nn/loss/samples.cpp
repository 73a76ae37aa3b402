#include "tests/nn/loss/samples.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "autograd/grad.h"
#include "autograd/gradcheck.h"
#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"

namespace tessera::testing {

namespace {

bool all_finite(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

void check_segmentation_loss(const SegmentationLoss& given) {
  const auto loss = [&](const Tensor& x, const Tensor& target, const Tensor& annotated = {}) {
    return given({x, target, {.ignore_index = 255, .annotated = annotated}});
  };
  const auto check_gradients = [](const TensorFunction& f, const Tensor& x) {
    const GradcheckResult first = gradcheck(f, {x}), second = gradgradcheck(f, {x});
    CHECK_MESSAGE(first.ok, first.report);
    CHECK_MESSAGE(second.ok, second.report);
  };
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{1, 1, 3, 4}, Shape{2, 2, 3, 3}, Shape{3, 4},
                             Shape{1, 4, 2, 1, 3}, Shape{1, 2, 1, 1}}) {
    const Shape pixels = shape.without(1);
    const int64_t classes = std::max<int64_t>(shape[1], 2);
    const Tensor some = integers(pixels, 0, classes);
    const Tensor targets[] = {
        some, where(eq(integers(pixels, 0, 3, 1), 0), 255, some),
        full(pixels, classes - 1),  // other classes do not occur
        full(pixels, 255),          // nothing counts
    };
    const Tensor x = uniform(shape, -2, 2);
    for (const Tensor& target : targets) {
      INFO(fmt::format("logits {} target {}", shape, target.str()));
      check_gradients([&](const Tensors& v) { return loss(v[0], target); }, x);
      const double value = loss(x, target).item();
      CHECK(std::isfinite(value));
      CHECK(loss(cast(x, f32), target).item() == doctest::Approx(value).epsilon(1e-5));
      CHECK(loss(cast(x, bf16), target).item() == doctest::Approx(value).epsilon(0.05));
      for (const double scale : {1e4, 0.0}) {
        const Tensor extreme = variable(cast(x * scale, f32));
        const Tensor y = loss(extreme, target);
        CHECK(std::isfinite(y.item()));
        CHECK(all_finite(grad(y, extreme)));
      }
      const Eager eager;
      CHECK(loss(x, target).item() == value);
    }
    // Every second class of every second case is not annotated; then nothing is.
    const Shape table = {shape[0], classes};
    const Tensor place = reshape(iota(table), table);
    for (const Tensor& annotated : {eq(place % 2, 0), zeros(table, bool_)}) {
      INFO(fmt::format("logits {} annotated {}", shape, annotated.str()));
      check_gradients([&](const Tensors& v) { return loss(v[0], some, annotated); }, x);
      CHECK(std::isfinite(loss(x * 1e4, some, annotated).item()));
    }
    CHECK(loss(x, some, ones(table, bool_)).item() ==
          doctest::Approx(loss(x, some).item()).epsilon(1e-12));
  }
  const Tensor logits = zeros({1, 2, 3});
  CHECK_THROWS_WITH_AS(loss(logits, tensor({0, 2, 1}, {1, 3}, i64)).item(),
                       doctest::Contains("class indices must lie in [0, 2) or be ignore_index = "
                                         "255, got 2 at element 1 of [1, 3]"),
                       Error);
}

}  // namespace tessera::testing
