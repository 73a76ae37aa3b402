#include "ops/adaptive_pool.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

TensorFunction call(Tensor (*pool)(const Operand&, const PerAxis&), const PerAxis& output_size) {
  return [=](const Tensors& x) { return pool(x[0], output_size); };
}
TensorFunction indices(MaxPoolResult (*pool)(const Operand&, const PerAxis&),
                       const PerAxis& output_size) {
  return [=](const Tensors& x) { return pool(x[0], output_size).indices; };
}

std::vector<double> values(const Tensor& x) {
  return x.to_vector<double>();
}

}  // namespace

SAMPLES(adaptive_avg_pool1d) {
  list.push_back({"overlap", call(adaptive_avg_pool1d, 3), {uniform({2, 7})}});
  list.push_back({"finer", call(adaptive_avg_pool1d, 5), {uniform({2, 3})}});
  list.push_back({"no batch", call(adaptive_avg_pool1d, 5), {uniform({0, 2, 3})}});
  list.push_back({"no output", call(adaptive_avg_pool1d, 0), {uniform({1, 2, 3})}});
}
SAMPLES(adaptive_avg_pool2d) {
  list.push_back({"1x1", call(adaptive_avg_pool2d, 1), {uniform({2, 2, 3, 4})}});
  list.push_back({"keep", call(adaptive_avg_pool2d, {-1, 2}), {uniform({2, 3, 5})}});
}
SAMPLES(adaptive_avg_pool3d) {
  list.push_back({"mixed", call(adaptive_avg_pool3d, {1, 2, 3}), {uniform({2, 2, 3, 4})}});
}
SAMPLES(adaptive_max_pool1d) {
  list.push_back({"overlap", call(adaptive_max_pool1d, 3), {distinct({2, 7})}});
  list.push_back({"finer", call(adaptive_max_pool1d, 5), {distinct({2, 3})}});
  list.push_back({"no output", call(adaptive_max_pool1d, 0), {distinct({1, 2, 3})}});
}
SAMPLES(adaptive_max_pool2d) {
  list.push_back({"3x2", call(adaptive_max_pool2d, {3, 2}), {distinct({2, 2, 4, 3})}});
}
SAMPLES(adaptive_max_pool3d) {
  list.push_back({"mixed", call(adaptive_max_pool3d, {1, 2, -1}), {distinct({2, 2, 3, 4})}});
}
SAMPLES(adaptive_max_pool1d_with_indices) {
  list.push_back(
      {"overlap", indices(adaptive_max_pool1d_with_indices, 3), {distinct({2, 7})}, false});
}
SAMPLES(adaptive_max_pool2d_with_indices) {
  list.push_back(
      {"3x2", indices(adaptive_max_pool2d_with_indices, {3, 2}), {distinct({2, 4, 3})}, false});
}
SAMPLES(adaptive_max_pool3d_with_indices) {
  list.push_back(
      {"mixed", indices(adaptive_max_pool3d_with_indices, 2), {distinct({2, 2, 3, 4})}, false});
}
SAMPLES(global_avg_pool) {
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{2, 1, 2, 3, 2}, Shape{0, 2, 3, 3}}) {
    list.push_back(
        {shape.str(), [](const Tensors& x) { return global_avg_pool(x[0]); }, {uniform(shape)}});
  }
}
SAMPLES(global_max_pool) {
  for (const Shape& shape : {Shape{2, 3, 5}, Shape{2, 1, 2, 3, 2}, Shape{0, 2, 3, 3}}) {
    list.push_back(
        {shape.str(), [](const Tensors& x) { return global_max_pool(x[0]); }, {distinct(shape)}});
  }
}

SAMPLES(global_lp_pool) {
  for (const double p : {1.0, 2.0, 3.0}) {
    list.push_back({"p = " + std::to_string(p),
                    [=](const Tensors& x) { return global_lp_pool(x[0], p); },
                    {distinct({2, 2, 3, 2})}});
  }
  list.push_back(
      {"no batch", [](const Tensors& x) { return global_lp_pool(x[0]); }, {uniform({0, 2, 3})}});
}

