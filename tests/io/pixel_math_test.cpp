#include "io/pixel_math.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/pixel_math_kernels.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/pixel_math") {
  TEST_CASE("powers and exponentials are exact to seven digits") {
    for (const float power : {0.01F, 0.4F, 1.0F, 1.7F, 5.0F}) {
      std::vector<float> x;
      for (int i = -3; i < 1003; ++i) x.push_back(static_cast<float>(i) * 0.002F + 1);
      power_(x, 1, 0.5F, power, 3, 7);
      for (int i = -3; i < 1003; ++i) {
        const double base =
            std::clamp((static_cast<float>(i) * 0.002F + 1 - 1.0F) * 0.5F, 0.0F, 1.0F);
        const double expected = (base > 0 ? std::pow(base, power) : 0) * 3 + 7;
        CHECK(x[static_cast<size_t>(i + 3)] == doctest::Approx(expected).epsilon(1e-6));
      }
    }
    std::vector<float> ones(37, 2), exponent;
    for (int i = 0; i < 37; ++i) exponent.push_back(static_cast<float>(i - 18) * 0.5F);
    multiply_by_exp_(ones, exponent);
    for (size_t i = 0; i < 37; ++i)
      CHECK(ones[i] == doctest::Approx(2 * std::exp(exponent[i])).epsilon(1e-6));
    CHECK_THROWS_AS(multiply_by_exp_(ones, std::span(exponent).first(3)), Error);
  }

  TEST_CASE("normal numbers are normal, and belong to the key and the place") {
    std::vector<float> x(200'000, 5), part(77, 5);
    add_normal_(x, 2, 1234);
    add_normal_(part, 2, 1234);
    for (size_t i = 0; i < part.size(); ++i) CHECK(part[i] == x[i]);
    double mean = 0, moments[4] = {};
    size_t beyond = 0;
    for (const float v : x) mean += v / 200e3;
    for (size_t i = 0; i < x.size(); ++i) {
      const double d = (x[i] - 5) / 2;
      moments[1] += d * d / 200e3;
      moments[2] += d * d * d / 200e3;
      moments[3] += d * d * d * d / 200e3;
      if (i > 0) moments[0] += d * (x[i - 1] - 5) / 2 / 200e3;
      beyond += std::abs(d) > 1.959964 ? 1 : 0;
    }
    CHECK(mean == doctest::Approx(5).epsilon(0.005));
    CHECK(std::abs(moments[0]) < 0.01);
    CHECK(moments[1] == doctest::Approx(1).epsilon(0.01));
    CHECK(std::abs(moments[2]) < 0.03);
    CHECK(moments[3] == doctest::Approx(3).epsilon(0.03));
    CHECK(static_cast<double>(beyond) / 200e3 == doctest::Approx(0.05).epsilon(0.05));
    std::vector<float> other(77, 5);
    add_normal_(other, 2, 1235);
    CHECK(other != part);
  }

  TEST_CASE("every instruction set gives the same bits") {
    std::vector<float> expected(101);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<float>(i) / 50;
    std::vector<float> chosen = expected;
    cpu::generic::power(expected.data(), 101, 0, 0.7F, 0.6F, 2, 1);
    cpu::generic::add_normal(expected.data(), 101, 0.5F, 99);
    cpu::generic::multiply_by_exp(expected.data(), expected.data(), 101);
    power_(chosen, 0, 0.7F, 0.6F, 2, 1);
    add_normal_(chosen, 0.5F, 99);
    multiply_by_exp_(chosen, chosen);
    CHECK(chosen == expected);
  }
}
