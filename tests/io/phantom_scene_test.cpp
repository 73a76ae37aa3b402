#include "io/phantom_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <doctest/doctest.h>

using namespace tessera::io;

namespace {

Scene ball(int64_t side, double radius) {
  Scene scene{.size = {1, side, side}, .background = 0.2};
  scene.bodies.push_back({.distance = ellipsoid({0, 0.1, -0.05}, {1, radius, radius}),
                          .middle = {0, 0.1, -0.05},
                          .reach = radius,
                          .value = 0.8,
                          .label = 1});
  return scene;
}

}  // namespace

TEST_SUITE("io/phantom_scene") {
  TEST_CASE("surfaces: distances, and signs inside and outside") {
    const auto egg = ellipsoid({0, 0.5, 0}, {1, 0.2, 0.4}, std::numbers::pi / 2);
    CHECK(egg({0, 0.5, 0}) < 0);
    CHECK(egg({0, 0.9, 0}) == doctest::Approx(0));  // turned: long along y
    CHECK(egg({0, 0.5, 0.2}) == doctest::Approx(0));
    CHECK(egg({0, 0.5, 0.3}) > 0);
    const auto box = rounded_box({0, 0, 0}, 0.4, 0.8, 0.1, 0);
    CHECK(box({0, 0, 0.5}) == doctest::Approx(0.1));
    CHECK(box({0, 0, 0}) == doctest::Approx(-0.2));
    CHECK(box({0, 0.2, 0.4}) == doctest::Approx(0.1 * (std::sqrt(2.0) - 1)));  // a round corner
    const auto cone = tube({0, 0, 0}, {0, 0, 1}, 0.1, 0.2);
    CHECK(cone({0, 0.3, 0}) == doctest::Approx(0.2));
    CHECK(cone({0, 0.3, 0.5}) == doctest::Approx(0.15));
    CHECK(cone({0, 0, 1.5}) == doctest::Approx(0.3));
  }

  TEST_CASE("masks are exact, and edges have the share of each pixel that is covered") {
    const double radius = 0.5;
    const Scene scene = ball(64, radius);
    const std::vector<uint8_t> mask = scene.labels();
    for (int64_t h = 0; h < 64; ++h) {
      for (int64_t w = 0; w < 64; ++w) {
        const Point p = scene.point(0, h, w);
        const bool inside = std::hypot(p.y - 0.1, p.x + 0.05) < radius;
        REQUIRE(mask[static_cast<size_t>(h * 64 + w)] == (inside ? 1 : 0));
      }
    }
    Draws draws(0, 0);
    const std::vector<float> image = scene.brightness(draws);
    // So the brightness adds up to the true area, closer than whole pixels could.
    const double sum = std::accumulate(image.begin(), image.end(), 0.0);
    const double area = (sum - 0.2 * 64 * 64) / 0.6, expected = std::numbers::pi * 16 * 16;
    CHECK(area == doctest::Approx(expected).epsilon(0.001));
    CHECK(*std::min_element(image.begin(), image.end()) == doctest::Approx(0.2));
    CHECK(*std::max_element(image.begin(), image.end()) == doctest::Approx(0.8));
  }

  TEST_CASE("later bodies cover earlier ones; some have no say in the mask") {
    Scene scene = ball(32, 0.5);
    scene.bodies.push_back({.distance = ellipsoid({}, {1, 0.1, 0.1}), .value = 1, .label = 2});
    scene.bodies.push_back({.distance = ellipsoid({}, {1, 2, 2}), .label = Body::kNoLabel});
    const std::vector<uint8_t> mask = scene.labels();
    CHECK(mask[16 * 32 + 16] == 2);
    CHECK(mask[20 * 32 + 16] == 1);
    CHECK(mask[0] == 0);
  }

  TEST_CASE("somebody else's mask is nearly the same") {
    const Scene scene = ball(64, 0.5);
    const std::vector<uint8_t> truth = scene.labels();
    Draws draws(1, 2, 3);
    const std::vector<uint8_t> other = scene.labels_with_error(draws, 1.5);
    int64_t both = 0, either = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
      both += truth[i] & other[i];
      either += truth[i] | other[i];
    }
    CHECK(both < either);
    CHECK(both > 0.7 * static_cast<double>(either));
    CHECK(scene.labels_with_error(draws, 0) == truth);
  }

  TEST_CASE("artefacts") {
    const Scene scene{.size = {2, 32, 48}, .background = 0.5};
    Draws draws(0, 0);
    const std::vector<float> flat = scene.brightness(draws);
    std::vector<float> noisy = flat, biased = flat;
    add_artefacts_(noisy, scene, draws, 0, 0.1);
    double square = 0;
    for (const float value : noisy) square += (value - 0.5) * (value - 0.5);
    CHECK(std::sqrt(square / static_cast<double>(noisy.size())) ==
          doctest::Approx(0.1).epsilon(0.05));
    add_artefacts_(biased, scene, draws, 0.4, 0);
    const auto [low, high] = std::minmax_element(biased.begin(), biased.end());
    CHECK(*low >= 0.3F - 1e-6F);
    CHECK(*high <= 0.7F + 1e-6F);
    CHECK(*high - *low > 0.02F);
    // Smooth: neighbours are nearly equal.
    CHECK(std::abs(biased[100] - biased[101]) < 0.02F);
  }
}
