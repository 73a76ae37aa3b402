#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/shape.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"
#include "tests/oracle.h"

using namespace tessera;
namespace init = nn::init;
using testing::check_close;
using testing::error_of;

namespace {

struct Moments {
  double mean = 0, variance = 0, low = 0, high = 0;
};

Moments moments(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  Moments m{.low = values[0], .high = values[0]};
  for (const double v : values) {
    m.mean += v;
    m.variance += v * v;
    m.low = std::min(m.low, v);
    m.high = std::max(m.high, v);
  }
  const auto count = static_cast<double>(values.size());
  m.mean /= count;
  m.variance = m.variance / count - m.mean * m.mean;
  return m;
}

// 38400 elements: a variance is off by about 1 / sqrt(19200) = 0.7 %. Fans 48 * 4 = 192 in and
// 200 * 4 = 800 out.
const Shape weight = {200, 48, 2, 2};

void check_variance(const Tensor& x, double variance) {
  const Moments m = moments(x);
  CHECK(m.variance == doctest::Approx(variance).epsilon(0.03));
  CHECK(std::abs(m.mean) < 4 * std::sqrt(variance / static_cast<double>(x.numel())));
}

void check_uniform(const Tensor& x, double bound) {
  check_variance(x, bound * bound / 3);
  const Moments m = moments(x);
  CHECK(m.high <= bound * 1.000001);
  CHECK(m.high > bound * 0.999);
  CHECK(-m.low <= bound * 1.000001);
  CHECK(-m.low > bound * 0.999);
}

}  // namespace

