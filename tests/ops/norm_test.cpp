#include "ops/norm.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

std::vector<double> values(const Tensor& x) {
  return x.to_vector<double>();
}

// Mean 0 and variance 1 of n elements, as far as f32 goes.
void check_standardized(const Tensor& y, double tolerance) {
  double sum = 0, squares = 0;
  for (const double v : values(y)) {
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<double>(y.numel());
  CHECK(std::abs(sum / n) < tolerance);
  CHECK(std::abs(squares / n - 1) < tolerance);
}

}  // namespace

// A normalised tensor does not change with the scale of x, so the gradient of its square is nearly
// 0 and shows only rounding errors. Times some weights it is an honest sample.
static Sample sample(std::string what, const TensorFunction& norm, Tensors inputs) {
  inputs.push_back(uniform(inputs[0].shape(), 0.5, 2, 9));
  return {std::move(what), [=](const Tensors& x) { return norm(x) * x.back(); }, inputs};
}

SAMPLES(batch_norm) {
  const Tensor mean = uniform({3}), var = uniform({3}, 0.5, 2), w = uniform({3}, -1, 1, 1),
               b = uniform({3}, -1, 1, 2);
  list.push_back({"affine",
                  [](const Tensors& x) { return batch_norm(x[0], x[1], x[2], x[3], x[4]); },
                  {uniform({2, 3, 2, 2}), mean, var, w, b}});
  list.push_back({"2 axes",
                  [](const Tensors& x) { return batch_norm(x[0], x[1], x[2]); },
                  {uniform({4, 3}), mean, var}});
  list.push_back({"no batch",
                  [](const Tensors& x) { return batch_norm(x[0], x[1], x[2]); },
                  {uniform({0, 3, 2}), mean, var}});
}
SAMPLES(batch_norm_train) {
  const auto plain = [](const Tensors& x) { return batch_norm_train(x[0], {}, {}).output; };
  list.push_back(sample(
      "affine", [](const Tensors& x) { return batch_norm_train(x[0], {}, {}, x[1], x[2]).output; },
      {uniform({2, 3, 2, 2}), uniform({3}, -1, 1, 1), uniform({3}, -1, 1, 2)}));
  list.push_back(sample("3 spatial axes", plain, {uniform({2, 2, 1, 3, 2})}));
  list.push_back(sample("2 axes", plain, {uniform({5, 3})}));
  list.push_back(
      {"running",
       [](const Tensors& x) {
         return batch_norm_train(x[0], x[1], x[1], {}, {}, {.momentum = 0.5}).running_var;
       },
       {uniform({2, 3, 4}), uniform({3}, 0.5, 1)},
       false});
}
SAMPLES(instance_norm) {
  list.push_back(sample("affine", [](const Tensors& x) { return instance_norm(x[0], x[1], x[2]); },
                        {uniform({2, 2, 5}), uniform({2}, -1, 1, 1), uniform({2}, -1, 1, 2)}));
  list.push_back(sample("no channel", [](const Tensors& x) { return instance_norm(x[0]); },
                        {uniform({2, 0, 5})}));
}
SAMPLES(group_norm) {
  list.push_back(sample("affine", [](const Tensors& x) { return group_norm(x[0], 2, x[1], x[2]); },
                        {uniform({2, 4, 3, 2}), uniform({4}, -1, 1, 1), uniform({4}, -1, 1, 2)}));
  list.push_back(
      sample("one group", [](const Tensors& x) { return group_norm(x[0], 1); }, {uniform({3, 4})}));
}
SAMPLES(layer_norm) {
  const auto rows = [](const Tensors& x) { return layer_norm(x[0], {7}); };
  list.push_back(
      sample("affine",
             [](const Tensors& x) {
               return layer_norm(x[0], {3, 2}, x[1], x[2]);
             },
             {uniform({3, 3, 2}), uniform({3, 2}, -1, 1, 1), uniform({3, 2}, -1, 1, 2)}));
  list.push_back(sample("rows", rows, {uniform({4, 7})}));
  list.push_back(sample("rows of many",
                        [](const Tensors& x) { return layer_norm(x[0], {40}, x[1], x[2]); },
                        {uniform({2, 40}), uniform({40}, -1, 1, 1), uniform({40}, -1, 1, 2)}));
  list.push_back(sample("one row", rows, {uniform({7})}));
  list.push_back(sample("no row", rows, {uniform({0, 7})}));
}
SAMPLES(rms_norm) {
  list.push_back(sample("weight",
                        [](const Tensors& x) {
                          return rms_norm(x[0], {3, 2}, x[1]);
                        },
                        {uniform({3, 3, 2}), uniform({3, 2}, -1, 1, 1)}));
  list.push_back(sample("rows",
                        [](const Tensors& x) { return rms_norm(x[0], {7}, {}, {.eps = 0.1}); },
                        {uniform({4, 7})}));
}

