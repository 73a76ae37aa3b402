#include "nn/metric/paired_test.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using nn::sign_permutation;
using nn::wilcoxon_signed_rank;
using Values = std::vector<double>;

TEST_SUITE("nn/metric/paired_test") {
  TEST_CASE("Wilcoxon's test, exact") {
    CHECK(wilcoxon_signed_rank(Values{1, 2, 3, 4, 5}) == 2. / 32);
    CHECK(wilcoxon_signed_rank(Values{1, 2, -3, 4, 5}) == 2 * 5. / 32);  // sums 0, 1, 2, 3, 3
    CHECK(wilcoxon_signed_rank(Values{-1, 0, 0}) == 1);
    CHECK(wilcoxon_signed_rank(Values{0, 0}) == 1);
    CHECK(wilcoxon_signed_rank(Values{}) == 1);
    // Equal sizes: of the ranks 1.5, 1.5 and 3, two of eight choices have a sum of at most 1.5, and
    // one of 0.
    CHECK(wilcoxon_signed_rank(Values{1, -1, 2}) == 2 * 3. / 8);
    // scipy.stats.wilcoxon of the heights of Darwin's maize (its documentation): p = 0.0413.
    const Values maize = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};
    CHECK(wilcoxon_signed_rank(maize) == doctest::Approx(0.041259765625).epsilon(1e-12));
  }

  TEST_CASE("Wilcoxon's test, approximate") {
    Values many;
    for (int i = 1; i <= 60; ++i) many.push_back(i % 3 == 0 ? -i : i);
    // sum of the negative ranks 630, mean 915, variance 60 * 61 * 121 / 24
    const double z = (630 - 915) / std::sqrt(60 * 61 * 121 / 24.);
    CHECK(wilcoxon_signed_rank(many) ==
          doctest::Approx(std::erfc(-z / std::sqrt(2.0))).epsilon(1e-12));
  }

  TEST_CASE("permutation of signs") {
    CHECK(sign_permutation(Values{1, 2, 3}) == 2. / 8);
    CHECK(sign_permutation(Values{1, 2, -3}) == 1);
    CHECK(sign_permutation(Values{0.1, 0.2, 0.3, -0.1}) == 4. / 16 + 2. / 16);
    CHECK(sign_permutation(Values{}) == 1);
    CHECK(sign_permutation(Values(30, 1.0), {.resamples = 99}) == 0.01);
    Values balanced;
    for (int i = 0; i < 40; ++i) balanced.push_back(i % 2 == 0 ? 1 : -1);
    CHECK(sign_permutation(balanced) == 1);
  }

  TEST_CASE("Holm's correction") {
    const Values corrected = nn::holm(Values{0.01, 0.04, 0.03, 0.005});
    const double expected[] = {0.03, 0.06, 0.06, 0.02};
    for (size_t i = 0; i < 4; ++i) CHECK(corrected[i] == doctest::Approx(expected[i]));
    CHECK(nn::holm(Values{0.9, 0.8}) == Values{1, 1});
  }

  TEST_CASE("two predictions") {
    const Values first = {0.5, 0.6, NAN, 0.7, 0.9}, second = {0.6, 0.6, 0.5, INFINITY, 0.8};
    const nn::PairedTest test = nn::paired_test(first, second);
    CHECK(test.pairs == 3);
    CHECK(test.rises == 1);
    CHECK(test.falls == 1);
    CHECK(test.equal == 1);
    CHECK(test.first == doctest::Approx(2. / 3));
    CHECK(test.difference == doctest::Approx(0).epsilon(1e-12));
    CHECK(test.wilcoxon == 1);
    CHECK(std::isnan(nn::paired_test({}, {}).difference));
    CHECK_THROWS_WITH_AS(nn::paired_test(first, Values{1}),
                         doctest::Contains("the same cases, got 5 and 1"), Error);
  }
}
