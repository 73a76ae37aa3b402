#include "nn/loss/skeleton.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/shape.h"
#include "tests/nn/loss/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// A bar of three rows in the middle of a plane of 7 x 9.
Tensor bar() {
  return pad_zeros(ones({1, 1, 3, 7}, f64), {0, 0, 2, 1}, {0, 0, 2, 1});
}

}  // namespace

TEST_SUITE("nn/loss/skeleton") {
  TEST_CASE("the skeleton of a bar is its middle line") {
    const Tensor middle = pad_zeros(ones({1, 1, 1, 5}, f64), {0, 0, 3, 2}, {0, 0, 3, 2});
    CHECK(nn::soft_skeleton(bar(), 3).to_vector<double>() == middle.to_vector<double>());
    CHECK(nn::soft_skeleton(reshape(bar(), {1, 1, 7, 1, 9}), 3).to_vector<double>() ==
          middle.to_vector<double>());
    // A line is its own skeleton, without any erosion.
    CHECK(nn::soft_skeleton(middle, 0).to_vector<double>() == middle.to_vector<double>());
  }

  TEST_CASE("by hand") {
    const Tensor t = reshape(bar(), {1, 7, 9});
    const auto loss = [&](const Tensor& p, const nn::ClDiceOptions& o = {}) {
      return nn::cldice_loss({reshape((p * 2 - 1) * 100, {1, 1, 7, 9}), ne(t, 0)}, o).item();
    };
    CHECK(loss(t) == doctest::Approx(1 - 2 / (2 + 1e-4)));
    // Nothing predicted: precision (0 + 1) / (0 + 1), sensitivity (0 + 1) / (5 + 1).
    CHECK(loss(t * 0, {.eps = 0}) == doctest::Approx(1 - 2 / 6. / (1 + 1 / 6.)));
  }

  TEST_CASE("gradients, extremes and errors") {
    check_segmentation_loss([](const nn::Segmentation& s) { return nn::cldice_loss(s); });
    check_segmentation_loss([](const nn::Segmentation& s) {
      return nn::cldice_loss(s, {.iterations = 1, .include_background = false});
    });
    CHECK_THROWS_WITH_AS(nn::soft_skeleton(zeros({1, 1, 2, 2, 2, 2}), 1),
                         doctest::Contains("up to three spatial axes"), Error);
    CHECK_THROWS_WITH_AS(nn::soft_skeleton(bar(), -1),
                         doctest::Contains("iterations must lie in [0, 100], got -1"), Error);
    CHECK_THROWS_WITH_AS(nn::cldice_loss({zeros({1, 2, 3}), zeros({1, 3}, i64)}, {.smooth = 0}),
                         doctest::Contains("smooth must be positive"), Error);
  }
}
