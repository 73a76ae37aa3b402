#include "ops/creation.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/buffer.h"
#include "core/error.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

using Values = std::vector<double>;

// Nothing flows into a constant, so the samples multiply it with an input.
static void times_x(SampleList& list, const TensorFunction& constant) {
  list.push_back(
      {"times x", [=](const Tensors& x) { return x[0] * constant(x); }, {uniform({3, 5})}});
}
SAMPLES(zeros) {
  times_x(list, [](const Tensors&) { return zeros({3, 5}); });
}
SAMPLES(ones) {
  times_x(list, [](const Tensors&) { return ones({5}, i32); });
}
SAMPLES(full) {
  times_x(list, [](const Tensors&) { return full({3, 1}, 2.5); });
}
SAMPLES(zeros_like) {
  times_x(list, [](const Tensors& x) { return zeros_like(x[0]); });
}
SAMPLES(ones_like) {
  times_x(list, [](const Tensors& x) { return ones_like(x[0]); });
}
SAMPLES(full_like) {
  times_x(list, [](const Tensors& x) { return full_like(x[0], 0.1); });
}
SAMPLES(arange) {
  times_x(list, [](const Tensors& x) { return arange(1, 2, 0.2, x[0].dtype()); });
}
SAMPLES(linspace) {
  times_x(list, [](const Tensors& x) { return linspace(-1, 1, 5, x[0].dtype()); });
}
SAMPLES(eye) {
  times_x(list, [](const Tensors&) { return eye(3, 5); });
}

