#include "io/elastic.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// How far each pixel is moved, [3, D, H, W].
Tensor moved_by(const Elastic& elastic, Extent extent) {
  std::vector<float> moved(static_cast<size_t>(3 * extent.count()));
  const auto W = static_cast<size_t>(extent.width);
  for (int64_t d = 0; d < extent.depth; ++d) {
    for (int64_t h = 0; h < extent.height; ++h) {
      Places places;
      for (auto* axis : {&places.z, &places.y, &places.x}) axis->assign(W, 0.0);
      elastic.move_(d, h, places);
      const std::vector<double>* axes[] = {&places.z, &places.y, &places.x};
      for (int64_t axis = 0; axis < 3; ++axis)
        for (size_t w = 0; w < W; ++w)
          moved[static_cast<size_t>(((axis * extent.depth + d) * extent.height + h)) * W + w] =
              static_cast<float>((*axes[axis])[w]);
    }
  }
  return tensor<float>(moved, {3, extent.depth, extent.height, extent.width});
}

}  // namespace

TEST_SUITE("io/elastic") {
  TEST_CASE("pixels move as recorded from ITK's cubic splines") {
    const Oracle oracle("augment");
    const Tensor points = oracle("elastic/displacements");
    const Extent extent{5, 7, 9};
    const Elastic elastic(extent, points.shape(1), points.shape(2), points.shape(3),
                          points.to_vector<float>());
    check_close(moved_by(elastic, extent), oracle("elastic/moved"), 1e-5);
  }

  TEST_CASE(
      "borders hardly move, nothing moves farther than asked, flat ones stay in their slice") {
    Draws draws(3, 1);
    const Extent extent{8, 40, 40};
    for (const bool flat : {false, true}) {
      const Elastic elastic(extent, 7, 3, flat, draws);
      const std::vector<float> moved = moved_by(elastic, extent).to_vector<float>();
      float most = 0, most_z = 0, border = 0;
      for (size_t i = 0; i < moved.size(); ++i) {
        most = std::max(most, std::abs(moved[i]));
        if (i < moved.size() / 3) most_z = std::max(most_z, std::abs(moved[i]));
        if (i % 40 == 0) border = std::max(border, std::abs(moved[i]));
      }
      CHECK(most > 0.3F);
      CHECK(most <= 3);
      CHECK((most_z == 0) == flat);
      CHECK(border < 0.6F);
    }
    CHECK_THROWS_WITH_AS(Elastic(extent, 4, 1, true, draws),
                         doctest::Contains("5 control points or more, got 4"), Error);
  }
}
