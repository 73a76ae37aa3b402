#include "nn/metric/surface_distance.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/nn/metric/fixtures.h"

using namespace tessera;
using nn::hausdorff;
using nn::HausdorffRule;

TEST_SUITE("nn/metric/surface_distance") {
  TEST_CASE("full neighbourhoods give thicker borders: MedPy with connectivity 2") {
    struct Row {
      char name;
      double hd95, asd, assd;
    };
    for (const Row& row : {Row{'A', 3, 1.2765242, 1.3576786},
                           {'B', 4.0909138, 0.90102588, 1.1978436},
                           {'C', 2, 0.85, 0.96932458},
                           {'D', 3.4, 1.3759462, 1.5387833},
                           {'E', 1, 0.69544172, 0.54989243},
                           {'J', 5, 5, 5}}) {
      CAPTURE(row.name);
      const testing::Fixture f = testing::fixture(row.name);
      const auto both = surface_distances(border_surface(f.prediction, 2),
                                          border_surface(f.reference, 2), f.spacing);
      CHECK(hausdorff(both, 95, HausdorffRule::pooled) == doctest::Approx(row.hd95).epsilon(1e-7));
      CHECK(average_distance(both.to_reference) == doctest::Approx(row.asd).epsilon(1e-7));
      CHECK(average_distance(both) == doctest::Approx(row.assd).epsilon(1e-7));
    }
  }

  TEST_CASE("quantiles") {
    CHECK(nn::quantile({3, 1, 2, 4}, 0.5) == 2.5);
    CHECK(nn::quantile({3, 1, 2, 4}, 0) == 1);
    CHECK(nn::quantile({3, 1, 2, 4}, 1) == 4);
    CHECK(nn::quantile({7}, 0.95) == 7);
    CHECK(std::isnan(nn::quantile({}, 0.5)));
    // Half of the surface lies within 2, although only a third of the points do.
    const nn::Distances weighted = {{3, 2, 5}, {1, 3, 2}};
    CHECK(hausdorff(weighted, 50, HausdorffRule::by_area) == 2);
    CHECK(hausdorff(weighted, 51, HausdorffRule::by_area) == 3);
    CHECK(hausdorff(weighted, 100, HausdorffRule::by_area) == 5);
    CHECK(average_distance(weighted) == doctest::Approx(19. / 6));
    CHECK_THROWS_WITH_AS(hausdorff(weighted, 101, HausdorffRule::larger),
                         doctest::Contains("from 0 to 100, got 101"), Error);
  }

  TEST_CASE("a tolerance that is met exactly") {
    const nn::SurfaceDistances both = {{{0.1 + 0.2}}, {{0.4}}};
    CHECK(surface_dice(both, 0.3, true) == 0.5);
    CHECK(surface_dice(both, 0.3, false) == 0);
    CHECK(surface_dice(both, 0.4, false) == 1);
    CHECK(std::isnan(nn::surface_dice({}, 1, true)));
  }

  TEST_CASE("slice by slice") {
    nn::VoxelSet p(Shape{3, 5, 9}), r(Shape{3, 5, 9});
    p.insert(0, 1, 1);
    r.insert(0, 1, 4);  // 3 away
    p.insert(1, 2, 2);  // alone in its slice
    p.insert(2, 0, 0);
    r.insert(2, 0, 0);
    r.insert(2, 0, 8);  // from there 8, else 0
    const nn::SliceDistances slices = slice_distances(p, r, 0.5);
    CHECK(slices.average == doctest::Approx(0.5 * (3 + 0.5 * (0 + 4)) / 2));
    CHECK(slices.hausdorff == doctest::Approx(0.5 * (3 + 8) / 2.));
    CHECK(std::isnan(slice_distances(p, nn::VoxelSet(p.shape()), 1).average));
    CHECK_THROWS_AS(slice_distances(p, nn::VoxelSet(Shape{5, 9}), 1), Error);
  }
}
