#include "io/filter.h"

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

TEST_SUITE("io/filter") {
  TEST_CASE("low resolution, sharpening and medians as recorded from nnU-Net's and SciPy") {
    const Oracle oracle("augment");
    for (const std::string name : {"2d", "3d"}) {
      CAPTURE(name);
      const Image image = recorded_image(oracle, name + "/image");
      Image changed = image;
      lower_resolution_(changed, 0.6, 0.6, 0.6);
      check_image(changed, oracle(name + "/lowres"));
      changed = image;
      sharpen_(changed, 0.4);
      check_image(changed, oracle(name + "/sharpen"));
      for (const int64_t size : {2, 3, 4}) {
        changed = image;
        median_(changed, size);
        check_image(changed, oracle(name + "/median " + std::to_string(size)), 0);
      }
    }
  }

  TEST_CASE("blur spreads a point as a Gaussian and keeps the sum") {
    Image image(1, {21, 21, 21});
    image.at(0, 10, 10, 10) = 1;
    blur_(image, 1, 1.5, 2);
    const float sum = std::accumulate(image.pixels.begin(), image.pixels.end(), 0.0F);
    CHECK(sum == doctest::Approx(1).epsilon(1e-4));
    const float middle = image.at(0, 10, 10, 10);
    const auto falls = [&](float value, double sigma) {
      CHECK(value / middle == doctest::Approx(std::exp(-4 / (2 * sigma * sigma))).epsilon(1e-3));
    };
    falls(image.at(0, 12, 10, 10), 1);
    falls(image.at(0, 10, 12, 10), 1.5);
    falls(image.at(0, 10, 10, 12), 2);
    Image constant(2, 3, 2, 0.3F);
    blur_(constant, 5);
    for (const float x : constant.pixels) CHECK(x == doctest::Approx(0.3));
    Image still(1, 2, 2, 0.3F);
    blur_(still, 0);
    CHECK(still == Image(1, 2, 2, 0.3F));
  }

  TEST_CASE("by hand: one row") {
    const auto row = [](std::vector<float> pixels) {
      Image image(1, 1, std::ssize(pixels));
      image.pixels = std::move(pixels);
      return image;
    };
    Image image = row({1, 2, 4, 8});
    sharpen_(image, 0.5);  // x + (4 x - left - right - 2 x) / 2
    CHECK(image.pixels == std::vector<float>{0.5, 1.5, 3, 10});
    image = row({5, 1, 2, 9, 3});
    median_(image, 3);
    CHECK(image.pixels == std::vector<float>{5, 2, 2, 3, 3});
    image = row({0, 1, 2, 3, 4, 5, 6, 7});
    lower_resolution_(image, 1, 1, 0.5);  // 1, 3, 5, 7 are left
    CHECK(image.pixels == std::vector<float>{1, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7});
    lower_resolution_(image, 1, 1, 1);
    CHECK(image.pixels == std::vector<float>{1, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7});
    CHECK_THROWS_WITH_AS(lower_resolution_(image, 1, 1, 0),
                         doctest::Contains("factors must lie in (0, 1], got 1, 1 and 0"), Error);
  }
}
