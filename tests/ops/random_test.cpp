#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/random_functions.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;

// Each evaluation of a sample draws the same numbers.
template <class F>
TensorFunction seeded(F f) {
  return [f](const Tensors& x) {
    manual_seed(3);
    return f(x);
  };
}

double mean_of(const Values& v) {
  double total = 0;
  for (const double x : v) total += x;
  return total / static_cast<double>(v.size());
}

// Mean of (x - centre)^power.
double moment(const Values& v, double centre, int power) {
  double total = 0;
  for (const double x : v) total += std::pow(x - centre, power);
  return total / static_cast<double>(v.size());
}

// Chi-square of counts against equal expectations.
double chi_square(const std::vector<int64_t>& counts, size_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int64_t count : counts) {
    sum += (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected);
  }
  return sum / expected;
}

constexpr int64_t kMany = 200000;

}  // namespace

SAMPLES(rand) {
  list.push_back({"times x",
                  seeded([](const Tensors& x) {
                    return x[0] * rand({3, 5}, x[0].dtype());
                  }),
                  {uniform({3, 5})},
                  true,
                  true,
                  false});
}
SAMPLES(randn) {
  list.push_back({"times x",
                  seeded([](const Tensors& x) {
                    return x[0] * randn({3, 5}, f64);
                  }),
                  {uniform({3, 5})},
                  true,
                  true,
                  false});
}
SAMPLES(randint) {
  list.push_back({"times x",
                  seeded([](const Tensors& x) {
                    return x[0] * randint(-3, 4, {3, 5});
                  }),
                  {uniform({3, 5})}});
}
SAMPLES(randperm) {
  list.push_back(
      {"times x", seeded([](const Tensors& x) { return x[0] * randperm(5); }), {uniform({3, 5})}});
}
SAMPLES(bernoulli) {
  list.push_back({"times x",
                  seeded([](const Tensors& x) {
                    return x[0] * bernoulli(full({3, 5}, 0.4));
                  }),
                  {uniform({3, 5})}});
}

