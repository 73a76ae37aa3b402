#include "ops/reduce.h"

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

// A reduction over all axes, rows, columns, both ends and nothing.
template <class Reduce>
void add_reductions(SampleList& list, Reduce reduce,
                    const std::function<Tensor(const Shape&)>& values, bool gradient = true) {
  const auto add = [&](const char* what, const Shape& shape, const Shape& axes, bool keepdim) {
    list.push_back({what,
                    [=](const Tensors& x) { return reduce(x[0], axes, keepdim); },
                    {values(shape)},
                    gradient});
  };
  add("all", {3, 5}, {}, false);
  add("rows", {2, 17}, {1}, false);
  add("columns", {7, 3}, {0}, true);
  add("both ends", {2, 3, 4}, {0, -1}, false);
  add("middle", {2, 3, 2}, {1}, false);
  add("number", {}, {}, false);
  add("no rows", {0, 3}, {1}, false);
}

Tensor away_from_zero(const Shape& shape) {
  return distinct(shape);  // odd multiples of 0.05
}

}  // namespace

SAMPLES(sum) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return sum(x, axes, keep); }, away_from_zero);
  list.push_back({"nothing", [](const Tensors& x) { return sum(x[0], {1}); }, {uniform({2, 0})}});
}

SAMPLES(prod) {
  const auto positive = [](const Shape& shape) { return uniform(shape, 0.5, 1.5); };
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return prod(x, axes, keep); }, positive);
  list.push_back({"zeros",
                  [](const Tensors& x) { return prod(x[0], {1}); },
                  {tensor({1, 2, 3, 0, 2, 3, 0, 2, 0}, {3, 3}, f64)}});
  list.push_back({"nothing", [](const Tensors& x) { return prod(x[0], {1}); }, {uniform({2, 0})}});
}

SAMPLES(mean) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return mean(x, axes, keep); }, away_from_zero);
}

Tensor with_nans(const Tensor& x) {
  return where(gt(x, 0.6), kNaN, x);
}

SAMPLES(nansum) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return nansum(with_nans(x), axes, keep); },
      away_from_zero);
}

SAMPLES(nanmean) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return nanmean(with_nans(x), axes, keep); },
      away_from_zero);
}

SAMPLES(amax) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return amax(x, axes, keep); }, away_from_zero);
}

SAMPLES(amin) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return amin(x, axes, keep); }, away_from_zero);
}

SAMPLES(max) {
  list.push_back({"all", [](const Tensors& x) { return max(x[0]); }, {distinct({3, 5})}});
  for (const int axis : {0, 1, -1}) {
    list.push_back({"along an axis",
                    [=](const Tensors& x) { return max(x[0], axis, axis == 0).values; },
                    {distinct({2, 5, 3})}});
  }
}

SAMPLES(min) {
  list.push_back({"all", [](const Tensors& x) { return min(x[0]); }, {distinct({3, 5})}});
  for (const int axis : {0, 1, -1}) {
    list.push_back({"along an axis",
                    [=](const Tensors& x) { return min(x[0], axis, axis == 0).values; },
                    {distinct({2, 5, 3})}});
  }
}

SAMPLES(stddev) {
  add_reductions(
      list,
      [](auto& x, auto& axes, bool keep) {
        if (x.numel() <= 1) return mean(x, axes, keep);
        return stddev(x, axes, {.correction = 0.5, .keepdim = keep});
      },
      away_from_zero);
}

SAMPLES(norm) {
  const auto different_magnitudes = [](const Shape& shape) { return distinct(shape) + 0.02; };
  for (const double p : {2.0, 1.0, 3.0, 1.5, 0.5, -1.0, kInfinity, -kInfinity}) {
    add_reductions(
        list, [=](auto& x, auto& axes, bool keep) { return norm(x, p, axes, keep); },
        different_magnitudes);
  }
}

SAMPLES(logsumexp) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return logsumexp(x, axes, keep); },
      away_from_zero);
  list.push_back({"large",
                  [](const Tensors& x) { return logsumexp(x[0] * 300 - 900, {1}); },
                  {uniform({2, 3}, 2.9, 3.1)}});
}

SAMPLES(any) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return any(x, axes, keep); }, away_from_zero,
      false);
}

SAMPLES(all) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return all(x, axes, keep); }, away_from_zero,
      false);
}

SAMPLES(count_nonzero) {
  add_reductions(
      list, [](auto& x, auto& axes, bool keep) { return count_nonzero(x, axes, keep); },
      away_from_zero, false);
}

SAMPLES(argmax) {
  list.push_back({"all", [](const Tensors& x) { return argmax(x[0]); }, {distinct({3, 5})}, false});
  list.push_back(
      {"rows", [](const Tensors& x) { return argmax(x[0], 1); }, {distinct({2, 17})}, false});
  list.push_back({"columns",
                  [](const Tensors& x) { return argmax(x[0], 0, true); },
                  {distinct({7, 3})},
                  false});
}