SAMPLES(local_response_norm) {
  for (const int64_t size : {3, 4}) {
    list.push_back({"size " + std::to_string(size),
                    [=](const Tensors& x) {
                      return local_response_norm(x[0], size, {.alpha = 0.5, .beta = 0.6, .k = 0.8});
                    },
                    {uniform({2, 5, 2})}});
  }
  list.push_back({"no pixel",
                  [](const Tensors& x) { return local_response_norm(x[0], 2); },
                  {uniform({2, 3, 0, 2})}});
}

SAMPLES(normalize) {
  list.push_back(
      sample("default", [](const Tensors& x) { return normalize(x[0]); }, {distinct({3, 4})}));
  list.push_back(sample("p = 1",
                        [](const Tensors& x) {
                          return normalize(x[0], {.p = 1, .axes = {-1, 0}});
                        },
                        {distinct({2, 3, 2})}));
  list.push_back(sample("p = inf",
                        [](const Tensors& x) { return normalize(x[0], {.p = HUGE_VAL}); },
                        {uniform({2, 4})}));
  list.push_back(
      sample("no row", [](const Tensors& x) { return normalize(x[0]); }, {uniform({0, 4})}));
}

TEST_SUITE("ops/norm") {
  TEST_CASE("values worked out by hand") {
    const NormOptions exact{.eps = 0};
    const Tensor x = tensor({1, 3, 2, 6}, {1, 2, 2});  // means 2 and 4, deviations 1 and 2
    const Tensor w = tensor({1, 10}, {2}), b = tensor({0, 5}, {2});
    CHECK(values(instance_norm(x, w, b, exact)) == std::vector<double>{-1, 1, -5, 15});
    CHECK(values(batch_norm(x, tensor({1, 2}, {2}), tensor({4, 16}, {2}), w, b, exact)) ==
          std::vector<double>{0, 1, 5, 15});
    CHECK(values(layer_norm(x, {2}, {}, {}, exact)) == std::vector<double>{-1, 1, -1, 1});
    CHECK(values(group_norm(tensor({1, 3, 1, 3}, {1, 4}), 1, {}, {}, exact)) ==
          std::vector<double>{-1, 1, -1, 1});
    CHECK(values(rms_norm(tensor({1, 7}, {1, 2}), {2}, tensor({5, 10}, {2}), {.eps = 0})) ==
          std::vector<double>{1, 14});
    const auto [y, mean, var] = batch_norm_train(x, tensor({0, 2}, {2}), tensor({1, 0}, {2}), w, b,
                                                 {.momentum = 0.5, .eps = 0});
    CHECK(values(y) == std::vector<double>{-1, 1, -5, 15});
    CHECK(values(mean) == std::vector<double>{1, 3});
    CHECK(values(var) == std::vector<double>{1.5, 4});  // unbiased ones are 2 and 8
    const Tensor biased =
        batch_norm_train(x, {}, tensor({1, 0}, {2}), {}, {}, {.momentum = 0.5, .unbiased = false})
            .running_var;
    CHECK(values(biased) == std::vector<double>{1, 2});
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("norm");
    const auto check = [&](const std::string& what, const TensorFunction& norm) {
      oracle.check(what, [&](const Tensors& x) { return norm(x) * x.back(); });
    };
    for (const std::string what : {"batch", "batch 2 axes"}) {
      const Tensor mean = oracle(what + "/mean"), var = oracle(what + "/var");
      check(what, [&](const Tensors& x) {
        return batch_norm(x[0], mean, var, x[1], x[2], {.eps = 1e-3});
      });
    }
    for (const auto& [what, momentum] : {std::pair("train", 0.1), std::pair("train 2 axes", 0.3)}) {
      check(what,
            [](const Tensors& x) { return batch_norm_train(x[0], {}, {}, x[1], x[2]).output; });
      const std::string key = what;
      const auto result = batch_norm_train(oracle(key + "/x0"), oracle(key + "/mean"),
                                           oracle(key + "/var"), {}, {}, {.momentum = momentum});
      check_close(result.running_mean, oracle(key + "/new mean"), 1e-12);
      check_close(result.running_var, oracle(key + "/new var"), 1e-12);
    }
    check("instance", [](const Tensors& x) { return instance_norm(x[0], {}, {}, {.eps = 1e-2}); });
    check("instance affine", [](const Tensors& x) { return instance_norm(x[0], x[1], x[2]); });
    check("group", [](const Tensors& x) { return group_norm(x[0], 2); });
    check("group affine",
          [](const Tensors& x) { return group_norm(x[0], 2, x[1], x[2], {.eps = 1e-3}); });
    check("group 2 axes", [](const Tensors& x) { return group_norm(x[0], 2, x[1], x[2]); });
    check("layer", [](const Tensors& x) { return layer_norm(x[0], {4}); });
    check("layer affine", [](const Tensors& x) {
      return layer_norm(x[0], {3, 4}, x[1], x[2], {.eps = 1e-3});
    });
    check("layer weight", [](const Tensors& x) { return layer_norm(x[0], {3, 4}, x[1]); });
    check("rms", [](const Tensors& x) { return rms_norm(x[0], {4}); });
    check("rms weight", [](const Tensors& x) {
      return rms_norm(x[0], {3, 4}, x[1], {.eps = 1e-3});
    });
  }

  TEST_CASE("local response norm") {
    // Sums of squares of two channels, the own and the one in front.
    CHECK(values(local_response_norm(tensor({2, 6, 8}, {1, 3, 1}), 2,
                                     {.alpha = 2, .beta = 1, .k = 0})) ==
          std::vector<double>{0.5, 0.15F, 0.08F});
    const Oracle oracle("norm");
    for (const int64_t size : {3, 4}) {
      oracle.check("lrn " + std::to_string(size), [&](const Tensors& x) {
        return local_response_norm(x[0], size, {.alpha = 0.5, .beta = 0.6, .k = 0.8});
      });
    }
    oracle.check("lrn default", [](const Tensors& x) { return local_response_norm(x[0], 9); });
    CHECK_THROWS_AS(local_response_norm(zeros({2, 3, 4}), 0), Error);
    CHECK_THROWS_AS(local_response_norm(zeros({2, 3}), 1), Error);
    CHECK_THROWS_AS(local_response_norm(zeros({2, 3, 4}, i64), 1), Error);
    CHECK_THROWS_AS(local_response_norm(zeros({2, 3, 4}), int64_t{1} << 40), Error);
  }

  TEST_CASE("normalize") {
    const Tensor x = tensor({3, -4, 0, 0}, {2, 2});
    CHECK(values(normalize(x)) == std::vector<double>{0.6F, -0.8F, 0, 0});
    CHECK(values(normalize(x, {.p = HUGE_VAL})) == std::vector<double>{0.75, -1, 0, 0});
    const Oracle oracle("norm");
    const auto check = [&](const std::string& what, const NormalizeOptions& o) {
      oracle.check(what, [&](const Tensors& v) { return normalize(v[0], o) * v[1]; });
    };
    check("normalize", {});
    check("normalize p", {.p = 3, .axes = {2}});
    check("normalize axes", {.axes = {0, 2}});
    check("normalize zeros", {.p = 2, .axes = {1}, .eps = 0.5});
    CHECK_THROWS_AS(normalize(x, {.axes = {2}}), Error);
    CHECK_THROWS_AS(normalize(x, {.axes = {}}), Error);
    CHECK_THROWS_AS(normalize(x, {.eps = -1}), Error);
    CHECK_THROWS_AS(normalize(zeros({2, 2}, i64)), Error);
    CHECK_THROWS_AS(normalize(Tensor()), Error);
  }

  TEST_CASE("a large offset costs no accuracy") {
    const Tensor noise = cast(uniform({4, 1, 64, 64}), f32);
    const Tensor x = (noise + 1e4).eval();
    check_standardized(batch_norm_train(x, {}, {}).output, 2e-3);
    check_standardized(instance_norm(slice(x, 0, {.stop = 1})), 2e-3);
    check_standardized(layer_norm(slice(x, 0, {.stop = 1}), {1, 64, 64}), 2e-3);
    const Tensor exact = batch_norm_train(cast(x, f64), {}, {}).output;
    check_close(batch_norm_train(x, {}, {}).output, exact, 1e-3);
    // A constant has variance 0, not a rounding error divided by eps.
    for (const double v : values(layer_norm(zeros({2, 1000}) + 1e4, {1000}))) CHECK(v == 0);
  }

  TEST_CASE("halves are computed in f32 with f32 parameters") {
    const Tensor x = cast(uniform({2, 3, 4}), bf16), w = cast(uniform({3}), f32);
    CHECK(batch_norm_train(x, {}, {}, w, w).output.dtype() == bf16);
    CHECK(group_norm(x, 3, w, w).dtype() == bf16);
    const auto result = batch_norm_train(x, w, w);
    CHECK(result.running_mean.dtype() == f32);
  }

  TEST_CASE("running statistics have no history") {
    const Tensor x = variable(uniform({2, 3, 4}));
    const auto result = batch_norm_train(x, uniform({3}), uniform({3}));
    CHECK_THROWS_AS(grad(sum(result.running_mean), x), Error);
    CHECK(!batch_norm_train(x, {}, {}).running_mean.defined());
  }

  TEST_CASE("says what does not fit") {
    const Tensor x = zeros({2, 3, 4, 4}), three = zeros({3}), four = zeros({4});
    CHECK_THROWS_WITH_AS(batch_norm(x, three, three, four),
                         doctest::Contains("batch_norm: weight must be floating [3] for x "
                                           "[2, 3, 4, 4], got f32 [4]"),
                         Error);
    CHECK_THROWS_WITH_AS(batch_norm_train(zeros({1, 3}), three, three),
                         doctest::Contains("batch_norm_train: each channel must have at least two "
                                           "elements, got x [1, 3]"),
                         Error);
    CHECK_THROWS_WITH_AS(
        group_norm(x, 2),
        doctest::Contains("group_norm: groups must divide the 3 channels of x [2, 3, 4, 4], got 2"),
        Error);
    CHECK_THROWS_WITH_AS(layer_norm(x, {3, 4}),
                         doctest::Contains("layer_norm: the last axes of x must have the extents "
                                           "[3, 4] of normalized_shape, got [2, 3, 4, 4]"),
                         Error);
    CHECK_THROWS_AS(batch_norm(x, {}, three), Error);
    CHECK_THROWS_AS(batch_norm(x, four, three), Error);
    CHECK_THROWS_AS(batch_norm(zeros({3}), three, three), Error);
    CHECK_THROWS_AS(batch_norm(Tensor(), three, three), Error);
    CHECK_THROWS_AS(batch_norm(zeros({2, 3}, i64), three, three), Error);
    CHECK_THROWS_AS(batch_norm(x, three, zeros({3}, i64)), Error);
    CHECK_THROWS_AS(batch_norm(x, three, three, {}, {}, {.eps = -1}), Error);
    CHECK_THROWS_AS(batch_norm_train(x, four, three), Error);
    CHECK_THROWS_AS(batch_norm_train(zeros({0, 3, 4}), three, three), Error);
    CHECK_THROWS_AS(instance_norm(zeros({2, 3, 1})), Error);
    CHECK_THROWS_AS(instance_norm(zeros({2, 3})), Error);
    CHECK_THROWS_AS(group_norm(x, 0), Error);
    CHECK_THROWS_AS(group_norm(x, -3), Error);
    CHECK_THROWS_AS(layer_norm(x, {}), Error);
    CHECK_THROWS_AS(layer_norm(x, {1, 2, 3, 4, 4}), Error);
    CHECK_THROWS_AS(layer_norm(x, {4}, three), Error);
    CHECK_THROWS_AS(rms_norm(x, {3}), Error);
    CHECK_THROWS_AS(rms_norm(x, {4}, {}, {.eps = -1}), Error);
  }
}
