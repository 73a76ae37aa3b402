#include "ops/binary.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/creation.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;
using BinaryFunction = Tensor (*)(const Operand&, const Operand&);

struct Row {
  const char* name;
  BinaryFunction f;
};
const Row rows[] = {
#define ROW(name, Function) {#name, name},
    TESSERA_BINARY_OPS(ROW)
#undef ROW
        {"pow", pow},
};

void binary_samples(SampleList& list, const std::string& name, BinaryFunction f) {
  const TensorFunction call = [f](const Tensors& x) { return f(x[0], x[1]); };
  if (name.starts_with("bitwise")) {
    list.push_back(
        {"integers", call, {integers({3, 1, 5}, -9, 9), integers({4, 1}, 0, 9, 1)}, false});
    return;
  }
  const bool gradient = is_floating(f(Operand(1.0), Operand(2.0)).dtype());
  // Divisors in [1.05, 2.05] and dividends whose quotients are far from whole numbers.
  const Tensor a = distinct({3, 1, 5}), b = distinct({4, 1}, 1) + 1.5;
  list.push_back({"broadcast", call, {a, b.eval()}, gradient});
  list.push_back(
      {"same", [f](const Tensors& x) { return f(x[0], x[0] * x[0] + 1.2); }, {a}, gradient});
  list.push_back({"number", [f](const Tensors& x) { return f(x[0], 1.7); }, {a}, gradient});
  list.push_back({"of a number", [f](const Tensors& x) { return f(1.7, x[0]); }, {b}, gradient});
  list.push_back({"0-d", call, {uniform({}, 1, 2), uniform({}, 3, 4)}, gradient});
  list.push_back({"empty", call, {uniform({2, 0}), uniform({2, 1})}, gradient});
}

bool near(double actual, double expected, double rtol) {
  if (std::isnan(expected)) return std::isnan(actual);
  return actual == expected || std::abs(actual - expected) <= rtol * std::abs(expected) + 1e-305;
}

}  // namespace