TEST_SUITE("ops/creation") {
  TEST_CASE("zeros, ones and full have the shape, dtype and value asked for") {
    CHECK(zeros({2, 2}).to_vector<double>() == Values{0, 0, 0, 0});
    CHECK(zeros({2}, i64).dtype() == i64);
    CHECK(ones({3}, bf16).to_vector<double>() == Values{1, 1, 1});
    CHECK(ones({}).item() == 1);
    CHECK(ones({2, 0}).numel() == 0);
    CHECK(full({2}, 0.1, f64).to_vector<double>() == Values{0.1, 0.1});
    CHECK(full({2}, 0.1).dtype() == f32);
    CHECK(full({2}, 3).dtype() == i64);
    CHECK(full({2}, true).dtype() == bool_);
    CHECK(full({2}, tensor({7}, {}, f16)).dtype() == f16);
    const int64_t large = (int64_t{1} << 62) + 1;
    CHECK(full({1}, large).to_vector<int64_t>()[0] == large);
    const Tensor x = tensor({1, 2}, {2, 1}, f64);
    CHECK(zeros_like(x).dtype() == f64);
    CHECK(ones_like(x, i32).dtype() == i32);
    CHECK(full_like(x, 0.3).to_vector<double>() == Values{0.3, 0.3});
    CHECK(full_like(x, 0.3).shape() == Shape{2, 1});
  }

  TEST_CASE("arange counts as torch does") {
    CHECK(arange(4).to_vector<double>() == Values{0, 1, 2, 3});
    CHECK(arange(4).dtype() == i64);
    CHECK(arange(4, f32).dtype() == f32);
    CHECK(arange(2, 7, 2).to_vector<double>() == Values{2, 4, 6});
    CHECK(arange(3, -3, -2).to_vector<double>() == Values{3, 1, -1});
    CHECK(arange(3, 3).numel() == 0);
    CHECK(arange(0.5, 2).dtype() == f32);
    CHECK(arange(0.5, 2).to_vector<double>() == Values{0.5, 1.5});
    CHECK(arange(1, 2, 0.25).to_vector<double>() == Values{1, 1.25, 1.5, 1.75});
    CHECK(arange(0, 3, 1, bf16).to_vector<double>() == Values{0, 1, 2});
    CHECK(arange(0, 1, 0.1, f64).to_vector<double>()[3] == 3 * 0.1);
    const int64_t high = std::numeric_limits<int64_t>::max();
    CHECK(arange(high - 2, high).to_vector<int64_t>() == std::vector<int64_t>{high - 2, high - 1});
    CHECK(arange(-high, high, high).to_vector<int64_t>() == std::vector<int64_t>{-high, 0});
    // In f32 steps of 0.1 would have drifted apart by then.
    const std::vector<float> long_range = arange(0, 1000, 0.1).to_vector<float>();
    REQUIRE(long_range.size() == 10000);
    CHECK(long_range.back() == static_cast<float>(999.9));
  }

  TEST_CASE("linspace holds both ends") {
    CHECK(linspace(0, 1, 5).to_vector<double>() == Values{0, 0.25, 0.5, 0.75, 1});
    CHECK(linspace(3, -3, 3, i32).to_vector<double>() == Values{3, 0, -3});
    CHECK(linspace(2, 5, 1).to_vector<double>() == Values{2});
    CHECK(linspace(2, 5, 0).numel() == 0);
    for (const int64_t n : {2, 7, 100}) {
      const Values v = linspace(0.1, 0.7, n, f64).to_vector<double>();
      CHECK(v.front() == 0.1);
      CHECK(v.back() == 0.7);
    }
  }

  TEST_CASE("eye has ones where row and column are the same") {
    CHECK(eye(2).to_vector<double>() == Values{1, 0, 0, 1});
    CHECK(eye(2, 3, i64).to_vector<double>() == Values{1, 0, 0, 0, 1, 0});
    CHECK(eye(4, 2).to_vector<double>() == Values{1, 0, 0, 1, 0, 0, 0, 0});
    CHECK(eye(0).numel() == 0);
    CHECK(eye(2, 0).shape() == Shape{2, 0});
  }

  TEST_CASE("a tensor of known values takes no memory inside an expression") {
    const Tensor x = tensor({2}, {1}, f64);
    reset_peak_memory();
    const int64_t before = memory_stats().live;
    CHECK((x * sum(ones({1 << 20}, f64) * 0.5)).item() == 1 << 20);
    CHECK(memory_stats().peak - before < 1 << 20);
  }

  TEST_CASE("misuse is an error that names the function") {
    CHECK_THROWS_WITH_AS(zeros({2, -1}),
                         doctest::Contains("zeros: extents must not be negative, got [2, -1]"),
                         Error);
    CHECK_THROWS_AS(ones({-1}), Error);
    CHECK_THROWS_AS(full({-2}, 1), Error);
    CHECK_THROWS_AS(ones({int64_t{1} << 40, int64_t{1} << 40}), Error);
    CHECK_THROWS_WITH_AS(full({2}, tensor({1, 2}, {2})),
                         doctest::Contains("full: value must be a number or 0-dimensional"), Error);
    CHECK_THROWS_WITH_AS(
        arange(0, 3, -1),
        doctest::Contains("arange: step must lead from start to end, got start 0, end 3, step -1"),
        Error);
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = HUGE_VAL;
    CHECK_THROWS_AS(arange(0, 3, 0), Error);
    CHECK_THROWS_AS(arange(0, nan), Error);
    CHECK_THROWS_AS(arange(0, inf), Error);
    CHECK_THROWS_AS(arange(0, 1, 1e-300), Error);
    const int64_t high = std::numeric_limits<int64_t>::max();
    CHECK_THROWS_AS(arange(-high, high), Error);
    CHECK_THROWS_AS(arange(tensor({1, 2}, {2})), Error);
    CHECK_THROWS_AS(arange(Tensor()), Error);
    CHECK_THROWS_AS(linspace(0, 1, -1), Error);
    CHECK_THROWS_AS(eye(-1), Error);
    CHECK_THROWS_AS(eye(2, -1), Error);
    CHECK_THROWS_AS(zeros_like(Tensor()), Error);
    CHECK_THROWS_AS(full_like(Tensor(), 1), Error);
  }
}
