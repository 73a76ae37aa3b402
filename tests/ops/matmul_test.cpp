#include "ops/matmul.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

static void add_matmul(SampleList& list, const char* what, const Shape& a, const Shape& b,
                       const MatmulOptions& options = {}) {
  list.push_back({what,
                  [=](const Tensors& x) { return matmul(x[0], x[1], options); },
                  {uniform(a), uniform(b, -1, 1, 1)}});
}

SAMPLES(matmul) {
  add_matmul(list, "matrices", {2, 3}, {3, 4});
  add_matmul(list, "first transposed", {3, 2}, {3, 4}, {.transpose_a = true});
  add_matmul(list, "second transposed", {2, 3}, {4, 3}, {.transpose_b = true});
  add_matmul(list, "both transposed", {3, 2}, {4, 3}, {.transpose_a = true, .transpose_b = true});
  add_matmul(list, "batch", {2, 2, 3}, {2, 3, 2});
  add_matmul(list, "batch and one matrix", {2, 2, 3}, {3, 2});
  add_matmul(list, "one matrix and batch", {2, 3}, {2, 3, 2});
  add_matmul(list, "batches that broadcast", {2, 1, 1, 3}, {3, 3, 2});
  add_matmul(list, "transposed batches that broadcast", {2, 1, 3, 2}, {3, 2, 3},
             {.transpose_a = true, .transpose_b = true});
  add_matmul(list, "vectors", {3}, {3});
  add_matmul(list, "vector and matrices", {3}, {2, 3, 2});
  add_matmul(list, "matrices and vector", {2, 2, 3}, {3});
  add_matmul(list, "empty inner axis", {2, 0}, {0, 3});
  add_matmul(list, "no rows", {0, 2}, {2, 3});
  add_matmul(list, "empty batch", {0, 2, 3}, {3, 2});
}
SAMPLES(mm) {
  list.push_back({"odd sizes",
                  [](const Tensors& x) { return mm(x[0], x[1]); },
                  {uniform({3, 1}), uniform({1, 5}, -1, 1, 1)}});
}
SAMPLES(bmm) {
  list.push_back({"batch",
                  [](const Tensors& x) { return bmm(x[0], x[1]); },
                  {uniform({2, 1, 3}), uniform({2, 3, 2}, -1, 1, 1)}});
}
SAMPLES(mv) {
  list.push_back({"",
                  [](const Tensors& x) { return mv(x[0], x[1]); },
                  {uniform({3, 4}), uniform({4}, -1, 1, 1)}});
}
SAMPLES(dot) {
  list.push_back({"",
                  [](const Tensors& x) { return dot(x[0], x[1]); },
                  {uniform({5}, 0.5, 1), uniform({5}, 0.5, 1, 1)}});
  list.push_back(
      {"empty", [](const Tensors& x) { return dot(x[0], x[1]); }, {uniform({0}), uniform({0})}});
}
SAMPLES(outer) {
  list.push_back({"",
                  [](const Tensors& x) { return outer(x[0], x[1]); },
                  {uniform({3}), uniform({2}, -1, 1, 1)}});
}
SAMPLES(linear) {
  list.push_back({"bias and batch",
                  [](const Tensors& x) { return linear(x[0], x[1], x[2]); },
                  {uniform({2, 2, 3}), uniform({4, 3}, -1, 1, 1), uniform({4}, -1, 1, 2)}});
  list.push_back({"no bias",
                  [](const Tensors& x) { return linear(x[0], x[1]); },
                  {uniform({3}), uniform({2, 3}, -1, 1, 1)}});
  list.push_back({"one output",
                  [](const Tensors& x) { return linear(x[0], x[1], x[2]); },
                  {uniform({4, 3}), uniform({3}, -1, 1, 1), uniform({}, -1, 1, 2)}});
}
SAMPLES(addmm) {
  list.push_back(
      {"scaled",
       [](const Tensors& x) { return addmm(x[0], x[1], x[2], {.beta = 0.5, .alpha = -2}); },
       {uniform({3}), uniform({2, 4}, -1, 1, 1), uniform({4, 3}, -1, 1, 2)}});
  list.push_back({"without input",
                  [](const Tensors& x) { return addmm(x[0], x[1], x[2], {.beta = 0}); },
                  {uniform({2, 1}), uniform({2, 1}, -1, 1, 1), uniform({1, 3}, -1, 1, 2)}});
}

