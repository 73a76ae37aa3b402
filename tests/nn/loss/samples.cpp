#include "tests/nn/loss/samples.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "autograd/grad.h"
#include "autograd/gradcheck.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"

namespace tessera::testing {

namespace {

bool all_finite(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

void check_segmentation_loss(const SegmentationLoss& loss) {
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
    for (const Tensor& target : targets) {
      INFO(fmt::format("logits {} target {}", shape, target.str()));
      const auto f = [&](const Tensors& x) { return loss(x[0], target); };
      const Tensor x = uniform(shape, -2, 2);
      const GradcheckResult first = gradcheck(f, {x}), second = gradgradcheck(f, {x});
      CHECK_MESSAGE(first.ok, first.report);
      CHECK_MESSAGE(second.ok, second.report);
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
  }
  const Tensor logits = zeros({1, 2, 3});
  CHECK_THROWS_WITH_AS(loss(logits, tensor({0, 2, 1}, {1, 3}, i64)).item(),
                       doctest::Contains("class indices must lie in [0, 2) or be ignore_index = "
                                         "255, got 2 at element 1 of [1, 3]"),
                       Error);
  CHECK_THROWS_WITH_AS(loss(logits, zeros({1, 2}, i64)),
                       doctest::Contains("must be the classes as integers [1, 3], got i64 [1, 2]"),
                       Error);
}

}  // namespace tessera::testing
