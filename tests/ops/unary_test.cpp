#include "ops/unary.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;
using UnaryFunction = Tensor (*)(const Operand&);

struct Row {
  const char* name;
  UnaryFunction f;
};
const Row rows[] = {
#define ROW(name, Function) {#name, name},
    TESSERA_UNARY_OPS(ROW)
#undef ROW
};

// Inputs inside the domain of `name`, away from poles and steps.
Tensor domain_of(const std::string& name, const Shape& shape) {
  if (name == "log" || name == "log2" || name == "log10" || name == "sqrt" || name == "rsqrt" ||
      name == "reciprocal")
    return uniform(shape, 0.5, 3);
  if (name == "acosh") return uniform(shape, 1.2, 3);
  if (name == "asin" || name == "acos" || name == "atanh" || name == "log1p")
    return uniform(shape, -0.8, 0.8);
  if (name == "tan") return uniform(shape, -1.2, 1.2);
  return distinct(shape);
}

void unary_samples(SampleList& list, const std::string& name, UnaryFunction f) {
  const TensorFunction call = [f](const Tensors& x) { return f(x[0]); };
  if (name == "bitwise_not") {
    list.push_back({"integers", call, {integers({3, 7}, -9, 9)}, false});
    return;
  }
  const bool gradient = is_floating(f(Operand(1.0)).dtype());
  for (const Shape& shape : {Shape{3, 7}, Shape{}, Shape{2, 0, 3}})
    list.push_back({shape.str(), call, {domain_of(name, shape)}, gradient});
}

// Equal, or closer than `rtol` relative to itself (but for what torch flushes to 0).
bool near(double actual, double expected, double rtol) {
  if (std::isnan(expected)) return std::isnan(actual);
  return actual == expected || std::abs(actual - expected) <= rtol * std::abs(expected) + 1e-305;
}

double at(const Tensor& x) {
  return x.item();
}

}  // namespace

