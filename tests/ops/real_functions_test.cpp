#include "ops/real_functions.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "ops/unary.h"
#include "tests/ops/samples.h"

using namespace tessera;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Units in the last place of the exact value, subnormal ones included.
double ulps(float got, double exact) {
  const auto nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(got)) return got == nearest ? 0 : 1e9;
  const float next = std::nextafter(std::abs(nearest), kInfinity);
  const double unit = static_cast<double>(next) - static_cast<double>(std::abs(nearest));
  return std::abs(static_cast<double>(got) - exact) / unit;
}

using F32 = float (*)(float);
using F64 = double (*)(double);

float exp32(float x) {
  return real::exp(x);
}
float log32(float x) {
  return real::log(x);
}
float log1p32(float x) {
  return real::log1p(x);
}
float tanh32(float x) {
  return real::tanh(x);
}
float erfc32(float x) {
  return real::erfc(x);
}
float cos_of_turns32(float x) {
  return real::cos_of_turns(x);
}
double cos_of_turns64(double x) {
  return std::cos(2 * std::numbers::pi * x);
}
float below32(float x) {
  return real::normal(x).below;
}
double below64(double x) {
  return real::normal(x).below;
}
float density32(float x) {
  return real::normal(x).density;
}
double density64(double x) {
  return real::normal(x).density;
}

double worst(F32 f, F64 exact, float low, float high) {
  constexpr int kSteps = 200000;
  double most = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = low + (high - low) * (static_cast<float>(i) / kSteps);
    most = std::max(most, ulps(f(x), exact(static_cast<double>(x))));
  }
  return most;
}

}  // namespace

TEST_SUITE("ops/real_functions") {
  TEST_CASE("are within their bounds of the functions of f64") {
    CHECK(worst(exp32, std::exp, -87, 88.7F) < 2);
    CHECK(worst(exp32, std::exp, -105, -87) < 2);
    CHECK(worst(exp32, std::exp, -1e-3F, 1e-3F) < 2);
    CHECK(worst(log32, std::log, 1e-40F, 3) < 2);
    CHECK(worst(log32, std::log, 1, 3e38F) < 2);
    CHECK(worst(log1p32, std::log1p, -0.999F, 3) < 2);
    CHECK(worst(log1p32, std::log1p, -1e-6F, 1e-6F) < 2);
    CHECK(worst(tanh32, std::tanh, -12, 12) < 2);
    CHECK(worst(tanh32, std::tanh, -1e-5F, 1e-5F) < 2);
    CHECK(worst(erfc32, std::erfc, -5, 9) < 8);
    // Next to its zeros it is as exact as x is.
    CHECK(worst(cos_of_turns32, cos_of_turns64, 0, 0.24F) < 2);
    CHECK(worst(cos_of_turns32, cos_of_turns64, 0.26F, 0.74F) < 2);
    CHECK(worst(cos_of_turns32, cos_of_turns64, 0.76F, 1) < 2);
    CHECK(worst(below32, below64, -4, 8) < 10);
    CHECK(worst(density32, density64, -4, 4) < 10);
  }

  TEST_CASE("ends of the range") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const F32 f : {exp32, log32, log1p32, tanh32, erfc32, below32}) CHECK(std::isnan(f(nan)));
    CHECK(exp32(kInfinity) == kInfinity);
    CHECK(exp32(-kInfinity) == 0);
    CHECK(exp32(0) == 1);
    CHECK(exp32(88.73F) == kInfinity);
    CHECK(log32(0) == -kInfinity);
    CHECK(log32(1) == 0);
    CHECK(log32(kInfinity) == kInfinity);
    CHECK(std::isnan(log32(-1)));
    CHECK(std::isnan(log32(-kInfinity)));
    CHECK(log1p32(-1) == -kInfinity);
    CHECK(log1p32(0) == 0);
    CHECK(log1p32(kInfinity) == kInfinity);
    CHECK(std::isnan(log1p32(-2)));
    CHECK(tanh32(kInfinity) == 1);
    CHECK(tanh32(-kInfinity) == -1);
    CHECK(erfc32(kInfinity) == 0);
    CHECK(erfc32(-kInfinity) == 2);
    CHECK(erfc32(0) == 1);
    for (const float x : {0.0F, 0.25F, 0.5F, 0.75F, 1.0F})
      CHECK(cos_of_turns32(x) == std::round(cos_of_turns64(x)));
    CHECK(below32(kInfinity) == 1);
    CHECK(below32(-kInfinity) == 0);
    CHECK(below32(0) == 0.5F);
    CHECK(density32(kInfinity) == 0);
  }

  TEST_CASE("the vectors of the instruction set in use give the same bits") {
    std::vector<float> values;
    for (int i = -3000; i <= 3000; ++i) values.push_back(static_cast<float>(i) * 0.04F);
    values.insert(values.end(), {kInfinity, -kInfinity, 1e-42F});
    const Tensor x = tensor<float>(values, {static_cast<int64_t>(values.size())});
    const Tensor e = exp(x), l = log(x), t = tanh(x);
    for (size_t i = 0; i < values.size(); ++i) {
      CHECK(e.data<float>()[i] == exp32(values[i]));
      const float logarithm = log32(values[i]), ours = l.data<float>()[i];
      CHECK((ours == logarithm || (std::isnan(ours) && std::isnan(logarithm))));
      CHECK(t.data<float>()[i] == tanh32(values[i]));
    }
  }
}
