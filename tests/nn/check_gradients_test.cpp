#include "nn/check_gradients.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "ops/random.h"
#include "zoo/unet.h"

using namespace tessera;

TEST_SUITE("nn/check_gradients") {
  TEST_CASE("the gradient of every parameter of a U-Net agrees with differences") {
    for (const bool bilinear : {true, false}) {
      manual_seed(0);
      const nn::ParameterDType double_precision(f64);
      zoo::UNet network(3, 2, {.bilinear = bilinear, .width = 2});
      const auto before = network.parameters()[0].to_vector<double>();
      const auto checks = nn::check_gradients(network, randn({2, 3, 32, 32}, f64));
      CHECK(checks.size() > 70);
      CHECK(network.parameters()[0].to_vector<double>() == before);
      int moved = 0;
      for (const nn::SlopeCheck& check : checks) {
        CAPTURE(check.parameter);
        CHECK(check.error() < 1e-5);
        moved += std::abs(check.analytic) > 1e-6;
      }
      CHECK(moved > 50);  // biases in front of a norm have no effect
    }
  }

  TEST_CASE("a wrong slope has a large error") {
    CHECK(nn::SlopeCheck{"w", 1.0, 1.001}.error() > 1e-4);
    CHECK(nn::SlopeCheck{"w", 1.0, 1.0}.error() == 0);
  }

  TEST_CASE("f32 is refused, with the remedy") {
    nn::Linear layer(2, 3);
    CHECK_THROWS_WITH_AS(nn::check_gradients(layer, randn({1, 2}, f64)),
                         doctest::Contains("got f32 for weight; build the module where"), Error);
    CHECK_THROWS_WITH_AS(nn::check_gradients(layer, randn({1, 2})),
                         doctest::Contains("the input must be f64, got f32"), Error);
  }
}
