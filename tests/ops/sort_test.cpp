#include "ops/sort.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

bool same(const Tensor& x, const Values& expected) {
  const Values values = x.to_vector<double>();
  if (values.size() != expected.size()) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != expected[i] && !(std::isnan(values[i]) && std::isnan(expected[i])))
      return false;
  }
  return true;
}

// Indices of the first k elements in order along axis 1 of x [2, n, 3], by their definition.
Values order(const Values& x, int64_t n, int64_t k, bool descending) {
  Values indices(static_cast<size_t>(2 * k * 3));
  for (int64_t line = 0; line < 6; ++line) {
    const auto value = [&](int64_t i) {
      return x[static_cast<size_t>((line / 3 * n + i) * 3 + line % 3)];
    };
    const auto before = [](double a, double b) { return a < b || (a == a && b != b); };
    std::vector<int64_t> sorted(static_cast<size_t>(n));
    std::iota(sorted.begin(), sorted.end(), 0);
    std::stable_sort(sorted.begin(), sorted.end(), [&](int64_t a, int64_t b) {
      return descending ? before(value(b), value(a)) : before(value(a), value(b));
    });
    for (int64_t i = 0; i < k; ++i) {
      indices[static_cast<size_t>((line / 3 * k + i) * 3 + line % 3)] =
          static_cast<double>(sorted[static_cast<size_t>(i)]);
    }
  }
  return indices;
}

}  // namespace

SAMPLES(argsort) {
  for (const int axis : {0, 1, -1}) {
    list.push_back({"any axis",
                    [=](const Tensors& x) { return argsort(x[0], axis, axis == 1); },
                    {distinct({2, 5, 3})},
                    false});
  }
  list.push_back(
      {"empty", [](const Tensors& x) { return argsort(x[0]); }, {uniform({2, 0})}, false});
}

SAMPLES(sort) {
  for (const int axis : {0, 1, -1}) {
    list.push_back({"any axis",
                    [=](const Tensors& x) { return sort(x[0], axis, axis == 1).values; },
                    {distinct({2, 5, 3})}});
  }
  list.push_back({"number", [](const Tensors& x) { return sort(x[0]).values; }, {uniform({})}});
  list.push_back({"empty", [](const Tensors& x) { return sort(x[0]).values; }, {uniform({2, 0})}});
}

SAMPLES(topk) {
  for (const bool largest : {false, true}) {
    for (const int k : {0, 2, 5}) {
      list.push_back({"middle axis",
                      [=](const Tensors& x) { return topk(x[0], k, 1, largest).values; },
                      {distinct({2, 5, 2})}});
    }
  }
}

SAMPLES(kthvalue) {
  list.push_back({"of a column",
                  [](const Tensors& x) { return kthvalue(x[0], 2, 0, true).values; },
                  {distinct({4, 3})}});
}

SAMPLES(median) {
  list.push_back({"all", [](const Tensors& x) { return median(x[0]); }, {distinct({3, 4})}});
  list.push_back(
      {"rows", [](const Tensors& x) { return median(x[0], 1).values; }, {distinct({3, 5})}});
}

SAMPLES(quantile) {
  list.push_back({"all", [](const Tensors& x) { return quantile(x[0], 0.3); }, {distinct({3, 4})}});
  list.push_back({"columns",
                  [](const Tensors& x) { return quantile(x[0], 0.75, 0, true); },
                  {distinct({4, 3})}});
}

SAMPLES(unique) {
  list.push_back({"all", [](const Tensors& x) { return unique(x[0]).values; }, {distinct({3, 4})}});
  list.push_back(
      {"rows", [](const Tensors& x) { return unique(x[0], 0).values; }, {distinct({3, 4})}});
}

