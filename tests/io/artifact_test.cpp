#include "io/artifact.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

Image magnitudes(Image image) {
  for (float& x : image.pixels) x = std::abs(x);
  return image;
}

}  // namespace

TEST_SUITE("io/artifact") {
  TEST_CASE("fields, ghosts and spikes as recorded from TorchIO") {
    const Oracle oracle("augment");
    for (const std::string name : {"2d", "3d"}) {
      CAPTURE(name);
      const Image image = magnitudes(recorded_image(oracle, name + "/image"));
      Image changed = image;
      if (image.depth > 1) {
        std::vector<double> coefficients;
        for (int k = 0; k < bias_coefficients(3); ++k) coefficients.push_back(0.1 * (k % 5) - 0.2);
        add_bias_field_(changed, 3, coefficients);
        check_image(changed, oracle(name + "/bias"));
      }
      for (int axis = image.depth > 1 ? 0 : 1; axis < 3; ++axis) {
        changed = image;
        add_ghosts_(changed, axis, 3, 0.8);
        check_image(changed, oracle(name + "/ghosts " + std::to_string(axis)));
      }
      changed = image;
      const std::vector<int64_t> at = oracle(name + "/spike at").to_vector<int64_t>();
      add_spike_(changed, at[0], at[1], at[2], 0.7);
      check_image(changed, oracle(name + "/spike"));
    }
  }

  TEST_CASE("motion as recorded from TorchIO") {
    const Oracle oracle("augment");
    Image image = recorded_image(oracle, "motion/image");
    const Movement movements[] = {{0.2, {.z0 = 1, .x0 = -1}},
                                  {0.6, {.z0 = -1, .y0 = 1, .x0 = 2}},
                                  {0.8, {.y0 = -2, .x0 = 1}}};
    add_motion_(image, 2, movements);
    check_image(image, oracle("motion/moved"));
  }

  TEST_CASE("without movement, strength or coefficients nothing changes") {
    const Oracle oracle("augment");
    const Image image = recorded_image(oracle, "3d/image");
    const Tensor same = oracle("3d/image");
    Image changed = image;
    add_bias_field_(changed, 1, std::vector<double>(4, 0.0));
    add_ghosts_(changed, 1, 4, 0);
    add_spike_(changed, 1, 2, 3, 0);
    add_gibbs_(changed, 0);
    const Movement still[] = {{0.4, {}}, {0.7, {}}};
    add_motion_(changed, 0, still);
    check_image(changed, same, 1e-5);
    CHECK_THROWS_WITH_AS(add_bias_field_(changed, 2, std::vector<double>(3, 0.0)),
                         doctest::Contains("from 0 to 10 with 10 coefficients, got 2 with 3"),
                         Error);
  }

  TEST_CASE("without high frequencies edges ring, and slow waves stay") {
    Image image(1, Extent{1, 8, 16}), edge(1, Extent{1, 1, 16});
    for (int64_t h = 0; h < 8; ++h)
      for (int64_t w = 0; w < 16; ++w)
        image.at(0, 0, h, w) = static_cast<float>(1 + std::cos(w * std::numbers::pi / 8));
    const Image slow = image;
    for (int64_t h = 0; h < 8; ++h)
      for (int64_t w = 0; w < 16; ++w)
        image.at(0, 0, h, w) += static_cast<float>(std::cos(7 * w * std::numbers::pi / 8));
    add_gibbs_(image, 0.5);
    for (size_t i = 0; i < image.pixels.size(); ++i)
      CHECK(image.pixels[i] == doctest::Approx(slow.pixels[i]).epsilon(1e-5));
    for (int64_t w = 4; w < 12; ++w) edge.at(0, 0, 0, w) = 1;
    add_gibbs_(edge, 0.6);
    const auto [low, high] = std::minmax_element(edge.pixels.begin(), edge.pixels.end());
    CHECK(*low < -0.03);
    CHECK(*high > 1.03);
    add_gibbs_(edge, 1);
    for (const float x : edge.pixels) CHECK(x == doctest::Approx(0.5));
  }

  TEST_CASE("by hand: a field of one coefficient, a wave of one spike") {
    Image image(1, 1, 3, 2);
    add_bias_field_(image, 1, std::vector<double>{0, 0.5, 0, 0});  // of x
    CHECK(image.pixels[0] == doctest::Approx(2 * std::exp(-0.5)));
    CHECK(image.pixels[1] == doctest::Approx(2));
    CHECK(image.pixels[2] == doctest::Approx(2 * std::exp(0.5)));
    image = Image(1, 1, 4, 2);
    add_spike_(image, 0, 0, 1, 0.25);
    const double wave[] = {2.5, 2, 1.5, 2};
    for (size_t i = 0; i < 4; ++i) CHECK(image.pixels[i] == doctest::Approx(wave[i]));
  }
}