TEST_SUITE("ops/adaptive_pool") {
  TEST_CASE("values worked out by hand") {
    const Tensor x = tensor({1, 5, 2, 4, 6}, {1, 1, 5});
    CHECK(values(adaptive_avg_pool1d(x, 2)) == std::vector<double>{8.0F / 3, 4});
    CHECK(values(adaptive_max_pool1d(x, 2)) == std::vector<double>{5, 6});
    CHECK(values(adaptive_max_pool1d_with_indices(x, 2).indices) == std::vector<double>{1, 4});
    CHECK(values(adaptive_max_pool1d(x, -1)) == values(x));
    CHECK(global_avg_pool(x).item() == doctest::Approx(3.6));
    CHECK(global_max_pool(x).item() == 6);
    CHECK(global_lp_pool(tensor({3, -4}, {1, 1, 2})).item() == 5);
    CHECK(global_lp_pool(tensor({3, -4}, {1, 1, 2}), 1).item() == 7);
    CHECK(global_max_pool(reshape(x, {1, 1, 1, 1, 5})).shape() == Shape{1, 1, 1, 1, 1});
    CHECK(adaptive_max_pool1d(cast(x, i32), 1).item() == 6);
    CHECK(adaptive_avg_pool1d(x, 0).shape() == Shape{1, 1, 0});
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("adaptive_pool");
    oracle.check("avg 1d", call(adaptive_avg_pool1d, 3));
    oracle.check("avg 2d", call(adaptive_avg_pool2d, {3, 2}));
    oracle.check("avg 2d finer", call(adaptive_avg_pool2d, {5, 1}));
    oracle.check("avg 2d keep", call(adaptive_avg_pool2d, {-1, 2}));
    oracle.check("avg 3d", call(adaptive_avg_pool3d, {2, 3, 2}));
    oracle.check("max 1d", call(adaptive_max_pool1d, 3));
    oracle.check("max 2d", call(adaptive_max_pool2d, {3, 2}));
    oracle.check("max 2d ties", call(adaptive_max_pool2d, 2));
    oracle.check("max 3d", call(adaptive_max_pool3d, {2, 3, 2}));
    const auto check_indices = [&](const std::string& what, const TensorFunction& f) {
      check_close(f({oracle(what + "/x0")}), oracle(what + "/indices"), 0);
    };
    check_indices("max 1d", indices(adaptive_max_pool1d_with_indices, 3));
    check_indices("max 2d", indices(adaptive_max_pool2d_with_indices, {3, 2}));
    check_indices("max 2d ties", indices(adaptive_max_pool2d_with_indices, 2));
    check_indices("max 3d", indices(adaptive_max_pool3d_with_indices, {2, 3, 2}));
  }

  TEST_CASE("says what does not fit") {
    const Tensor x = expand(scalar(0.0, f32), {1, 2, 4, 4});
    CHECK_THROWS_WITH_AS(
        adaptive_avg_pool2d(x, {2, -2}),
        doctest::Contains("adaptive_avg_pool2d: output_size must be at least -1 and less "
                          "than 2^31, got [2, -2]"),
        Error);
    CHECK_THROWS_WITH_AS(
        adaptive_max_pool1d(x, 1),
        doctest::Contains("adaptive_max_pool1d: x must be [C, ...] or [N, C, ...] with 1 spatial "
                          "axes, got [1, 2, 4, 4]"),
        Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(x, {}), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(x, {1, 2, 3}), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(cast(x, i64), 1), Error);
    CHECK_THROWS_AS(adaptive_max_pool2d(cast(x, bool_), 1), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(Tensor(), 1), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(x, int64_t{1} << 31), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(x, (int64_t{1} << 31) - 1), Error);
    CHECK_THROWS_AS(adaptive_avg_pool2d(expand(scalar(0.0, f32), {1, 2, 0, 4}), 1), Error);
    CHECK_THROWS_AS(global_avg_pool(expand(scalar(0.0, f32), {2, 3})), Error);
    CHECK_THROWS_AS(global_max_pool(expand(scalar(0.0, f32), {2, 3, 0})), Error);
    CHECK_THROWS_AS(global_avg_pool(Tensor()), Error);
    CHECK_THROWS_AS(global_lp_pool(expand(scalar(0.0, f32), {2, 3, 4}), 0), Error);
    CHECK_THROWS_AS(global_lp_pool(expand(scalar(0.0, f32), {2, 3})), Error);
  }

  TEST_CASE("an empty batch costs nothing, whatever the output size") {
    const Tensor x = expand(scalar(0.0, f32), {0, 2, 4, 4});
    CHECK(adaptive_avg_pool2d(x, (int64_t{1} << 31) - 1).eval().numel() == 0);
  }
}