#define UNARY_SAMPLES(name, Function) \
  SAMPLES(name) {                     \
    unary_samples(list, #name, name); \
  }
TESSERA_UNARY_OPS(UNARY_SAMPLES)

SAMPLES(cast) {
  list.push_back({"to f64", [](const Tensors& x) { return cast(x[0], f64); }, {uniform({3, 5})}});
  list.push_back({"there and back",
                  [](const Tensors& x) { return cast(cast(x[0], i32), x[0].dtype()); },
                  {uniform({7}, -9, 9)},
                  false});
}

TEST_SUITE("ops/unary") {
  TEST_CASE("values worked out by hand") {
    const Tensor x = tensor({-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 4}, {8}, f64);
    CHECK(neg(x).to_vector<double>() == Values{2.5, 1.5, 0.5, 0, -0.5, -1.5, -2.5, -4});
    CHECK((-x).to_vector<double>() == neg(x).to_vector<double>());
    CHECK(abs(x).to_vector<double>() == Values{2.5, 1.5, 0.5, 0, 0.5, 1.5, 2.5, 4});
    CHECK(sign(x).to_vector<double>() == Values{-1, -1, -1, 0, 1, 1, 1, 1});
    CHECK(square(x).to_vector<double>() == Values{6.25, 2.25, 0.25, 0, 0.25, 2.25, 6.25, 16});
    CHECK(floor(x).to_vector<double>() == Values{-3, -2, -1, 0, 0, 1, 2, 4});
    CHECK(ceil(x).to_vector<double>() == Values{-2, -1, 0, 0, 1, 2, 3, 4});
    CHECK(round(x).to_vector<double>() == Values{-2, -2, 0, 0, 0, 2, 2, 4});
    CHECK(trunc(x).to_vector<double>() == Values{-2, -1, 0, 0, 0, 1, 2, 4});
    CHECK(frac(x).to_vector<double>() == Values{-0.5, -0.5, -0.5, 0, 0.5, 0.5, 0.5, 0});
    CHECK(logical_not(x).to_vector<double>() == Values{0, 0, 0, 1, 0, 0, 0, 0});
    CHECK(exp2(x).to_vector<double>()[7] == 16);
    CHECK(reciprocal(x).to_vector<double>()[7] == 0.25);
    CHECK(rsqrt(x).to_vector<double>()[7] == 0.5);
    CHECK(sqrt(x).to_vector<double>()[7] == 2);
    CHECK(log2(x).to_vector<double>()[7] == 2);
    CHECK(sigmoid(x).to_vector<double>()[3] == 0.5);
    CHECK(at(log10(tensor({1000}, {}, f64))) == 3);
    CHECK(bitwise_not(tensor({0, 5, -1}, {3}, i32)).to_vector<double>() == Values{-1, -6, 0});
    CHECK((~tensor({0, 1}, {2}, bool_)).to_vector<double>() == Values{1, 0});
    CHECK((!tensor({0, 3}, {2}, i64)).to_vector<double>() == Values{1, 0});
  }

  TEST_CASE("values and gradients equal PyTorch's, also at extremes") {
    const Oracle oracle("unary");
    for (const Row& row : rows) {
      const std::string name = row.name;
      if (!oracle.has(name + "/y")) continue;
      const Tensor x = oracle("x"), y = row.f(x);
      const Values actual = y.to_vector<double>(),
                   expected = oracle(name + "/y").to_vector<double>();
      for (size_t i = 0; i < actual.size(); ++i) {
        CHECK_MESSAGE(near(actual[i], expected[i], 1e-13),
                      fmt::format("{}({}) = {}, expected {}", name, x.to_vector<double>()[i],
                                  actual[i], expected[i]));
      }
      if (!oracle.has(name + "/dx")) continue;
      const Values dx = grad(y, x).to_vector<double>(),
                   dx_expected = oracle(name + "/dx").to_vector<double>();
      for (size_t i = 0; i < dx.size(); ++i) {
        CHECK_MESSAGE(near(dx[i], dx_expected[i], 1e-12),
                      fmt::format("{}'({}) = {}, expected {}", name, x.to_vector<double>()[i],
                                  dx[i], dx_expected[i]));
      }
    }
  }

  TEST_CASE("integers keep their type where that makes sense") {
    const Oracle oracle("unary");
    for (const std::string type : {"int64", "int32", "uint8"}) {
      for (const Row& row : rows) {
        const std::string key = type + "/" + row.name;
        if (!oracle.has(key)) continue;
        INFO(key);
        const Tensor expected = oracle(key), actual = row.f(oracle(type + "/x"));
        CHECK(actual.dtype() == expected.dtype());
        check_close(actual, expected, 1e-6);
      }
    }
    CHECK(exp(tensor({1, 0}, {2}, bool_)).dtype() == f32);
    CHECK(sign(tensor({1, 0}, {2}, bool_)).dtype() == bool_);
    CHECK(isnan(tensor({1, 0}, {2}, i32)).to_vector<double>() == Values{0, 0});
    CHECK(isfinite(tensor({1, 0}, {2}, i32)).to_vector<double>() == Values{1, 1});
  }

  TEST_CASE("sigmoid keeps its digits in both tails") {
    CHECK(at(sigmoid(tensor({-300}, {}, f64))) == doctest::Approx(std::exp(-300.0)).epsilon(1e-14));
    CHECK(at(sigmoid(tensor({300}, {}))) == 1);
    CHECK(at(sigmoid(tensor({-100}, {}))) == doctest::Approx(std::exp(-100.0)).epsilon(1e-3));
    CHECK(at(sigmoid(tensor({-300}, {}))) == 0);
  }

  TEST_CASE("cast saturates and keeps truth") {
    const double huge = 1e30, nan = std::numeric_limits<double>::quiet_NaN();
    const Tensor x = tensor({-2.9, 2.9, huge, -huge, nan, 0}, {6}, f64);
    CHECK(cast(x, i32).to_vector<double>() == Values{-2, 2, 2147483647.0, -2147483648.0, 0, 0});
    CHECK(cast(x, bool_).to_vector<double>() == Values{1, 1, 1, 1, 1, 0});
    CHECK(cast(x, f64).node() == x.node());
  }

  TEST_CASE("0-dimensional halves keep their dtype in gradients") {
    for (const Row& row : rows) {
      const Tensor x = tensor({0.5}, {}, bf16);
      if (std::string(row.name) == "bitwise_not") continue;
      const Tensor y = row.f(x);
      if (is_floating(y.dtype())) CHECK(grad(y, x).dtype() == bf16);
    }
  }

  TEST_CASE("misuse is an error that names the function") {
    CHECK_THROWS_WITH_AS(exp(Tensor()), doctest::Contains("exp: x is an undefined tensor"), Error);
    CHECK_THROWS_WITH_AS(neg(tensor({1}, {1}, bool_)),
                         doctest::Contains("neg: not defined for bool"), Error);
    CHECK_THROWS_WITH_AS(bitwise_not(tensor({1}, {1})),
                         doctest::Contains("bitwise_not: not defined for f32"), Error);
    CHECK_THROWS_AS(cast(Tensor(), f32), Error);
  }
}
