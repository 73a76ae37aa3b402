#include "nn/metric/bootstrap.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using nn::bootstrap_mean;

TEST_SUITE("nn/metric/bootstrap") {
  TEST_CASE("the interval of a mean is that of the normal distribution") {
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) values.push_back(i % 20);  // mean 9.5, variance 33.25
    const nn::Interval interval = bootstrap_mean(values, {.resamples = 20000, .seed = 3});
    const double half = 1.96 * std::sqrt(33.25 / 400);
    CHECK(interval.low == doctest::Approx(9.5 - half).epsilon(0.005));
    CHECK(interval.high == doctest::Approx(9.5 + half).epsilon(0.005));
    const nn::Interval narrow = bootstrap_mean(values, {.confidence = 0.5, .seed = 3});
    CHECK(narrow.low > interval.low);
    CHECK(narrow.high < interval.high);
  }

  TEST_CASE("the seed decides") {
    const std::vector<double> values = {1, 5, 2, 8, 3};
    const auto low = [&](uint64_t seed) { return bootstrap_mean(values, {.seed = seed}).low; };
    CHECK(low(1) == low(1));
    CHECK(bootstrap_mean(values, {.resamples = 7, .seed = 1}).low !=
          bootstrap_mean(values, {.resamples = 7, .seed = 2}).low);
  }

  TEST_CASE("one case, none, and options that are not possible") {
    const nn::Interval one = bootstrap_mean(std::vector<double>{4});
    CHECK(one.low == 4);
    CHECK(one.high == 4);
    CHECK(std::isnan(bootstrap_mean({}).low));
    CHECK_THROWS_WITH_AS(bootstrap_mean({}, {.confidence = 1}),
                         doctest::Contains("above 0 and below 1, got 1"), Error);
    CHECK_THROWS_AS(bootstrap_mean({}, {.resamples = 0}), Error);
  }
}