TEST_SUITE("ops/random") {
  TEST_CASE("the numbers are those of Philox") {
    manual_seed(0x299f31d0a4093822);
    rand({1});
    const Philox p(0x299f31d0a4093822, 5, 1);
    CHECK(rand({2, 3}).to_vector<double>()[5] == (p.word[0] >> 8) * 0x1p-24);
    manual_seed(0);
    CHECK(rand({}).item() == (0x6627e8d5 >> 8) * 0x1p-24);
    manual_seed(0);
    const uint64_t bits = 0x6627e8d5e169c58d;
    CHECK(rand({}, f64).item() == static_cast<double>(bits >> 11) * 0x1p-53);
    manual_seed(0);
    const double u = (0x6627e8d5 + 0.5) * 0x1p-32, v = (0xe169c58d >> 8) * 0x1p-24;
    CHECK(randn({}).item() ==
          doctest::Approx(std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v)).epsilon(1e-5));
    manual_seed(0);
    CHECK(randint(0, 1 << 8, {}).item() == 0x66);
  }

  TEST_CASE("every element has its own block, also in the loops of vectors") {
    constexpr uint64_t kSeed = 0xa40938228f41c83b;
    const auto drawn = [&](const std::function<Tensor(const Shape&)>& f) {
      manual_seed(kSeed);
      return f({1037}).to_vector<double>();
    };
    const Values u = drawn([](const Shape& shape) { return rand(shape); });
    const Values wide = drawn([](const Shape& shape) { return rand(shape, f64); });
    const Values normal = drawn([](const Shape& shape) { return randn(shape); });
    const Values whole =
        drawn([](const Shape& shape) { return randint(0, int64_t{1} << 48, shape); });
    for (size_t i = 0; i < u.size(); ++i) {
      const Philox p(kSeed, i, 0);
      const uint64_t bits = uint64_t{p.word[0]} << 32 | p.word[1];
      CHECK(u[i] == (p.word[0] >> 8) * 0x1p-24);
      CHECK(wide[i] == static_cast<double>(bits >> 11) * 0x1p-53);
      CHECK(whole[i] == static_cast<double>(bits >> 16));
      CHECK(normal[i] == random::NormalF32::f(p));
    }
  }

  TEST_CASE("the same seed gives the same bits for any setting") {
    const auto draw = [](uint64_t seed) {
      manual_seed(seed);
      const Tensor a = randn({70, 900}), b = rand({63000}, f64), c = randint(-5, 9, {3, 1000});
      return std::tuple(a.to_vector<float>(), b.to_vector<double>(), c.to_vector<int64_t>());
    };
    const int threads = num_threads();
    const auto expected = draw(1);
    CHECK(draw(1) == expected);
    CHECK(draw(2) != expected);
    for (const int count : {1, 2, 3}) {
      set_num_threads(count);
      CHECK(draw(1) == expected);
    }
    set_num_threads(threads);
    const Eager eager;
    CHECK(draw(1) == expected);
  }

  TEST_CASE("neither fusion nor the order of evaluation changes the numbers") {
    manual_seed(4);
    const Tensor a = rand({1000}), b = rand({1000});
    const Values later = (b * 1.0).to_vector<double>(), first = (a + 0.0).to_vector<double>();
    manual_seed(4);
    CHECK(rand({1000}).to_vector<double>() == first);
    CHECK(rand({1000}).to_vector<double>() == later);
    CHECK(a.to_vector<double>() == first);
  }

  TEST_CASE("a saved state continues the same numbers") {
    manual_seed(5);
    rand({3}).eval();
    const RandomState state = random_state();
    const Values expected = randn({4}).to_vector<double>();
    set_random_state(state);
    CHECK(randn({4}).to_vector<double>() == expected);
  }

  // Bounds are about four standard deviations of each statistic.
  TEST_CASE("rand is uniform in [0, 1)") {
    manual_seed(0);
    for (const DType dtype : {f32, f64, f16, bf16}) {
      const Values v = rand({kMany}, dtype).to_vector<double>();
      CHECK(*std::min_element(v.begin(), v.end()) >= 0);
      CHECK(*std::max_element(v.begin(), v.end()) < 1);
      const double resolution = dtype == bf16 ? 0x1p-9 : dtype == f16 ? 0x1p-12 : 0;
      CHECK(mean_of(v) == doctest::Approx(0.5 - resolution).epsilon(0.006));
      CHECK(moment(v, 0.5 - resolution, 2) == doctest::Approx(1.0 / 12).epsilon(0.01));
      std::vector<int64_t> counts(64);
      for (const double x : v) ++counts[static_cast<size_t>(x * 64)];
      CHECK(chi_square(counts, v.size()) < 63 + 4 * std::sqrt(2 * 63));
      double correlation = 0;
      for (size_t i = 1; i < v.size(); ++i) correlation += (v[i] - 0.5) * (v[i - 1] - 0.5);
      CHECK(std::abs(correlation / kMany) < 4 / 12.0 / std::sqrt(kMany));
    }
  }

  TEST_CASE("randn is normal") {
    manual_seed(0);
    for (const DType dtype : {f32, f64}) {
      const Values v = randn({kMany}, dtype).to_vector<double>();
      CHECK(std::abs(mean_of(v)) < 4 / std::sqrt(kMany));
      CHECK(moment(v, 0, 2) == doctest::Approx(1).epsilon(0.013));
      CHECK(std::abs(moment(v, 0, 3)) < 4 * std::sqrt(15.0 / kMany));
      CHECK(moment(v, 0, 4) == doctest::Approx(3).epsilon(0.03));
      std::vector<int64_t> counts(50);  // of equal probability under the normal distribution
      CHECK(std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); }));
      for (const double x : v) {
        ++counts[std::min<size_t>(49, static_cast<size_t>(25 * std::erfc(-x / std::sqrt(2.0))))];
      }
      CHECK(chi_square(counts, v.size()) < 49 + 4 * std::sqrt(2 * 49));
    }
    CHECK(randn({2}, bf16).dtype() == bf16);
  }

  TEST_CASE("randint is uniform in [low, high)") {
    manual_seed(0);
    const std::vector<int64_t> v = randint(-3, 7, {kMany}).to_vector<int64_t>();
    std::vector<int64_t> counts(10);
    REQUIRE(*std::min_element(v.begin(), v.end()) >= -3);
    REQUIRE(*std::max_element(v.begin(), v.end()) < 7);
    for (const int64_t x : v) ++counts[static_cast<size_t>(x + 3)];
    CHECK(chi_square(counts, v.size()) < 9 + 4 * std::sqrt(2 * 9));
    CHECK(randint(5, 6, {3}).to_vector<double>() == Values{5, 5, 5});
    CHECK(randint(0, 256, {4}, u8).dtype() == u8);
    CHECK(randint(0, 10, {4}, f32).dtype() == f32);
    const int64_t low = std::numeric_limits<int64_t>::min(), high = -(low + 1);
    for (const int64_t x : randint(high - 1, high, {5}).to_vector<int64_t>()) CHECK(x == high - 1);
    int64_t negative = 0;
    for (const int64_t x : randint(low, high, {1000}).to_vector<int64_t>()) negative += x < 0;
    CHECK(std::abs(negative - 500) < 80);
  }

  TEST_CASE("randperm holds every number once, each order equally often") {
    manual_seed(0);
    std::vector<int64_t> v = randperm(1000).to_vector<int64_t>();
    CHECK(!std::is_sorted(v.begin(), v.end()));
    std::sort(v.begin(), v.end());
    for (int64_t i = 0; i < 1000; ++i) CHECK(v[static_cast<size_t>(i)] == i);
    std::vector<int64_t> orders(6);
    for (int i = 0; i < 3000; ++i) {
      const std::vector<int64_t> p = randperm(3).to_vector<int64_t>();
      ++orders[static_cast<size_t>(2 * p[0] + (p[1] > p[2]))];
    }
    CHECK(chi_square(orders, 3000) < 5 + 4 * std::sqrt(2 * 5));
    CHECK(randperm(0).numel() == 0);
    CHECK(randperm(1).item() == 0);
    CHECK(randperm(4, f32).dtype() == f32);
    CHECK(randperm(256, u8).dtype() == u8);
    CHECK_THROWS_AS(randperm(257, u8), Error);
    CHECK_THROWS_AS(randperm(-1), Error);
  }

  TEST_CASE("bernoulli is 1 with probability p") {
    manual_seed(0);
    const Tensor y = bernoulli(full({kMany}, 0.3, f64));
    CHECK(y.dtype() == f64);
    CHECK(mean_of(y.to_vector<double>()) == doctest::Approx(0.3).epsilon(0.015));
    CHECK(sum(bernoulli(zeros({1000}))).item() == 0);
    CHECK(sum(bernoulli(ones({1000}, bf16))).item() == 1000);
  }

  TEST_CASE("gradients can be asked for random tensors, but do not change them") {
    const Tensor x = randn({3}, f64);
    CHECK(grad(sum(x * x), x).to_vector<double>() == (2 * x).to_vector<double>());
  }

  TEST_CASE("zero-size and 0-dimensional shapes") {
    CHECK(rand({0, 3}).to_vector<double>().empty());
    CHECK(randn({}).ndim() == 0);
    CHECK(randint(0, 2, {2, 0}).numel() == 0);
    CHECK(bernoulli(zeros({0})).numel() == 0);
  }

  TEST_CASE("misuse is an error that names the function") {
    CHECK_THROWS_WITH_AS(randint(3, 3, {2}),
                         doctest::Contains("randint: low must be below high, got 3 and 3"), Error);
    CHECK_THROWS_WITH_AS(randint(0, 300, {2}, u8),
                         doctest::Contains("randint: u8 does not hold all of [0, 300)"), Error);
    CHECK_THROWS_WITH_AS(rand({2}, i32), doctest::Contains("rand: dtype must be floating, got i32"),
                         Error);
    CHECK_THROWS_AS(randn({2}, bool_), Error);
    CHECK_THROWS_AS(rand({-1}), Error);
    CHECK_THROWS_AS(bernoulli(tensor({1}, {1}, i64)), Error);
    CHECK_THROWS_AS(bernoulli(Tensor()), Error);
  }
}