TEST_SUITE("ops/sort") {
  TEST_CASE("sorting is stable and puts NaN last") {
    const Tensor x = tensor({3, kNaN, 1, 3, -kInfinity, kInfinity}, {6});
    CHECK(same(sort(x).values, {-kInfinity, 1, 3, 3, kInfinity, kNaN}));
    CHECK(same(sort(x).indices, {4, 2, 0, 3, 5, 1}));
    CHECK(same(argsort(x, 0, true), {1, 5, 0, 3, 2, 4}));
    CHECK(same(argsort(tensor({1, 0, 1, 0}, {4}, bool_)), {1, 3, 0, 2}));
    CHECK(same(sort(tensor({3, 1, 2, 0}, {2, 2}, i32), 0).values, {2, 0, 3, 1}));
  }

  TEST_CASE("lines of any length: both zeros are equal, NaN the greatest, then the lower index") {
    const double real[] = {0, -0.0, kNaN, -kNaN, kInfinity, -kInfinity, 1e-45, -1e-45, 3.4e38};
    const double whole[] = {2147483647, -2147483648.0, 0, -1};
    for (const DType dtype : {f32, f16, f64, i32, i64, u8}) {
      for (const int64_t n : {63, 64, 65, 1031}) {
        Values values(static_cast<size_t>(2 * n * 3));
        for (size_t i = 0; i < values.size(); ++i) {
          const size_t k = i * i % 211;  // many occur often
          const double spread = (static_cast<double>(k) - 105) * std::pow(10.0, k % 7);
          values[i] = dtype == u8          ? static_cast<double>(k)
                      : is_floating(dtype) ? (k < 9 ? real[k] : spread / 1000)
                                           : (k < 4 ? whole[k] : spread);
        }
        const Tensor x = cast(tensor<double>(values, {2, n, 3}), dtype);
        const Values rounded = x.to_vector<double>();
        CAPTURE(dtype);
        CAPTURE(n);
        for (const bool descending : {false, true}) {
          for (const int64_t k : {n, n / 8, n / 8 - 1})
            CHECK(same(topk(x, k, 1, descending).indices, order(rounded, n, k, descending)));
        }
      }
    }
  }

  TEST_CASE("the largest and the smallest: the lower index first") {
    const Tensor x = tensor({1, 4, 4, 2, 4, 0}, {2, 3});
    CHECK(same(topk(x, 2).values, {4, 4, 4, 2}));
    CHECK(same(topk(x, 2).indices, {1, 2, 1, 0}));
    CHECK(same(topk(x, 1, 0, false).values, {1, 4, 0}));
    CHECK(topk(x, 0).values.shape() == Shape{2, 0});
    CHECK(same(kthvalue(x, 2).values, {4, 2}));
    CHECK(kthvalue(x, 1, 0, true).indices.shape() == Shape{1, 3});
  }

  TEST_CASE("medians and quantiles") {
    const Tensor x = tensor({5, 1, 3, 2, kNaN, 1, 0, 4}, {2, 4});
    CHECK(same(median(x, 1).values, {2, kNaN}));
    CHECK(same(median(x, 1).indices, {3, 0}));
    CHECK(median(tensor({4, 1, 3}, {3})).item() == 3);
    CHECK(same(quantile(x, 0.5, 1), {2.5, kNaN}));
    CHECK(quantile(tensor({0, 10}, {2}), 0.25).item() == 2.5);
    CHECK(quantile(tensor({7}, {1}), 1).item() == 7);
    CHECK(quantile(tensor({1, 2, 3}, {3}), 1).item() == 3);
  }

  TEST_CASE("different elements") {
    const Tensor x = tensor({3, 1, 3, 0, 1, 3}, {2, 3});
    const Unique u = unique(x);
    CHECK(same(u.values, {0, 1, 3}));
    CHECK(same(u.inverse, {2, 1, 2, 0, 1, 2}));
    CHECK(u.inverse.shape() == x.shape());
    CHECK(same(u.counts, {1, 2, 3}));
    CHECK(same(u.indices, {3, 1, 0}));
    const Unique rows = unique(tensor({2, 1, 0, 5, 2, 1}, {3, 2}, i64), 0);
    CHECK(same(rows.values, {0, 5, 2, 1}));
    CHECK(same(rows.inverse, {1, 0, 1}));
    CHECK(same(rows.indices, {1, 0}));
    CHECK(same(unique(x, 1).counts, {1, 1, 1}));
    CHECK(unique(uniform({0})).values.shape() == Shape{0});
    CHECK(unique(tensor({kNaN, kNaN}, {2})).values.numel() == 2);
  }

  TEST_CASE("the same as torch") {
    const Oracle oracle("sort");
    for (const int axis : {0, 1, 2}) {
      const std::string place = fmt::format(" {}", axis);
      oracle.check("sort" + place, [&](const Tensors& x) { return sort(x[0], axis).values; });
      oracle.check("topk" + place, [&](const Tensors& x) { return topk(x[0], 2, axis).values; });
      oracle.check("median" + place, [&](const Tensors& x) { return median(x[0], axis).values; });
      oracle.check("kthvalue" + place,
                   [&](const Tensors& x) { return kthvalue(x[0], 2, axis).values; });
      oracle.check("quantile" + place, [&](const Tensors& x) { return quantile(x[0], 0.3, axis); });
    }
    oracle.check("argsort", [](const Tensors& x) { return argsort(x[0], 1, true); });
    oracle.check("unique", [](const Tensors& x) { return unique(x[0]).values; });
    oracle.check("unique rows", [](const Tensors& x) { return unique(x[0], 0).values; });
    oracle.check("unique inverse", [](const Tensors& x) { return unique(x[0]).inverse; });
  }

  TEST_CASE("misuse") {
    const Tensor x = uniform({2, 3});
    CHECK_THROWS_WITH_AS(topk(x, 4),
                         doctest::Contains("topk: k must lie in [0, 3], the extent of axis 1, "
                                           "got 4"),
                         Error);
    CHECK_THROWS_AS(topk(x, -1), Error);
    CHECK_THROWS_AS(kthvalue(x, 0), Error);
    CHECK_THROWS_AS(sort(x, 2), Error);
    CHECK_THROWS_AS(median(uniform({0})), Error);
    CHECK_THROWS_AS(median(uniform({2, 0}), 1), Error);
    CHECK_THROWS_AS(quantile(x, 1.5), Error);
    CHECK_THROWS_AS(quantile(integers({2}, 0, 3), 0.5), Error);
    CHECK_THROWS_AS(unique(Tensor()), Error);
    CHECK_THROWS_AS(argsort(Tensor()), Error);
  }
}
