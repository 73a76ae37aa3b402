#include "io/resample_grid.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/oracle.h"

using namespace tessera;
using io::Grid;
using io::Interpolation;
using io::Volume;

namespace {

io::Geometry geometry_of(const Tensor& affine) {
  io::Geometry geometry;
  const std::vector<double> values = affine.to_vector<double>();
  std::copy(values.begin(), values.end(), geometry.affine.begin());
  return geometry;
}

}  // namespace

TEST_SUITE("io/resample_grid") {
  TEST_CASE("the grid of another volume, as SimpleITK") {
    const testing::Oracle oracle("resample_volume");
    const io::Geometry geometry = geometry_of(oracle("grid/affine"));
    const Grid grid{oracle("grid/linear").shape(), geometry_of(oracle("grid/new affine"))};
    const Volume image{oracle("grid/image"), geometry}, labels{oracle("grid/labels"), geometry};
    const Volume linear = resample_image(image, grid, Interpolation::linear, -9);
    testing::check_close(linear.voxels, oracle("grid/linear"), 3e-6);
    CHECK(linear.geometry == grid.geometry);
    CHECK(resample_labels(labels, grid).voxels.to_vector<int32_t>() ==
          oracle("grid/nearest").to_vector<int32_t>());
  }

  TEST_CASE("a cubic image on its own grid is itself") {
    const testing::Oracle oracle("resample_volume");
    const Volume image{oracle("grid/image"), geometry_of(oracle("grid/affine"))};
    for (const auto how : {Interpolation::nearest, Interpolation::linear, Interpolation::cubic}) {
      testing::check_close(resample_image(image, io::grid_of(image), how).voxels, image.voxels,
                           2e-6);
    }
    const Volume labels{oracle("grid/labels")};
    CHECK(resample_labels(labels, io::grid_of(labels), Interpolation::linear)
              .voxels.to_vector<int32_t>() == labels.voxels.to_vector<int32_t>());
  }

  TEST_CASE("places between voxels and outside") {
    const Volume image{tensor({0, 2, 4, 6}, {2, 1, 1, 2})};
    Grid grid{{1, 1, 5}};
    grid.geometry.affine = {0, 0, 0.5, -0.5, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1};
    const auto values = [&](Interpolation how) {
      return resample_image(image, grid, how, -1).voxels.to_vector<double>();
    };
    CHECK(values(Interpolation::linear) == std::vector<double>{0, 0, 1, 2, 2, 4, 4, 5, 6, 6});
    CHECK(values(Interpolation::nearest) == std::vector<double>{0, 0, 2, 2, 2, 4, 4, 6, 6, 6});
    CHECK(values(Interpolation::cubic)[2] == doctest::Approx(1));
    grid.geometry.affine[3] = 1.6;
    CHECK(values(Interpolation::cubic) == std::vector<double>(10, -1));
    CHECK(io::resample_image({tensor({1, 2}, {1, 2})}, io::Grid{{1, 2}}).voxels.shape() ==
          Shape{1, 2});
  }

  TEST_CASE("what cannot be") {
    Volume volume{tensor({1}, {1, 1, 1})};
    CHECK_THROWS_WITH_AS(resample_image(volume, Grid{{1 << 20, 1 << 20, 1}}),
                         doctest::Contains("more than"), Error);
    volume.geometry.affine = {};
    CHECK_THROWS_WITH_AS(resample_image(volume, Grid{{1, 1, 1}}), doctest::Contains("no inverse"),
                         Error);
  }
}
