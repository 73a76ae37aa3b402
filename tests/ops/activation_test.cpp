#include "ops/activation.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "ops/binary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;
using Activation = std::function<Tensor(const Tensor&)>;

void activation_samples(SampleList& list, const std::string& what, const Activation& f) {
  const TensorFunction call = [f](const Tensors& x) { return f(x[0]); };
  // Multiples of 0.37 and their negatives stay away from kinks at 0, 0.5, 1, 2, 3 and 6.
  const Tensor x = tensor(
      {-7.03, -3.33, -2.59, -1.85, -0.74, -0.37, 0.37, 0.74, 1.48, 2.22, 3.33, 7.03}, {3, 4}, f64);
  list.push_back({what, call, {x}});
  list.push_back({what + " empty", call, {uniform({0, 2})}});
  list.push_back({what + " 0-d", call, {tensor({0.37}, {}, f64)}});
}

}  // namespace

#define ACTIVATION_SAMPLES(name, Function)                                      \
  SAMPLES(name) {                                                               \
    activation_samples(list, "plain", [](const Tensor& x) { return name(x); }); \
  }
TESSERA_ACTIVATION_OPS(ACTIVATION_SAMPLES)

SAMPLES(leaky_relu) {
  activation_samples(list, "default", [](const Tensor& x) { return leaky_relu(x); });
  activation_samples(list, "0.2", [](const Tensor& x) { return leaky_relu(x, 0.2); });
}
SAMPLES(prelu) {
  const auto call = [](const Tensors& x) { return prelu(x[0], x[1]); };
  list.push_back({"channels", call, {distinct({2, 3, 5}), uniform({3})}});
  list.push_back({"one weight", call, {distinct({2, 3}), uniform({1})}});
  list.push_back({"vector", call, {distinct({5}), uniform({})}});
  list.push_back({"empty", call, {uniform({0, 3}), uniform({3})}});
}
SAMPLES(elu) {
  activation_samples(list, "default", [](const Tensor& x) { return elu(x); });
  activation_samples(list, "0.7", [](const Tensor& x) { return elu(x, 0.7); });
}
SAMPLES(selu) {
  activation_samples(list, "plain", [](const Tensor& x) { return selu(x); });
}
SAMPLES(celu) {
  activation_samples(list, "default", [](const Tensor& x) { return celu(x); });
  activation_samples(list, "1.5", [](const Tensor& x) { return celu(x, 1.5); });
}
SAMPLES(hardtanh) {
  activation_samples(list, "default", [](const Tensor& x) { return hardtanh(x); });
  activation_samples(list, "-2 3", [](const Tensor& x) { return hardtanh(x, -2, 3); });
}
SAMPLES(softplus) {
  activation_samples(list, "default", [](const Tensor& x) { return softplus(x); });
  activation_samples(list, "beta", [](const Tensor& x) { return softplus(x, 2, 30); });
}
SAMPLES(softsign) {
  activation_samples(list, "plain", [](const Tensor& x) { return softsign(x); });
}
SAMPLES(threshold) {
  activation_samples(list, "plain", [](const Tensor& x) { return threshold(x, 1, -3); });
}
SAMPLES(hardshrink) {
  activation_samples(list, "plain", [](const Tensor& x) { return hardshrink(x); });
}
SAMPLES(softshrink) {
  activation_samples(list, "plain", [](const Tensor& x) { return softshrink(x); });
}
SAMPLES(tanhshrink) {
  activation_samples(list, "plain", [](const Tensor& x) { return tanhshrink(x); });
}
SAMPLES(glu) {
  list.push_back({"last", [](const Tensors& x) { return glu(x[0]); }, {uniform({2, 3, 4})}});
  list.push_back({"axis 0", [](const Tensors& x) { return glu(x[0], 0); }, {uniform({4, 3})}});
  list.push_back({"empty", [](const Tensors& x) { return glu(x[0]); }, {uniform({3, 0})}});
}