TEST_SUITE("ops/matmul") {
  TEST_CASE("values worked out by hand") {
    const Tensor a = tensor({1, 2, 3, 4}, {2, 2}), b = tensor({5, 6, 7, 8}, {2, 2});
    check_close(matmul(a, b), tensor({19, 22, 43, 50}, {2, 2}), 0);
    check_close(matmul(a, b, {.transpose_a = true}), tensor({26, 30, 38, 44}, {2, 2}), 0);
    check_close(matmul(a, b, {.transpose_b = true}), tensor({17, 23, 39, 53}, {2, 2}), 0);
    check_close(mm(a, b), matmul(a, b), 0);
    const Tensor u = tensor({1, 2}, {2}), v = tensor({3, 5}, {2});
    check_close(dot(u, v), tensor({13}, {}), 0);
    check_close(mv(a, v), tensor({13, 29}, {2}), 0);
    check_close(matmul(u, a), tensor({7, 10}, {2}), 0);
    check_close(outer(u, v), tensor({3, 5, 6, 10}, {2, 2}), 0);
    check_close(linear(u, a, v), tensor({8, 16}, {2}), 0);
    check_close(addmm(u, a, b, {.beta = 2, .alpha = 10}), tensor({192, 224, 432, 504}, {2, 2}), 0);
    const Tensor stack = tensor({1, 2, 3, 4}, {2, 1, 2});
    check_close(bmm(stack, tensor({1, 1, 2, 2}, {2, 2, 1})), tensor({3, 14}, {2, 1, 1}), 0);
  }

  TEST_CASE("integers are multiplied exactly and wrap around") {
    const Tensor large = tensor({9007199254740992.0, 1}, {1, 2}, i64);
    CHECK(matmul(large, tensor({1, 1}, {2, 1}, i64)).data<int64_t>()[0] == 9007199254740993);
    CHECK(matmul(tensor({20}, {1, 1}, u8), tensor({20}, {1, 1}, u8)).item() == 400 - 256);
    CHECK(dot(tensor({2, 3}, {2}, i32), tensor({4, 5}, {2}, i32)).dtype() == i32);
    check_close(addmm(1, tensor({2}, {1, 1}, i32), tensor({3}, {1, 1}, i32), {.alpha = 2}),
                tensor({13}, {1, 1}, i32), 0);
  }

  TEST_CASE("an empty inner axis gives zeros") {
    check_close(matmul(tensor({}, {2, 0}), tensor({}, {0, 1})), tensor({0, 0}, {2, 1}), 0);
  }

  TEST_CASE("inf and nan stay in their row and column") {
    const Tensor a = tensor({HUGE_VAL, 1, 1, 1}, {2, 2});
    check_close(matmul(a, tensor({1, 2, 3, 4}, {2, 2})), tensor({HUGE_VAL, HUGE_VAL, 4, 6}, {2, 2}),
                0);
    CHECK(std::isnan(matmul(a, tensor({0, 0}, {2})).to_vector<double>()[0]));
  }

  TEST_CASE("with beta = 0 the input of addmm is not read") {
    const Tensor a = tensor({2}, {1, 1});
    CHECK(addmm(tensor({NAN}, {1}), a, a, {.beta = 0}).item() == 4);
  }

  TEST_CASE("values and gradients agree with PyTorch") {
    const Oracle oracle("matmul");
    for (const char* what : {"mm", "batch", "broadcast", "folded", "vector", "column", "large"})
      oracle.check(what, [](const Tensors& x) { return matmul(x[0], x[1]); });
    oracle.check("linear", [](const Tensors& x) { return linear(x[0], x[1], x[2]); });
    oracle.check("addmm", [](const Tensors& x) {
      return addmm(x[0], x[1], x[2], {.beta = 0.5, .alpha = 3});
    });
  }

  TEST_CASE("the number of threads does not change the bits of a large product") {
    const Tensor a = cast(uniform({3, 210, 300}), f32), b = cast(uniform({300, 270}), f32);
    const int before = num_threads();
    set_num_threads(1);
    const Tensor expected = matmul(a, b).eval();
    for (const int threads : {2, 3}) {
      set_num_threads(threads);
      check_close(matmul(a, b), expected, 0);
    }
    set_num_threads(before);
    check_close(expected, matmul(cast(a, f64), cast(b, f64)), 1e-6);
  }

  TEST_CASE("what does not fit is an error") {
    const Tensor a = uniform({2, 3}), b = uniform({4, 5});
    CHECK_THROWS_WITH_AS(
        matmul(a, b),
        doctest::Contains("matmul: the inner extents must be equal, got 3 and 4 for shapes [2, 3] "
                          "and [4, 5]"),
        Error);
    CHECK_THROWS_WITH_AS(linear(a, b), doctest::Contains("must have the 5 features"), Error);
    CHECK_THROWS_AS(matmul(a, cast(uniform({3, 2}), f32)), Error);
    CHECK_THROWS_AS(matmul(2.0, a), Error);
    CHECK_THROWS_AS(matmul(a, Tensor()), Error);
    CHECK_THROWS_AS(matmul(Tensor(), a), Error);
    CHECK_THROWS_AS(matmul(a, uniform({3}), {.transpose_b = true}), Error);
    CHECK_THROWS_AS(matmul(uniform({2, 2, 3}), uniform({3, 3, 2})), Error);
    CHECK_THROWS_AS(matmul(tensor({1}, {1, 1}, bool_), tensor({1}, {1, 1}, bool_)), Error);
    CHECK_THROWS_AS(mm(uniform({3}), a), Error);
    CHECK_THROWS_AS(bmm(uniform({2, 1, 1}), uniform({1, 1, 1})), Error);
    CHECK_THROWS_AS(mv(a, uniform({2})), Error);
    CHECK_THROWS_AS(dot(uniform({2}), uniform({3})), Error);
    CHECK_THROWS_AS(outer(a, a), Error);
    CHECK_THROWS_AS(linear(a, uniform({2, 3}), uniform({3})), Error);
    CHECK_THROWS_AS(linear(uniform({}), uniform({2, 3})), Error);
    CHECK_THROWS_AS(addmm(uniform({5}), a, uniform({3, 4})), Error);
    CHECK_THROWS_AS(addmm(1, tensor({1}, {1, 1}, i32), tensor({1}, {1, 1}, i32), {.beta = 0.5}),
                    Error);
  }
}