SAMPLES(argmin) {
  list.push_back({"all", [](const Tensors& x) { return argmin(x[0]); }, {distinct({3, 5})}, false});
  list.push_back(
      {"middle", [](const Tensors& x) { return argmin(x[0], 1); }, {distinct({2, 5, 3})}, false});
}

SAMPLES(var) {
  for (const double correction : {1.0, 0.0}) {
    add_reductions(
        list,
        [=](auto& x, auto& axes, bool keep) {
          if (x.numel() <= 1) return mean(x, axes, keep);  // NaN
          return var(x, axes, {.correction = correction, .keepdim = keep});
        },
        away_from_zero);
  }
}

SAMPLES(var_mean) {
  const auto sum_of_both = [](const Tensor& x, const Shape& axes, bool keep) {
    const VarMean y = var_mean(x, axes, {.correction = 0, .keepdim = keep});
    return sum(y.var) + sum(y.mean);
  };
  add_reductions(list, sum_of_both, away_from_zero);
}

TEST_SUITE("ops/reduce") {
  TEST_CASE("sums, products and means") {
    const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
    CHECK(sum(x).item() == 21);
    CHECK(sum(x, {0}).to_vector<double>() == Values{5, 7, 9});
    CHECK(prod(x, {-1}).to_vector<double>() == Values{6, 120});
    CHECK(mean(x, {1}, true).shape() == Shape{2, 1});
    CHECK(mean(x, {1}).to_vector<double>() == Values{2, 5});
    CHECK(sum(cast(x, u8)).dtype() == i64);
    CHECK(prod(x < 7).dtype() == i64);
  }

  TEST_CASE("truth") {
    const Tensor x = tensor({0, 0, 0.5, 0, -1, kNaN}, {3, 2});
    CHECK(any(x, {1}).to_vector<double>() == Values{0, 1, 1});
    CHECK(all(x, {1}).to_vector<double>() == Values{0, 0, 1});
    CHECK(any(x).dtype() == bool_);
    CHECK(count_nonzero(x).to_vector<int64_t>() == std::vector<int64_t>{3});
  }

  TEST_CASE("positions: the first one wins, and NaN over numbers") {
    const Tensor x = tensor({1, 3, 3, kNaN, 2, kNaN}, {2, 3});
    CHECK(argmax(x, 1).to_vector<double>() == Values{1, 0});
    CHECK(argmin(x, 1).to_vector<double>() == Values{0, 0});
    CHECK(argmax(x).item() == 3);
    CHECK(argmax(tensor({0, 7, 7, 1}, {2, 2}, u8), 0, true).to_vector<double>() == Values{1, 0});
  }

  TEST_CASE("variance") {
    const Tensor x = tensor({1, 2, 3, 6}, {4});
    CHECK(var(x).item() == doctest::Approx(14.0 / 3));
    CHECK(var(x, {0}, {.correction = 0}).item() == doctest::Approx(3.5));
    CHECK(std::isnan(var(tensor({1}, {1})).item()));
    // Two passes: a large mean does not swallow it.
    CHECK(var(tensor({1e6 - 1, 1e6, 1e6 + 1}, {3})).item() == 1);
  }

  TEST_CASE("extremes, and how their gradient is shared") {
    const Tensor x = variable(tensor({1, 3, 3, 5, 5, 2}, {2, 3}, f64));
    CHECK(amax(x, {1}).to_vector<double>() == Values{3, 5});
    CHECK(grad(sum(amax(x, {1})), x).to_vector<double>() == Values{0, 0.5, 0.5, 0.5, 0.5, 0});
    CHECK(grad(max(x), x).to_vector<double>() == Values{0, 0, 0, 0.5, 0.5, 0});
    const ValuesAndIndices first = max(x, 1);
    CHECK(first.indices.to_vector<double>() == Values{1, 0});
    CHECK(grad(sum(first.values), x).to_vector<double>() == Values{0, 1, 0, 1, 0, 0});
    CHECK(min(x, 0, true).values.to_vector<double>() == Values{1, 3, 2});
    CHECK(max(tensor({4}, {}), 0).values.item() == 4);
    CHECK(std::isnan(amax(tensor({1, kNaN, 2}, {3})).item()));
    CHECK(std::signbit(max(tensor({-0.0}, {1})).item()));
    CHECK(amin(tensor({3, 2}, {2}, i32)).dtype() == i32);
  }

  TEST_CASE("norms") {
    const Tensor x = variable(tensor({3, 0, -4}, {3}, f64));
    CHECK(norm(x).item() == 5);
    CHECK(norm(x, 1).item() == 7);
    CHECK(norm(x, 0).item() == 2);
    CHECK(norm(x, kInfinity).item() == 4);
    CHECK(norm(x, -kInfinity).item() == 0);
    CHECK(norm(x, -1).item() == 0);
    CHECK(norm(x, 3).item() == doctest::Approx(std::cbrt(91)));
    const Tensor zero = variable(tensor({0, 0}, {2}, f64));
    for (const double p : {2.0, 1.0, 3.0, 0.5, -1.0, kInfinity})
      CHECK(grad(norm(zero, p), zero).to_vector<double>() == Values{0, 0});
    CHECK(grad(stddev(zero), zero).to_vector<double>() == Values{0, 0});
  }

  TEST_CASE("logsumexp with infinities") {
    const auto of = [](double a, double b) { return logsumexp(tensor({a, b}, {2}, f64)).item(); };
    CHECK(of(0, 0) == doctest::Approx(std::log(2)));
    CHECK(of(1000, 1000) == doctest::Approx(1000 + std::log(2)));
    CHECK(of(-kInfinity, -kInfinity) == -kInfinity);
    CHECK(of(-kInfinity, 1) == 1);
    CHECK(of(kInfinity, 1) == kInfinity);
    CHECK(std::isnan(of(kNaN, 1)));
    CHECK(logsumexp(uniform({2, 0}), {1}).to_vector<double>() == Values{-kInfinity, -kInfinity});
  }

  TEST_CASE("sums and means without NaN") {
    const Tensor x = tensor({1, kNaN, 3}, {3});
    CHECK(nansum(x).item() == 4);
    CHECK(nanmean(x).item() == 2);
    CHECK(std::isnan(nanmean(tensor({kNaN}, {1})).item()));
  }

  TEST_CASE("over nothing") {
    const Tensor x = uniform({0, 2});
    CHECK(sum(x, {0}).to_vector<double>() == Values{0, 0});
    CHECK(prod(x).item() == 1);
    CHECK(any(x).item() == 0);
    CHECK(all(x).item() == 1);
    CHECK(std::isnan(mean(x).item()));
    CHECK(argmax(x, 1).shape() == Shape{0});
    CHECK_THROWS_WITH_AS(argmax(x, 0),
                         doctest::Contains("argmax: an empty axis has no such element, got shape "
                                           "[0, 2] and axes [0]"),
                         Error);
  }

  TEST_CASE("misuse") {
    const Tensor x = uniform({2, 3});
    CHECK_THROWS_AS(sum(x, {2}), Error);
    CHECK_THROWS_AS(sum(x, {0, -2}), Error);
    CHECK_THROWS_AS(mean(cast(x, i32)), Error);
    CHECK_THROWS_AS(sum(Tensor()), Error);
    CHECK_THROWS_AS(var(Tensor()), Error);
    CHECK_THROWS_AS(amax(uniform({0})), Error);
    CHECK_THROWS_AS(max(uniform({2, 0}), 1), Error);
    CHECK_THROWS_AS(norm(x, kNaN), Error);
    CHECK_THROWS_AS(norm(cast(x, i64)), Error);
    CHECK(sum(uniform({}), {-1}).ndim() == 0);
  }

  TEST_CASE("the same as torch") {
    const Oracle oracle("reduce");
    using Reduce = std::function<Tensor(const Tensor&, const Shape&)>;
    std::map<std::string, Reduce> functions{
        {"sum", [](auto& x, auto& axes) { return sum(x, axes); }},
        {"mean", [](auto& x, auto& axes) { return mean(x, axes, true); }},
        {"amax", [](auto& x, auto& axes) { return amax(x, axes); }},
        {"amin", [](auto& x, auto& axes) { return amin(x, axes); }},
        {"var", [](auto& x, auto& axes) { return var(x, axes); }},
        {"std0", [](auto& x, auto& axes) { return stddev(x, axes, {.correction = 0}); }},
        {"logsumexp", [](auto& x, auto& axes) { return logsumexp(x, axes); }},
        {"nansum", [](auto& x, auto& axes) { return nansum(x, axes); }}};
    for (const char* p : {"1", "2", "3", "0.5", "-2", "inf", "-inf"}) {
      functions[std::string("norm ") + p] = [p](auto& x, auto& axes) {
        return norm(x, std::stod(p), axes);
      };
    }
    const std::pair<const char*, Shape> places[] = {
        {"all", {}}, {"rows", {2}}, {"columns", {0}}, {"ends", {0, 2}}};
    for (const auto& function : functions) {
      for (const auto& place : places) {
        oracle.check(function.first + " " + place.first,
                     [&](const Tensors& x) { return function.second(x[0], place.second); });
      }
    }
    oracle.check("amax ties", [](const Tensors& x) { return amax(x[0], {1}); });
    oracle.check("max ties", [](const Tensors& x) { return max(x[0], 1).values; });
    oracle.check("norm inf ties", [](const Tensors& x) { return norm(x[0], kInfinity, {1}); });
    oracle.check("norm 3 zeros", [](const Tensors& x) { return norm(x[0], 3, {1}); });
    oracle.check("prod zeros", [](const Tensors& x) { return prod(x[0], {1}); });
    oracle.check("prod one zero",
                 [](const Tensors& x) { return prod(slice(x[0], 0, {.start = 1}), {1}); });
  }
}