TEST_SUITE("nn/init") {
  TEST_CASE("uniform and normal numbers have the variance that theory says") {
    manual_seed(3);
    const auto uniform = moments(init::uniform(weight, -1, 3));
    CHECK(uniform.mean == doctest::Approx(1).epsilon(0.02));
    CHECK(uniform.variance == doctest::Approx(16.0 / 12).epsilon(0.03));
    check_variance(init::normal(weight, 0, 0.5), 0.25);
    CHECK(moments(init::normal(weight, 2, 0.1)).mean == doctest::Approx(2).epsilon(0.01));
    check_uniform(init::xavier_uniform(weight), std::sqrt(6.0 / 992));
    check_variance(init::xavier_normal(weight, 2), 4 * 2.0 / 992);
    check_uniform(init::kaiming_uniform(weight), std::sqrt(6.0 / 192));
    check_uniform(init::kaiming_uniform(weight, {.a = std::sqrt(5.0)}), std::sqrt(1.0 / 192));
    check_variance(init::kaiming_normal(weight, {.a = 0.1, .mode = init::Fan::out}),
                   2 / (1.01 * 800));
    check_uniform(init::fan_in_uniform(weight, 192), std::sqrt(1.0 / 192));
  }

  TEST_CASE("a truncated normal distribution has its variance and bounds") {
    manual_seed(4);
    // Within +-2 stddev: 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737 of the variance.
    const Moments m = moments(init::trunc_normal(weight));
    CHECK(m.variance == doctest::Approx(0.77374).epsilon(0.02));
    CHECK(m.high <= 2);
    CHECK(m.high > 1.99);
    CHECK(m.low >= -2);
    CHECK(std::abs(m.mean) < 0.02);
    check_variance(init::trunc_normal(weight, {.stddev = 0.02}), 0.0004);
    const Moments tail = moments(init::trunc_normal(weight, {.low = 1, .high = 3}));
    CHECK(tail.low >= 1);
    CHECK(tail.high <= 3);
    // (phi(1) - phi(3)) / (Phi(3) - Phi(1))
    CHECK(tail.mean == doctest::Approx(1.5101).epsilon(0.01));
    const Moments all =
        moments(init::trunc_normal(weight, {.low = -std::numeric_limits<double>::infinity(),
                                            .high = std::numeric_limits<double>::infinity()}));
    CHECK(all.variance == doctest::Approx(1).epsilon(0.03));
    CHECK(std::isfinite(all.high));
  }

  TEST_CASE("fans count channels times the kernel") {
    CHECK(init::fans(weight).in == 192);
    CHECK(init::fans(weight).out == 800);
    CHECK(init::fans({5, 7}).in == 7);
    CHECK(error_of([] { init::fans({5}); }) ==
          "fans: a weight must have at least two axes, got [5]");
  }

  TEST_CASE("orthogonal rows or columns are orthonormal") {
    manual_seed(5);
    const nn::ParameterDType scope(f64);
    const Tensor wide = reshape(init::orthogonal({6, 4, 3}, 2), {6, 12});
    check_close(matmul(wide, wide, {.transpose_b = true}), eye(6, {}, f64) * 4, 1e-13);
    const Tensor tall = init::orthogonal({9, 5});
    check_close(matmul(tall, tall, {.transpose_a = true}), eye(5, {}, f64), 1e-13);
  }

  TEST_CASE("dirac kernels return the input of a convolution") {
    manual_seed(6);
    const Tensor x = randn({1, 4, 5, 4});
    const Tensor same = conv2d(x, init::dirac({4, 4, 3, 5}), {}, {.padding = {1, 2}});
    CHECK(same.to_vector<float>() == x.to_vector<float>());
    const Tensor grouped = conv2d(x, init::dirac({4, 2, 3, 3}, 2), {}, {.padding = 1, .groups = 2});
    CHECK(grouped.to_vector<float>() == x.to_vector<float>());
    const Tensor more = init::dirac({3, 2, 1});
    CHECK(more.to_vector<float>() == std::vector<float>{1, 0, 0, 1, 0, 0});
  }

  TEST_CASE("bilinear kernels enlarge linearly") {
    CHECK(init::bilinear({1, 1, 4}).to_vector<float>() ==
          std::vector<float>{0.25F, 0.75F, 0.75F, 0.25F});
    CHECK(init::bilinear({1, 1, 3}).to_vector<float>() == std::vector<float>{0.5F, 1, 0.5F});
    // A constant stays one, away from the border, and channels are kept apart.
    const Tensor y = conv_transpose2d(ones({1, 2, 4, 4}), init::bilinear({2, 2, 4, 4}), {},
                                      {.stride = 2, .padding = 1});
    CHECK(y.shape() == Shape{1, 2, 8, 8});
    CHECK(slice(y, {{}, {}, {.start = 1, .stop = 7}, {.start = 1, .stop = 7}}).to_vector<float>() ==
          std::vector<float>(72, 1.0F));
  }

  TEST_CASE("bilinear kernels of groups enlarge each channel for itself") {
    const Tensor x = reshape(arange(0, 8, 1, f32), {1, 2, 4});
    const Tensor y = conv_transpose1d(x, init::bilinear({2, 1, 4}, 2), {},
                                      {.stride = 2, .padding = 1, .groups = 2});
    // Between 0 and 1: 0.25, 0.75; the ends are half beside zeros.
    CHECK(slice(y, 2, {.start = 1, .stop = 7}).to_vector<float>() ==
          std::vector<float>{0.25F, 0.75F, 1.25F, 1.75F, 2.25F, 2.75F,  //
                             4.25F, 4.75F, 5.25F, 5.75F, 6.25F, 6.75F});
  }

  TEST_CASE("parameters take the dtype of the scope") {
    CHECK(init::normal({2}).dtype() == f32);
    {
      const nn::ParameterDType scope(f64);
      CHECK(init::normal({2}).dtype() == f64);
      CHECK(init::constant({2}, 1).dtype() == f64);
      {
        const nn::ParameterDType inner(bf16);
        CHECK(init::trunc_normal({2}).dtype() == bf16);
        CHECK(init::uniform({2}).dtype() == bf16);
      }
      CHECK(init::orthogonal({2, 2}).dtype() == f64);
    }
    CHECK(nn::parameter_dtype() == f32);
    CHECK(error_of([] { const nn::ParameterDType scope(i64); }) ==
          "ParameterDType: dtype must be floating, got i64");
    CHECK(nn::parameter_dtype() == f32);
  }

  TEST_CASE("the same seed gives the same parameters") {
    manual_seed(7);
    const auto first = init::kaiming_normal({4, 4}).to_vector<float>();
    manual_seed(7);
    CHECK(init::kaiming_normal({4, 4}).to_vector<float>() == first);
  }

  TEST_CASE("wrong numbers and shapes are refused") {
    CHECK(error_of([] { init::uniform({2}, 1, 0); }) ==
          "uniform: low must not be above high, got 1 and 0");
    CHECK(error_of([] { init::normal({2}, 0, -1); }) ==
          "normal: stddev must not be negative, got -1");
    CHECK(error_of([] { init::trunc_normal({2}, {.low = 2, .high = 1}); }) ==
          "trunc_normal: low must be below high, got 2 and 1");
    CHECK(error_of([] { init::trunc_normal({2}, {.low = 50, .high = 51}); }).find("too far") !=
          std::string::npos);
    CHECK(error_of([] {
            init::kaiming_normal({2, 0});
          }) == "kaiming: the weight must not be empty, got [2, 0]");
    CHECK(error_of([] {
            init::dirac({2, 2});
          }).find("dirac: the weight must be [out, in, k...]") == 0);
    CHECK(error_of([] {
            init::dirac({3, 2, 1}, 2);
          }).find("multiple of groups") != std::string::npos);
    CHECK(error_of([] { init::bilinear({2, 1, 0}); }).find("bilinear: the weight must be") == 0);
    CHECK(error_of([] { init::orthogonal({3}); }).find("orthogonal: the weight") == 0);
    CHECK(error_of([] { init::fan_in_uniform({3}, 0); }) ==
          "fan_in_uniform: fan_in must be positive, got 0");
  }
}