#define BINARY_SAMPLES(name, Function) \
  SAMPLES(name) {                      \
    binary_samples(list, #name, name); \
  }
TESSERA_BINARY_OPS(BINARY_SAMPLES)

SAMPLES(pow) {
  const auto call = [](const Tensors& x) { return pow(x[0], x[1]); };
  list.push_back({"broadcast", call, {uniform({3, 1, 2}, 0.5, 2), uniform({4, 1}, -2, 2)}});
  list.push_back({"empty", call, {uniform({0, 2}), uniform({2})}});
  for (const double power : {-1.0, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0}) {
    list.push_back({fmt::format("power {}", power),
                    [power](const Tensors& x) { return pow(x[0], power); },
                    {uniform({5}, 0.5, 2)}});
  }
  list.push_back({"negative base",
                  [](const Tensors& x) { return pow(x[0], 3); },
                  {tensor({-2, -1, 0, 1}, {4}, f64)}});
  list.push_back({"of a number", [](const Tensors& x) { return pow(2, x[0]); }, {uniform({5})}});
}

SAMPLES(where) {
  const Tensor condition = tensor({1, 0, 1}, {3}, bool_);
  const auto call = [](const Tensors& x) { return where(x[0], x[1], x[2]); };
  list.push_back({"broadcast", call, {condition, uniform({2, 1}), uniform({2, 3}, -1, 1, 1)}});
  list.push_back(
      {"wide condition", call, {tensor({1, 0}, {2, 1}, bool_), uniform({3}), uniform({})}});
  list.push_back(
      {"numbers",
       [](const Tensors& x) { return where(x[0] > 0, x[0], 0) + where(x[0] < 0.2, 1, x[0]); },
       {distinct({7})}});
}

SAMPLES(clamp) {
  const Tensor x = distinct({3, 5});
  list.push_back({"numbers", [](const Tensors& x) { return clamp(x[0], -0.5, 0.4); }, {x}});
  list.push_back({"min", [](const Tensors& x) { return clamp(x[0], 0.1); }, {x}});
  list.push_back({"max", [](const Tensors& x) { return clamp(x[0], std::nullopt, 0); }, {x}});
  list.push_back({"tensors",
                  [](const Tensors& x) { return clamp(x[0], x[1], x[2]); },
                  {x, uniform({5}, -0.32, -0.31), uniform({3, 1}, 0.21, 0.22)}});
}

SAMPLES(lerp) {
  list.push_back({"tensors",
                  [](const Tensors& x) { return lerp(x[0], x[1], x[2]); },
                  {uniform({3, 5}), uniform({5}, -1, 1, 1), uniform({3, 1}, 0, 1, 2)}});
  list.push_back({"number",
                  [](const Tensors& x) { return lerp(x[0], x[1], 0.3); },
                  {uniform({4}), uniform({4}, -1, 1, 1)}});
}

SAMPLES(addcmul) {
  list.push_back({"broadcast",
                  [](const Tensors& x) { return addcmul(x[0], x[1], x[2], 0.5); },
                  {uniform({3, 5}), uniform({5}, -1, 1, 1), uniform({3, 1}, 0, 1, 2)}});
}

SAMPLES(addcdiv) {
  list.push_back({"broadcast",
                  [](const Tensors& x) { return addcdiv(x[0], x[1], x[2], 0.5); },
                  {uniform({3, 5}), uniform({5}, -1, 1, 1), uniform({3, 1}, 1, 2, 2)}});
}

SAMPLES(converted) {
  list.push_back(
      {"to f64", [](const Tensors& x) { return converted(x[0], f64); }, {uniform({3, 5})}});
}

SAMPLES(unbroadcast) {
  list.push_back({"two axes",
                  [](const Tensors& x) {
                    return unbroadcast(x[0], {3, 1});
                  },
                  {uniform({2, 3, 4})}});
}

TEST_SUITE("ops/binary") {
  TEST_CASE("values worked out by hand") {
    const Tensor a = tensor({7, -7, 7, -7}, {4}, i64), b = tensor({2, 2, -2, -2}, {4}, i64);
    CHECK((a + b).to_vector<double>() == Values{9, -5, 5, -9});
    CHECK((a - b).to_vector<double>() == Values{5, -9, 9, -5});
    CHECK((a * b).to_vector<double>() == Values{14, -14, -14, 14});
    CHECK((a / b).to_vector<double>() == Values{3.5, -3.5, -3.5, 3.5});
    CHECK((a / b).dtype() == f32);
    CHECK(floor_divide(a, b).to_vector<double>() == Values{3, -4, -4, 3});
    CHECK(trunc_divide(a, b).to_vector<double>() == Values{3, -3, -3, 3});
    CHECK((a % b).to_vector<double>() == Values{1, 1, -1, -1});
    CHECK(fmod(a, b).to_vector<double>() == Values{1, -1, 1, -1});
    CHECK(pow(a, 2).to_vector<double>() == Values{49, 49, 49, 49});
    CHECK(maximum(a, b).to_vector<double>() == Values{7, 2, 7, -2});
    CHECK(minimum(a, b).to_vector<double>() == Values{2, -7, -2, -7});
    CHECK((a == 7).to_vector<double>() == Values{1, 0, 1, 0});
    CHECK((a != 7).to_vector<double>() == Values{0, 1, 0, 1});
    CHECK((a < b).to_vector<double>() == Values{0, 1, 0, 1});
    CHECK((a >= b).to_vector<double>() == Values{1, 0, 1, 0});
    CHECK((1 > b).to_vector<double>() == Values{0, 0, 1, 1});
    CHECK((b <= -2).to_vector<double>() == Values{0, 0, 1, 1});
    CHECK(((a > 0) & (b > 0)).to_vector<double>() == Values{1, 0, 0, 0});
    CHECK(((a > 0) | (b > 0)).to_vector<double>() == Values{1, 1, 1, 0});
    CHECK(((a > 0) ^ (b > 0)).to_vector<double>() == Values{0, 1, 1, 0});
    CHECK(logical_and(a, b - 2).to_vector<double>() == Values{0, 0, 1, 1});
    CHECK(logical_or(a - 7, b - 2).to_vector<double>() == Values{0, 1, 1, 1});
    CHECK(logical_xor(a - 7, b - 2).to_vector<double>() == Values{0, 1, 1, 0});
    CHECK((a & 3).to_vector<double>() == Values{3, 1, 3, 1});
    CHECK(bitwise_left_shift(a, 2).to_vector<double>() == Values{28, -28, 28, -28});
    CHECK(bitwise_right_shift(a, 1).to_vector<double>() == Values{3, -4, 3, -4});
    CHECK(atan2(tensor({1}, {}, f64), 0).item() == doctest::Approx(std::acos(0.0)));
    CHECK(hypot(tensor({3e200}, {}, f64), 4e200).item() == doctest::Approx(5e200));
    CHECK(where(a > 0, a, b).to_vector<double>() == Values{7, 2, 7, -2});
    CHECK(clamp(a, -3, 5).to_vector<double>() == Values{5, -3, 5, -3});
    CHECK(lerp(tensor({1, 2}, {2}), 5, 0.25).to_vector<double>() == Values{2, 2.75});
    CHECK(addcmul(a, b, b, 2).to_vector<double>() == Values{15, 1, 15, 1});
    CHECK(addcdiv(tensor({1}, {1}), 3, 2).to_vector<double>() == Values{2.5});
  }

  TEST_CASE("where chooses element by element, in lines of any length and of every dtype") {
    for (const DType dtype : {f32, f64, i32, i64, u8, bool_}) {
      for (const int64_t n : {1, 17, 131}) {
        const Tensor a = cast(integers({n}, 0, 99), dtype),
                     b = cast(integers({n}, 0, 99, 1), dtype);
        const Tensor condition = (uniform({n}) > 0).eval();
        const Values c = condition.to_vector<double>();
        const auto check = [&](const Tensor& x, const Tensor& y) {
          const Values chosen = where(condition, x, y).to_vector<double>();
          const Values vx = (x + zeros({n}, dtype)).to_vector<double>();
          const Values vy = (y + zeros({n}, dtype)).to_vector<double>();
          for (size_t i = 0; i < c.size(); ++i) CHECK(chosen[i] == (c[i] != 0 ? vx[i] : vy[i]));
        };
        const Tensor one = cast(tensor({1}, {}), dtype), zero = cast(tensor({0}, {}), dtype);
        check(a, b);
        check(one, b);
        check(a, zero);
        check(one, zero);
      }
    }
  }

  TEST_CASE("values and gradients equal PyTorch's, also at extremes") {
    const Oracle oracle("binary");
    const Tensor a = oracle("a"), b = oracle("b");
    const Values va = a.to_vector<double>(), vb = b.to_vector<double>();
    for (const Row& row : rows) {
      const std::string name = row.name;
      if (!oracle.has(name + "/y")) continue;
      const Tensor y = row.f(a, b);
      const auto compare = [&](const std::string& what, const Tensor& actual) {
        const Values v = actual.to_vector<double>(), e = oracle(what).to_vector<double>();
        for (size_t i = 0; i < v.size(); ++i) {
          CHECK_MESSAGE(near(v[i], e[i], 1e-13), fmt::format("{} of {} and {}: {}, expected {}",
                                                             what, va[i], vb[i], v[i], e[i]));
        }
      };
      compare(name + "/y", y);
      if (oracle.has(name + "/dx0")) compare(name + "/dx0", grad(y, a));
      if (oracle.has(name + "/dx1")) compare(name + "/dx1", grad(y, b));
    }
  }

  TEST_CASE("integers equal PyTorch's") {
    const Oracle oracle("binary");
    for (const std::string type : {"int64", "uint8"}) {
      for (const Row& row : rows) {
        const std::string name = row.name, key = fmt::format("{}/{}", type, name);
        if (!oracle.has(key)) continue;
        INFO(key);
        const bool divides = name == "floor_divide" || name == "trunc_divide" || name == "fmod" ||
                             name == "remainder";
        const char* second = divides ? "/divisor" : name == "pow" ? "/exponent" : "/b";
        const Tensor actual = row.f(oracle(type + "/a"), oracle(type + second));
        const Tensor expected = oracle(key);
        CHECK(actual.dtype() == expected.dtype());
        CHECK(actual.to_vector<int64_t>() == expected.to_vector<int64_t>());
      }
    }
  }

  TEST_CASE("promotion is PyTorch's for arrays, 0-dimensional tensors and numbers") {
    const DType types[] = {f32, f64, bf16, f16, i32, i64, u8, bool_};
    std::vector<Operand> operands;
    for (const DType type : types) operands.emplace_back(tensor({1, 1}, {2}, type));
    for (const DType type : types) operands.emplace_back(tensor({1}, {}, type));
    operands.emplace_back(1.5);
    operands.emplace_back(1);
    operands.emplace_back(true);
    const std::vector<int64_t> expected = Oracle("binary")("promotion").to_vector<int64_t>();
    REQUIRE(expected.size() == operands.size() * operands.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] < 0) continue;
      const Operand &a = operands[i / operands.size()], &b = operands[i % operands.size()];
      CHECK_MESSAGE(
          promoted_type({&a, &b}) == types[expected[i]],
          fmt::format("{} {}{} with {} {}{}", a.dtype(), a.shape(), a.is_number ? " number" : "",
                      b.dtype(), b.shape(), b.is_number ? " number" : ""));
      CHECK(where(tensor({1}, {1}, bool_), a, b).dtype() == types[expected[i]]);
    }
  }

  TEST_CASE("clamp, lerp and the like equal PyTorch's") {
    const Oracle oracle("binary");
    const auto both = [](const Tensors& x) { return clamp(x[0], x[1], x[2]); };
    oracle.check("clamp both", both);
    oracle.check("clamp crossed", both);
    oracle.check("clamp numbers", [](const Tensors& x) { return clamp(x[0], -0.5, 0.7); });
    oracle.check("clamp min", [](const Tensors& x) { return clamp(x[0], 0.1); });
    oracle.check("clamp max", [](const Tensors& x) { return clamp(x[0], std::nullopt, 0.1); });
    oracle.check("clamp ties", [](const Tensors& x) { return clamp(x[0], -1, 2); });
    oracle.check("clamp tied tensors", both);
    oracle.check("lerp", [](const Tensors& x) { return lerp(x[0], x[1], x[2]); });
    oracle.check("lerp number", [](const Tensors& x) { return lerp(x[0], x[1], 0.75); });
    oracle.check("addcmul", [](const Tensors& x) { return addcmul(x[0], x[1], x[2], 0.5); });
    oracle.check("addcdiv", [](const Tensors& x) { return addcdiv(x[0], x[1], x[2], 2); });
    oracle.check("where", [](const Tensors& x) { return where(x[0] > 0, x[0] * x[1], x[1]); });
  }

  TEST_CASE("integer division by zero gives 0, and the smallest number by -1 wraps around") {
    const int32_t low32 = std::numeric_limits<int32_t>::min();
    const int64_t low64 = std::numeric_limits<int64_t>::min();
    const int32_t a32[] = {5, -5, 0, low32, low32}, b32[] = {0, 0, 0, 0, -1};
    const int64_t a64[] = {5, -5, 0, low64, low64}, b64[] = {0, 0, 0, 0, -1};
    const Tensor pairs[][2] = {{tensor<int32_t>(a32, {5}), tensor<int32_t>(b32, {5})},
                               {tensor<int64_t>(a64, {5}), tensor<int64_t>(b64, {5})}};
    for (const auto& [a, b] : pairs) {
      const double low = a.to_vector<double>()[4];
      CHECK(floor_divide(a, b).to_vector<double>() == Values{0, 0, 0, 0, low});
      CHECK(trunc_divide(a, b).to_vector<double>() == Values{0, 0, 0, 0, low});
      CHECK(remainder(a, b).to_vector<double>() == Values{0, 0, 0, 0, 0});
      CHECK(fmod(a, b).to_vector<double>() == Values{0, 0, 0, 0, 0});
    }
  }

  TEST_CASE("nan passes through maximum, minimum and clamp") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Tensor x = tensor({nan, 1, nan}, {3}, f64), y = tensor({1, nan, nan}, {3}, f64);
    for (const Tensor& z : {maximum(x, y), minimum(x, y), clamp(x, y), clamp(x, std::nullopt, y)}) {
      CHECK(isnan(z).to_vector<double>() == Values{1, 1, 1});
    }
    CHECK(isnan(clamp(tensor({1}, {1}), nan)).to_vector<double>() == Values{1});
  }

  TEST_CASE(
      "a 0-dimensional tensor takes the dtype of an array, and numbers keep their precision") {
    const Tensor x = tensor({1, 2}, {2}, f64);
    CHECK((x * 0.1).to_vector<double>()[0] == 0.1);
    CHECK((tensor({1}, {1}, i64) + 0.5).dtype() == f32);
    const int64_t large = (int64_t{1} << 62) + 1;
    CHECK((tensor({1}, {1}, i64) * large).to_vector<int64_t>()[0] == large);
  }

  TEST_CASE("misuse is an error that names the function and the shapes") {
    CHECK_THROWS_WITH_AS(tensor({1, 2}, {2}) + tensor({1, 2, 3}, {3}), doctest::Contains("add: "),
                         Error);
    CHECK_THROWS_WITH_AS(add(Tensor(), 1), doctest::Contains("add: a is an undefined tensor"),
                         Error);
    CHECK_THROWS_WITH_AS(mul(1, Tensor()), doctest::Contains("mul: b is an undefined tensor"),
                         Error);
    CHECK_THROWS_WITH_AS(pow(tensor({2}, {1}, i64), -1),
                         doctest::Contains("pow: integers have no negative powers, got i64 to the "
                                           "power -1; cast to f32"),
                         Error);
    CHECK_THROWS_AS(tensor({1}, {1}, bool_) - tensor({1}, {1}, bool_), Error);
    CHECK_THROWS_AS(bitwise_and(tensor({1}, {1}), 1), Error);
    CHECK_THROWS_AS(bitwise_left_shift(tensor({1}, {1}, bool_), true), Error);
    CHECK_THROWS_AS(where(tensor({1}, {1}), 1, 2), Error);
    CHECK_THROWS_AS(where(Tensor(), 1, 2), Error);
    CHECK_THROWS_WITH_AS(clamp(tensor({1}, {1}), std::nullopt),
                         doctest::Contains("clamp: give min, max or both"), Error);
    CHECK_THROWS_AS(clamp(tensor({1}, {1}), Tensor()), Error);
  }
}
