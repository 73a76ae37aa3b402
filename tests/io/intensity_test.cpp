#include "io/intensity.h"

#include <cmath>

#include <doctest/doctest.h>

#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

Image image_of(int64_t channels, std::vector<float> pixels) {
  Image image(channels, 1, std::ssize(pixels) / channels);
  image.pixels = std::move(pixels);
  return image;
}

void check_pixels(const Image& image, const std::vector<double>& expected) {
  REQUIRE(image.pixels.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(image.pixels[i] == doctest::Approx(expected[i]).epsilon(1e-5));
}

}  // namespace

TEST_SUITE("io/intensity") {
  TEST_CASE("brightness, contrast and gamma are their formulas, clipped to [0, 1]") {
    Image image = image_of(1, {0, 0.25, 0.75, 0.6});
    brighten_(image, 1.5);
    check_pixels(image, {0, 0.375, 1, 0.9});
    image = image_of(1, {0, 0.25, 0.75, 0.6});
    change_contrast_(image, 2);
    check_pixels(image, {0, 0.1, 1, 0.8});
    image = image_of(1, {0, 0.25, 1});
    change_gamma_(image, 0.5);
    check_pixels(image, {0, 0.5, 1});
  }

  TEST_CASE("values beyond [0, 1] are changed in their own range") {
    Image image = image_of(1, {-1000, 0, 3000});
    brighten_(image, 1.5);
    check_pixels(image, {-1000, 500, 3000});
    image = image_of(1, {-1000, 0, 3000});
    change_gamma_(image, 0.5);
    check_pixels(image, {-1000, 1000, 3000});
    image = image_of(1, {7, 7});
    change_gamma_(image, 2);
    check_pixels(image, {7, 7});
  }

  TEST_CASE("colours fade to grey and turn around the wheel") {
    Image image = image_of(3, {1, 0, 0});
    saturate_(image, 0);
    check_pixels(image, {0.299, 0.299, 0.299});
    image = image_of(3, {1, 0, 0});
    turn_hue_(image, 1.0 / 3);
    check_pixels(image, {0, 1, 0});
    turn_hue_(image, -2.0 / 3);
    check_pixels(image, {0, 0, 1});
    const std::vector<double> colour = {0.9, 0.2, 0.4};
    image = image_of(3, {0.9F, 0.2F, 0.4F});
    turn_hue_(image, 0.3);
    turn_hue_(image, 0.7);
    check_pixels(image, colour);
    saturate_(image, 1);
    check_pixels(image, colour);
    image = image_of(1, {0.5});
    saturate_(image, 0);
    turn_hue_(image, 0.5);
    check_pixels(image, {0.5});
  }

  TEST_CASE("noise has the strength that was asked for") {
    Image image(1, 100, 200, 0.5F);
    Draws draws(1, 2);
    add_noise_(image, 0.1, draws);
    double mean = 0, variance = 0;
    for (const float x : image.pixels) mean += x / 20000;
    for (const float x : image.pixels) variance += (x - mean) * (x - mean) / 20000;
    CHECK(mean == doctest::Approx(0.5).epsilon(0.01));
    CHECK(std::sqrt(variance) == doctest::Approx(0.1).epsilon(0.03));
  }

  TEST_CASE("contrast, gamma and histograms as recorded from nnU-Net's and MONAI") {
    const Oracle oracle("augment");
    for (const std::string name : {"2d", "3d"}) {
      const Image image = recorded_image(oracle, name + "/image");
      Image changed = image;
      change_contrast_(changed, 1.7);
      check_image(changed, oracle(name + "/contrast"));
      for (const bool invert : {false, true}) {
        for (const bool retain : {false, true}) {
          changed = image;
          change_gamma_(changed, 0.7, {.invert = invert, .retain = retain});
          check_image(changed, oracle(name + "/gamma " + (invert ? "True" : "False") +
                                      (retain ? " True" : " False")));
        }
      }
      changed = image;
      shift_histogram_(changed, std::vector<double>{0, 0.1, 0.65, 0.7, 1});
      check_image(changed, oracle(name + "/histogram"));
    }
  }

  TEST_CASE("plain sums and products, free contrast, noise of magnitudes") {
    Image image = image_of(1, {-1, 0, 3});
    multiply_(image, 2);
    add_(image, 0.5);
    check_pixels(image, {-1.5, 0.5, 6.5});
    image = image_of(1, {0, 1});
    change_contrast_(image, 3, true);
    check_pixels(image, {-1, 2});
    image = Image(1, 100, 100, -3);
    Draws draws(1, 3);
    add_rician_noise_(image, 0, draws, true);
    check_pixels(image_of(1, {image.pixels[5]}), {3});
    image = Image(1, 100, 100, 0);
    add_rician_noise_(image, 2, draws, true);
    double mean = 0;
    for (const float x : image.pixels) mean += x / 1e4;
    CHECK(mean == doctest::Approx(2 * std::sqrt(std::acos(-1.0) / 2)).epsilon(0.02));  // Rayleigh
  }
}
