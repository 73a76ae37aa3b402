#include "zoo/check_gradients.h"

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("zoo/check_gradients") {
  TEST_CASE("the gradient of every parameter of a U-Net agrees with differences") {
    for (const char* text : {"unet(width=2)", "unet(width=2,bilinear=false)"}) {
      const auto checks = zoo::check_gradients({text});
      CHECK(checks.size() > 70);
      int moved = 0;
      for (const zoo::SlopeCheck& check : checks) {
        CAPTURE(check.parameter);
        CHECK(check.error() < 1e-5);
        moved += std::abs(check.analytic) > 1e-6;
      }
      CHECK(moved > 50);  // biases in front of a norm have no effect
    }
  }

  TEST_CASE("a wrong slope has a large error") {
    CHECK(zoo::SlopeCheck{"w", 1.0, 1.001}.error() > 1e-4);
    CHECK(zoo::SlopeCheck{"w", 1.0, 1.0}.error() == 0);
  }
}
