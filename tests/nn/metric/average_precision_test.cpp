#include "nn/metric/average_precision.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("nn/metric/average_precision") {
  TEST_CASE("by hand") {
    const auto ap = [](const std::vector<float>& scores, const std::vector<uint8_t>& positive) {
      return nn::average_precision(scores, positive);
    };
    // The example of scikit-learn's documentation.
    CHECK(ap({0.1F, 0.4F, 0.35F, 0.8F}, {0, 0, 1, 1}) == doctest::Approx(0.5 + 0.5 * 2 / 3));
    CHECK(ap({3, 2, 1}, {1, 1, 0}) == 1);
    CHECK(ap({1, 1, 1, 1}, {0, 1, 0, 0}) == 0.25);  // equal scores are one threshold
    CHECK(ap({2, 1, 1}, {0, 1, 0}) == doctest::Approx(1. / 3));
    CHECK(std::isnan(ap({1, 2}, {0, 0})));
    CHECK_THROWS_WITH_AS(ap({1}, {0, 1}), doctest::Contains("got 1 and 2"), Error);
    CHECK_THROWS_WITH_AS(ap({1, NAN}, {0, 1}), doctest::Contains("must be finite"), Error);
  }
}