TEST_SUITE("ops/activation") {
  TEST_CASE("values worked out by hand") {
    const Tensor x = tensor({-4, -1, 0, 1, 7}, {5}, f64);
    const double e = std::exp(-1.0);
    CHECK(relu(x).to_vector<double>() == Values{0, 0, 0, 1, 7});
    CHECK(relu6(x).to_vector<double>() == Values{0, 0, 0, 1, 6});
    CHECK(relu(tensor({-2, 3}, {2}, i32)).dtype() == i32);
    CHECK(leaky_relu(x, 0.5).to_vector<double>() == Values{-2, -0.5, 0, 1, 7});
    CHECK(prelu(x, 2).to_vector<double>() == Values{-8, -2, 0, 1, 7});
    CHECK(hardtanh(x).to_vector<double>() == Values{-1, -1, 0, 1, 1});
    CHECK(hardsigmoid(x).to_vector<double>() == Values{0, 2.0 / 6, 0.5, 4.0 / 6, 1});
    CHECK(hardswish(x).to_vector<double>() == Values{0, -2.0 / 6, 0, 4.0 / 6, 7});
    CHECK(threshold(x, 0, 9).to_vector<double>() == Values{9, 9, 9, 1, 7});
    CHECK(hardshrink(x, 1).to_vector<double>() == Values{-4, 0, 0, 0, 7});
    CHECK(softshrink(x, 1).to_vector<double>() == Values{-3, 0, 0, 0, 6});
    CHECK(softsign(x).to_vector<double>() == Values{-0.8, -0.5, 0, 0.5, 0.875});
    CHECK(elu(x).to_vector<double>()[1] == doctest::Approx(e - 1));
    CHECK(celu(x, 2).to_vector<double>()[0] == doctest::Approx(2 * (std::exp(-2.0) - 1)));
    CHECK(selu(x).to_vector<double>()[3] == doctest::Approx(1.0507009873554805));
    CHECK(silu(x).to_vector<double>()[3] == doctest::Approx(1 / (1 + e)));
    CHECK(gelu(x).to_vector<double>()[3] == doctest::Approx(0.5 * (1 + std::erf(std::sqrt(0.5)))));
    CHECK(gelu_tanh(x).to_vector<double>()[3] ==
          doctest::Approx(0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * 1.044715))));
    CHECK(mish(x).to_vector<double>()[3] == doctest::Approx(std::tanh(std::log1p(std::exp(1.0)))));
    CHECK(logsigmoid(x).to_vector<double>()[2] == doctest::Approx(-std::log(2.0)));
    CHECK(softplus(x).to_vector<double>()[2] == doctest::Approx(std::log(2.0)));
    CHECK(tanhshrink(x).to_vector<double>()[3] == doctest::Approx(1 - std::tanh(1.0)));
    CHECK(glu(tensor({3, 5, 0, 0}, {4}, f64)).to_vector<double>() == Values{1.5, 2.5});
  }

  TEST_CASE("values and gradients equal PyTorch's, also at kinks and extremes") {
    const std::pair<const char*, Activation> cases[] = {
#define CASE(name, Function) {#name, [](const Tensor& x) { return name(x); }},
        TESSERA_ACTIVATION_OPS(CASE)
#undef CASE
            {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
        {"leaky_relu 0.2", [](const Tensor& x) { return leaky_relu(x, 0.2); }},
        {"elu", [](const Tensor& x) { return elu(x); }},
        {"elu 0.7", [](const Tensor& x) { return elu(x, 0.7); }},
        {"selu", [](const Tensor& x) { return selu(x); }},
        {"celu", [](const Tensor& x) { return celu(x); }},
        {"celu 1.5", [](const Tensor& x) { return celu(x, 1.5); }},
        {"hardtanh", [](const Tensor& x) { return hardtanh(x); }},
        {"hardtanh -2 3", [](const Tensor& x) { return hardtanh(x, -2, 3); }},
        {"softplus", [](const Tensor& x) { return softplus(x); }},
        {"softplus 2 5", [](const Tensor& x) { return softplus(x, 2, 5); }},
        {"softsign", [](const Tensor& x) { return softsign(x); }},
        {"threshold", [](const Tensor& x) { return threshold(x, 1, -3); }},
        {"hardshrink", [](const Tensor& x) { return hardshrink(x); }},
        {"softshrink", [](const Tensor& x) { return softshrink(x); }},
        {"softshrink 2", [](const Tensor& x) { return softshrink(x, 2); }},
        {"tanhshrink", [](const Tensor& x) { return tanhshrink(x); }},
    };
    const Oracle oracle("activation");
    const Tensor x = oracle("x");
    const Values at = x.to_vector<double>();
    const auto compare = [&](const std::string& what, const Tensor& actual) {
      const Values v = actual.to_vector<double>(), e = oracle(what).to_vector<double>();
      const double rtol = what == "hardsigmoid/dx" ? 1e-7 : 1e-12;  // torch has 1 / 6 in f32
      for (size_t i = 0; i < v.size(); ++i) {
        CHECK_MESSAGE(std::abs(v[i] - e[i]) <= rtol * std::abs(e[i]) + 1e-15,
                      fmt::format("{} at {}: {}, expected {}", what, at[i], v[i], e[i]));
      }
    };
    for (const auto& [name, f] : cases) {
      const Tensor y = f(x);
      compare(fmt::format("{}/y", name), y);
      compare(fmt::format("{}/dx", name), grad(y, x));
    }
    for (const char* name : {"prelu", "prelu one weight", "prelu vector"})
      oracle.check(name, [](const Tensors& x) { return prelu(x[0], x[1]); });
    oracle.check("glu", [](const Tensors& x) { return glu(x[0]); });
    oracle.check("glu axis 0", [](const Tensors& x) { return glu(x[0], 0); });
  }

  TEST_CASE("the tails keep their digits, and gradients of any order stay finite") {
    const Tensor x = tensor({-300, 300}, {2}, f64);
    CHECK(logsigmoid(x).to_vector<double>()[0] == -300);
    CHECK(logsigmoid(x).to_vector<double>()[1] == doctest::Approx(-std::exp(-300.0)));
    CHECK(softplus(x).to_vector<double>()[0] == doctest::Approx(std::exp(-300.0)));
    const Tensor tail = gelu(tensor({-20}, {}, f64));
    CHECK(tail.item() == doctest::Approx(-10 * std::erfc(20 / std::sqrt(2.0))).epsilon(1e-10));
    for (const Activation& f : {Activation([](const Tensor& x) { return softplus(x); }),
                                Activation([](const Tensor& x) { return elu(x); }),
                                Activation([](const Tensor& x) { return celu(x); }),
                                Activation([](const Tensor& x) { return mish(x); }),
                                Activation([](const Tensor& x) { return gelu(x); }),
                                Activation([](const Tensor& x) { return gelu_tanh(x); }),
                                Activation([](const Tensor& x) { return silu(x); }),
                                Activation([](const Tensor& x) { return logsigmoid(x); })}) {
      const Tensor extreme = tensor({-1e4, -300, 300, 1e4}, {4}, f64);
      Tensor y = f(extreme);
      for (int order = 0; order < 4; ++order) {
        for (const double v : y.to_vector<double>()) CHECK(std::isfinite(v));
        y = grad(y, extreme, {.allow_unused = true});
      }
    }
  }

  TEST_CASE("nan stays nan") {
    const Tensor x = tensor({std::numeric_limits<double>::quiet_NaN()}, {}, f64);
    for (const Tensor& y : {relu(x),       relu6(x),       silu(x),       gelu(x),
                            mish(x),       hardsigmoid(x), hardswish(x),  logsigmoid(x),
                            leaky_relu(x), elu(x),         selu(x),       celu(x),
                            hardtanh(x),   softplus(x),    softsign(x),   threshold(x, 0, 1),
                            hardshrink(x), softshrink(x),  tanhshrink(x), prelu(x, 0.1)}) {
      CHECK(std::isnan(y.item()));
    }
  }

  TEST_CASE("misuse is an error that names the function and the shapes") {
    CHECK_THROWS_WITH_AS(
        prelu(tensor({1, 2, 3, 4}, {2, 2}), tensor({1, 2, 3}, {3})),
        doctest::Contains("prelu: x [2, 2] has 2 channels, so weight must have 1 or "
                          "2 elements, got [3]"),
        Error);
    CHECK_THROWS_WITH_AS(glu(tensor({1, 2, 3}, {3})),
                         doctest::Contains("glu: axis -1 of [3] must have an even extent, got 3"),
                         Error);
    CHECK_THROWS_AS(glu(tensor({1}, {})), Error);
    CHECK_THROWS_AS(glu(tensor({1, 2}, {2}), 1), Error);
    CHECK_THROWS_AS(celu(tensor({1}, {}), 0), Error);
    CHECK_THROWS_AS(hardtanh(tensor({1}, {}), 2, 1), Error);
    CHECK_THROWS_AS(softshrink(tensor({1}, {}), -1), Error);
    CHECK_THROWS_AS(prelu(tensor({1}, {1}), Tensor()), Error);
    for (const auto f : {leaky_relu, elu, celu}) CHECK_THROWS_AS(f(Tensor(), 1), Error);
    CHECK_THROWS_AS(softplus(Tensor()), Error);
    CHECK_THROWS_AS(relu(Tensor()), Error);
  }
}
