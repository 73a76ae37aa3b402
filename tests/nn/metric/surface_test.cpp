#include "nn/metric/surface.h"

#include <cmath>
#include <numeric>
#include <string>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/nn/metric/fixtures.h"

using namespace tessera;
using nn::Surface;
using nn::VoxelSet;

namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

VoxelSet drawn(const std::vector<std::string>& rows) {
  VoxelSet set(Shape{static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())});
  for (size_t h = 0; h < rows.size(); ++h) {
    for (size_t w = 0; w < rows[h].size(); ++w) {
      if (rows[h][w] == '#') set.insert(0, static_cast<int64_t>(h), static_cast<int64_t>(w));
    }
  }
  return set;
}

// The visits of each pixel as digits.
std::string visits(const Surface& surface) {
  std::string text(static_cast<size_t>(surface.points.shape().numel()), '.');
  size_t i = 0;
  surface.points.for_each([&](int64_t, int64_t h, int64_t w) {
    text[static_cast<size_t>(h * surface.points.width() + w)] =
        static_cast<char>('0' + static_cast<int>(surface.weights[i++]));
  });
  return text;
}

}  // namespace

TEST_SUITE("nn/metric/surface") {
  TEST_CASE("corners of the fixtures, as DeepMind counts and weighs them") {
    struct Row {
      char name;
      int64_t reference, prediction;
      double reference_area, prediction_area;
    };
    for (const Row& row : {Row{'A', 76, 68, 60.769553, 55.112698},
                           {'B', 76, 68, 83.600373, 75.354162},
                           {'C', 28, 24, 26.828427, 22.828427},
                           {'D', 956, 744, 957.93423, 726.76024},
                           {'E', 296, 322, 207.78218, 223.99951},
                           {'J', 4, 4, 2.8284271, 2.8284271}}) {
      CAPTURE(row.name);
      const testing::Fixture f = testing::fixture(row.name);
      const Surface r = corner_surface(f.reference, f.spacing);
      const Surface p = corner_surface(f.prediction, f.spacing);
      CHECK(r.points.size() == row.reference);
      CHECK(p.points.size() == row.prediction);
      CHECK(r.weights.size() == static_cast<size_t>(row.reference));
      CHECK(sum(r.weights) == doctest::Approx(row.reference_area).epsilon(1e-7));
      CHECK(sum(p.weights) == doctest::Approx(row.prediction_area).epsilon(1e-7));
    }
  }

  TEST_CASE("weights of all neighbourhoods") {
    CHECK(sum(nn::corner_weights(std::vector<double>{1, 1, 1})) ==
          doctest::Approx(241.343140).epsilon(1e-8));
    CHECK(sum(nn::corner_weights(std::vector<double>{2, 1, 0.5})) ==
          doctest::Approx(309.163223).epsilon(1e-8));
    const std::vector<double> table = nn::corner_weights(std::vector<double>{3, 0.8, 0.7});
    for (size_t code = 0; code < 256; ++code) CHECK(table[code] == table[255 - code]);
    CHECK(table[0b00001111] == doctest::Approx(0.8 * 0.7));  // a plane across axis 0
    CHECK(table[0b00110011] == doctest::Approx(3 * 0.7));
    CHECK(table[0b01010101] == doctest::Approx(3 * 0.8));
    const std::vector<double> flat = nn::corner_weights(std::vector<double>{2, 0.5});
    CHECK(flat[0b0011] == 0.5);  // a line along axis 1
    CHECK(flat[0b0101] == 2);
    CHECK(flat[0b1001] == doctest::Approx(std::hypot(2, 0.5)));
    // A box has the area of its sides, up to the rounding of edges and corners.
    VoxelSet box(Shape{40, 40, 130});
    for (int64_t d = 0; d < 40; ++d) testing::add_box(box, {d, 0, 0}, {d + 1, 40, 130});
    const double exact = 2 * (40. * 40 + 2 * 40. * 130);
    CHECK(sum(corner_surface(box, std::vector<double>{1, 1, 1}).weights) ==
          doctest::Approx(exact).epsilon(0.02));
  }

  TEST_CASE("contours are followed as OpenCV does") {
    // A thin line is met on both sides; the hole's edge and what is in it are not.
    CHECK(visits(contour_surface(drawn({"....", ".##.", "...."}))) == ".....11.....");
    CHECK(visits(contour_surface(drawn({"###", "...", "..#"}))) == "121.....1");
    CHECK(visits(contour_surface(drawn({"#####", "#...#", "#.#.#", "#...#", "#####"}))) ==
          "111111...11...11...111111");
    CHECK(visits(contour_surface(drawn({"#..", ".#.", "..#"}))) == "1...2...1");
    CHECK(visits(contour_surface(drawn({"###", "###", "###"}))) == "1111.1111");
    CHECK(contour_surface(VoxelSet(Shape{2, 2})).points.empty());
  }

  TEST_CASE("what does not fit") {
    const VoxelSet flat(Shape{2, 2}), deep(Shape{2, 2, 2});
    CHECK_THROWS_WITH_AS(corner_surface(deep, std::vector<double>{1, 1}),
                         doctest::Contains("must have 3 numbers, one for each axis, got 2"), Error);
    CHECK_THROWS_AS(corner_surface(flat, std::vector<double>{1, 0}), Error);
    CHECK_THROWS_AS(nn::corner_weights(std::vector<double>{1}), Error);
    CHECK_THROWS_WITH_AS(contour_surface(deep), doctest::Contains("[H, W], got [2, 2, 2]"), Error);
    CHECK(border_surface(flat).points.empty());
  }
}
