#include "ops/pool.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// A call of a pool with its options fixed.
TensorFunction call(Tensor (*pool)(const Operand&, const PerAxis&, const PoolOptions&),
                    const PerAxis& kernel, const PoolOptions& options = {}) {
  return [=](const Tensors& x) { return pool(x[0], kernel, options); };
}
TensorFunction call(Tensor (*pool)(const Operand&, const PerAxis&, const AvgPoolOptions&),
                    const PerAxis& kernel, const AvgPoolOptions& options = {}) {
  return [=](const Tensors& x) { return pool(x[0], kernel, options); };
}

std::vector<double> values(const Tensor& x) {
  return x.to_vector<double>();
}

}  // namespace

SAMPLES(max_pool1d) {
  list.push_back({"overlap", call(max_pool1d, 3, {.stride = 1}), {distinct({2, 3, 7})}});
  list.push_back({"dilation",
                  call(max_pool1d, 2, {.stride = 2, .padding = 1, .dilation = 3}),
                  {distinct({3, 9})}});
  list.push_back({"no batch", call(max_pool1d, 3), {distinct({0, 3, 7})}});
}
SAMPLES(max_pool2d) {
  list.push_back({"2x2", call(max_pool2d, 2), {distinct({2, 2, 5, 4})}});
  list.push_back({"overlap", call(max_pool2d, {3, 2}, {.stride = 1}), {distinct({2, 4, 5})}});
  list.push_back({"ceil",
                  call(max_pool2d, 3, {.stride = {2, 3}, .padding = 1, .ceil_mode = true}),
                  {distinct({1, 2, 6, 5})}});
  list.push_back({"asymmetric",
                  call(max_pool2d, 3, {.stride = 2, .padding = {0, 2}, .padding_end = {2, 1}}),
                  {distinct({1, 2, 4, 5})}});
  list.push_back({"ties",
                  call(max_pool2d, 2, {.stride = 1}),
                  {cast(integers({1, 1, 4, 4}, 0, 2), f64)},
                  false});
  list.push_back({"window in the dark",
                  call(max_pool2d, {1, 2}, {.stride = 1, .padding = {0, 1}, .dilation = 2}),
                  {distinct({1, 2, 2, 1})},
                  false});
  list.push_back(
      {"stride beyond the kernel", call(max_pool2d, 1, {.stride = 3}), {distinct({1, 2, 5, 4})}});
}
SAMPLES(max_pool3d) {
  list.push_back({"mixed",
                  call(max_pool3d, {2, 3, 2}, {.stride = {1, 2, 2}, .padding = {1, 0, 1}}),
                  {distinct({1, 2, 2, 4, 3})}});
  list.push_back(
      {"many planes", call(max_pool3d, 2, {.stride = 1}), {distinct({2, 96, 4, 5, 5})}, false});
}
SAMPLES(max_pool1d_with_indices) {
  list.push_back({"indices",
                  [](const Tensors& x) { return max_pool1d_with_indices(x[0], 3).indices; },
                  {distinct({2, 3, 7})},
                  false});
}
SAMPLES(max_pool2d_with_indices) {
  list.push_back({"values",
                  [](const Tensors& x) { return max_pool2d_with_indices(x[0], 2).values; },
                  {distinct({2, 1, 5, 4})}});
  list.push_back({"indices",
                  [](const Tensors& x) { return max_pool2d_with_indices(x[0], 2).indices; },
                  {distinct({2, 1, 5, 4})},
                  false});
}
SAMPLES(max_pool3d_with_indices) {
  list.push_back({"indices",
                  [](const Tensors& x) { return max_pool3d_with_indices(x[0], 2).indices; },
                  {distinct({2, 1, 2, 5, 4})},
                  false});
}
SAMPLES(avg_pool1d) {
  list.push_back({"padding", call(avg_pool1d, 3, {.stride = 2, .padding = 1}), {uniform({2, 7})}});
  list.push_back({"no batch", call(avg_pool1d, 3), {uniform({0, 3, 7})}});
}
SAMPLES(avg_pool2d) {
  list.push_back({"2x2", call(avg_pool2d, 2), {uniform({2, 2, 4, 5})}});
  for (const bool include : {true, false}) {
    list.push_back({include ? "count padding" : "count inside",
                    call(avg_pool2d, 3,
                         {.stride = 2,
                          .padding = {1, 0},
                          .padding_end = {0, 2},
                          .ceil_mode = true,
                          .count_include_pad = include}),
                    {uniform({1, 2, 6, 5})}});
    list.push_back({include ? "dilation, count padding" : "dilation, count inside",
                    call(avg_pool2d, {2, 3},
                         {.stride = 1, .padding = 1, .dilation = 2, .count_include_pad = include}),
                    {uniform({1, 1, 4, 5})}});
  }
  list.push_back({"divisor",
                  call(avg_pool2d, 2, {.stride = 3, .divisor_override = -3}),
                  {uniform({2, 4, 5})}});
  list.push_back({"window in the dark",
                  call(avg_pool2d, {1, 2},
                       {.stride = 1, .padding = {0, 1}, .dilation = 2, .count_include_pad = false}),
                  {uniform({1, 2, 2, 1})}});
}
SAMPLES(avg_pool3d) {
  list.push_back({"mixed",
                  call(avg_pool3d, {2, 3, 2}, {.stride = {1, 2, 2}, .padding = {1, 0, 1}}),
                  {uniform({1, 2, 2, 4, 3})}});
}

SAMPLES(lp_pool1d) {
  list.push_back({"p = 1",
                  [](const Tensors& x) { return lp_pool1d(x[0], 1, 3, {.stride = 2}); },
                  {distinct({2, 7})}});
  list.push_back({"p = inf",
                  [](const Tensors& x) { return lp_pool1d(x[0], HUGE_VAL, 2); },
                  {distinct({1, 2, 6})}});
  list.push_back(
      {"no batch", [](const Tensors& x) { return lp_pool1d(x[0], 2, 2); }, {uniform({0, 2, 6})}});
}
SAMPLES(lp_pool2d) {
  list.push_back({"p = 2",
                  [](const Tensors& x) {
                    return lp_pool2d(x[0], 2, 3, {.stride = 2, .padding = 1, .ceil_mode = true});
                  },
                  {distinct({1, 2, 4, 5})}});
  list.push_back({"p = 3, dilation",
                  [](const Tensors& x) {
                    return lp_pool2d(x[0], 3, 2, {.stride = 1, .dilation = {2, 1}});
                  },
                  {distinct({2, 4, 3})}});
}
SAMPLES(lp_pool3d) {
  list.push_back({"p = 1.5",
                  [](const Tensors& x) { return lp_pool3d(x[0], 1.5, 2, {.stride = 1}); },
                  {distinct({2, 2, 3, 3})}});
}
SAMPLES(max_unpool1d) {
  const Tensor where = tensor({1, 3, 0, 4}, {2, 1, 2}, i64);
  list.push_back({"default size",
                  [=](const Tensors& x) { return max_unpool1d(x[0], where, 3); },
                  {uniform({2, 1, 2})}});
}
SAMPLES(max_unpool2d) {
  const Tensor where = tensor({1, 6, 11, 14}, {1, 2, 2}, i64);
  list.push_back({"of a pool",
                  [=](const Tensors& x) {
                    const auto [y, indices] = max_pool2d_with_indices(x[0], 2);
                    return max_unpool2d(y, indices, 2, {.output_size = {4, 5}});
                  },
                  {distinct({2, 1, 4, 5})}});
  list.push_back({"from the end",
                  [=](const Tensors& x) { return max_unpool2d(x[0], where - 16, 2); },
                  {uniform({1, 2, 2})}});
  list.push_back({"no batch",
                  [=](const Tensors& x) { return max_unpool2d(x[0], cast(x[0], i64), 2); },
                  {uniform({0, 2, 2, 3})}});
}
SAMPLES(max_unpool3d) {
  const Tensor where = tensor({3, 8}, {1, 2, 1, 1}, i64);
  list.push_back(
      {"padding",
       [=](const Tensors& x) {
         return max_unpool3d(x[0], where, {2, 3, 3}, {.stride = 2, .padding = {0, 1, 0}});
       },
       {uniform({1, 2, 1, 1})}});
}

TEST_SUITE("ops/pool") {
  TEST_CASE("values worked out by hand") {
    const Tensor x = tensor({1, 5, 2, 4, 3, 0, 7, 6}, {1, 2, 4});
    CHECK(values(max_pool2d(x, 2)) == std::vector<double>{5, 7});
    CHECK(values(max_pool2d_with_indices(x, 2).indices) == std::vector<double>{1, 6});
    CHECK(values(avg_pool2d(x, 2)) == std::vector<double>{2.25, 4.75});
    CHECK(values(lp_pool1d(tensor({3, -4, 0, 0}, {1, 4}), 2, 2)) == std::vector<double>{5, 0});
    const Tensor row = tensor({1, 5, 2, 4, 3}, {1, 5});
    CHECK(values(max_pool1d(row, 2, {.ceil_mode = true})) == std::vector<double>{5, 4, 3});
    CHECK(values(avg_pool1d(row, 2, {.ceil_mode = true})) == std::vector<double>{3, 3, 3});
    CHECK(values(avg_pool1d(row, 3, {.stride = 4, .padding = 1})) ==
          std::vector<double>{2, 7.0F / 3});
    CHECK(values(max_pool1d_with_indices(row, 3, {.stride = 4, .padding = 1}).indices) ==
          std::vector<double>{1, 3});
    CHECK(values(max_pool3d(reshape(row, {1, 1, 1, 5}), {1, 1, 5})) == std::vector<double>{5});
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("pool");
    const auto max1 = [&](const char* what, const PerAxis& kernel, const PoolOptions& o) {
      oracle.check(what, call(max_pool1d, kernel, o));
      check_close(max_pool1d_with_indices(oracle(std::string(what) + "/x0"), kernel, o).indices,
                  oracle(std::string(what) + "/indices"), 0);
    };
    const auto max2 = [&](const char* what, const PerAxis& kernel, const PoolOptions& o) {
      oracle.check(what, call(max_pool2d, kernel, o));
      check_close(max_pool2d_with_indices(oracle(std::string(what) + "/x0"), kernel, o).indices,
                  oracle(std::string(what) + "/indices"), 0);
    };
    max1("max 1d", 3, {.stride = 2, .padding = 1});
    max1("max 1d dilation", 3, {.stride = 1, .padding = 1, .dilation = 2});
    max2("max 2d", 2, {});
    max2("max 2d padding", {3, 2}, {.stride = {2, 1}, .padding = 1});
    max2("max 2d overlap", 3, {.stride = 1});
    max2("max 2d ceil", 3, {.stride = 2, .ceil_mode = true});
    max2("max 2d ceil padding", 2, {.stride = 3, .padding = 1, .ceil_mode = true});
    max2("max 2d ceil small", 3, {.stride = 2, .ceil_mode = true});
    max2("max 2d dilation", {2, 3}, {.stride = 2, .padding = 1, .dilation = {3, 2}});
    max2("max 2d ties", 3, {.stride = 1, .padding = 1});
    max2("max 2d nan", 2, {});
    oracle.check("max 2d integers", call(max_pool2d, 3, {.stride = 2, .padding = 1}));
    const PoolOptions options{.stride = {1, 2, 2}, .padding = 1, .ceil_mode = true};
    oracle.check("max 3d", call(max_pool3d, 2, options));
    check_close(max_pool3d_with_indices(oracle("max 3d/x0"), 2, options).indices,
                oracle("max 3d/indices"), 0);

    oracle.check("avg 1d", call(avg_pool1d, 3, {.stride = 2, .padding = 1}));
    oracle.check("avg 2d", call(avg_pool2d, 2));
    for (const bool include : {true, false}) {
      for (const bool ceil : {true, false}) {
        const std::string what = std::string("avg 2d include ") + (include ? "true" : "false") +
                                 " ceil " + (ceil ? "true" : "false");
        oracle.check(
            what,
            call(
                avg_pool2d, {3, 2},
                {.stride = {2, 3}, .padding = 1, .ceil_mode = ceil, .count_include_pad = include}));
      }
    }
    oracle.check(
        "avg 2d divisor",
        call(avg_pool2d, 3, {.stride = 2, .padding = 1, .ceil_mode = true, .divisor_override = 5}));
    oracle.check(
        "avg 3d",
        call(avg_pool3d, 2,
             {.stride = {1, 2, 2}, .padding = 1, .ceil_mode = true, .count_include_pad = false}));
  }

  TEST_CASE("p-norms agree with PyTorch where all is positive") {
    const Oracle oracle("pool");
    oracle.check("lp 1d", [](const Tensors& x) { return lp_pool1d(x[0], 3, 3, {.stride = 2}); });
    oracle.check("lp 2d", [](const Tensors& x) { return lp_pool2d(x[0], 1.5, {2, 3}); });
    oracle.check("lp 3d", [](const Tensors& x) { return lp_pool3d(x[0], 2, 2); });
    const Tensor x = variable(zeros({1, 2}));
    CHECK(values(grad(lp_pool1d(x, 2, 2), x)) == std::vector<double>{0, 0});
    CHECK(std::isnan(lp_pool1d(tensor({1, NAN}, {1, 2}), 2, 2).item()));
    CHECK_THROWS_AS(lp_pool1d(x, 0, 2), Error);
    CHECK_THROWS_AS(lp_pool1d(x, NAN, 2), Error);
    CHECK_THROWS_AS(lp_pool1d(x, 2, 3), Error);
    CHECK_THROWS_AS(lp_pool1d(zeros({1, 2}, i64), 2, 2), Error);
  }

  TEST_CASE("an unpool puts maxima back") {
    const Tensor x = tensor({7, 9}, {1, 1, 2}), where = tensor({1, 4}, {1, 1, 2}, i64);
    CHECK(values(max_unpool2d(x, where, {1, 3}, {.stride = 2})) ==
          std::vector<double>{0, 7, 0, 0, 9});
    CHECK(values(max_unpool2d(x, where, 3, {.stride = 2}).eval()).size() == 15);
    const Tensor same = tensor({1, 1}, {1, 1, 2}, i64);
    CHECK(values(max_unpool2d(x, same, {1, 2})) == std::vector<double>{0, 9, 0, 0});

    const Oracle oracle("pool");
    oracle.check("unpool 1d", [&](const Tensors& v) {
      return max_unpool1d(v[0], oracle("unpool 1d/indices"), 3, {.padding = 1, .output_size = 9});
    });
    oracle.check("unpool 2d", [&](const Tensors& v) {
      return max_unpool2d(v[0], oracle("unpool 2d/indices"), 2, {.output_size = {5, 7}});
    });
    oracle.check("unpool 3d", [&](const Tensors& v) {
      return max_unpool3d(v[0], oracle("unpool 3d/indices"), 2,
                          {.stride = {2, 3, 2}, .output_size = {4, 4, 2}});
    });
  }

  TEST_CASE("says what an unpool cannot do") {
    const Tensor x = zeros({1, 2, 2}), where = tensor({0, 1, 2, 16}, {1, 2, 2}, i64);
    CHECK_THROWS_WITH_AS(max_unpool2d(x, where, 2).eval(),
                         doctest::Contains("max_unpool2d: indices along axis 1 must lie in "
                                           "[-16, 16), its extent being 16, got 16"),
                         Error);
    CHECK_THROWS_WITH_AS(
        max_unpool2d(x, where, 2, {.output_size = 6}),
        doctest::Contains("max_unpool2d: output_size must be positive and differ "
                          "by less than the stride [2, 2] from [4, 4], got [6, 6]"),
        Error);
    CHECK_THROWS_AS(max_unpool2d(x, zeros({1, 2, 2}), 2), Error);
    CHECK_THROWS_AS(max_unpool2d(x, zeros({2, 2}, i64), 2), Error);
    CHECK_THROWS_AS(max_unpool2d(x, Tensor(), 2), Error);
    CHECK_THROWS_AS(max_unpool2d(Tensor(), where, 2), Error);
    CHECK_THROWS_AS(max_unpool2d(x, where, 0), Error);
    CHECK_THROWS_AS(max_unpool2d(x, where, 2, {.stride = 0}), Error);
    CHECK_THROWS_AS(max_unpool2d(x, where, 2, {.padding = 2}), Error);
    CHECK_THROWS_AS(max_unpool2d(x, where, 2, {.output_size = {4, 4, 4}}), Error);
  }

  TEST_CASE("an average with dilation counts the padding it sees") {
    // Windows at (-1, 1, 3), (0, 2, 4) and (1, 3, 5) of five elements.
    const Tensor x = tensor({1, 2, 3, 4, 5}, {1, 5});
    CHECK(values(avg_pool1d(x, 3, {.stride = 1, .padding = 1, .dilation = 2})) ==
          std::vector<double>{2, 3, 2});
    CHECK(values(avg_pool1d(
              x, 3, {.stride = 1, .padding = 1, .dilation = 2, .count_include_pad = false})) ==
          std::vector<double>{3, 3, 3});
  }

  TEST_CASE("a window that misses the input has the lowest value, no position and no gradient") {
    const PoolOptions o{.stride = 1, .padding = 1, .dilation = 2};
    const auto [y, indices] = max_pool1d_with_indices(tensor({3}, {1, 1}), 2, o);
    CHECK(values(y) == std::vector<double>{-std::numeric_limits<double>::infinity()});
    CHECK(values(indices) == std::vector<double>{1});
    CHECK_THROWS_AS(max_unpool1d(y, indices, 1).eval(), Error);
    const Tensor whole = cast(tensor({3}, {1, 1}), i32);
    CHECK(max_pool1d(whole, 2, o).item() == std::numeric_limits<int32_t>::lowest());
    const Tensor x = variable(tensor({3}, {1, 1}));
    CHECK(grad(max_pool1d(x, 2, o), x).item() == 0);
  }

  TEST_CASE("every dtype of numbers") {
    for (const DType dtype : {f32, f64, bf16, f16, i32, i64, u8}) {
      const auto [y, indices] = max_pool1d_with_indices(tensor({3, 9, 1, 4}, {1, 4}, dtype), 2);
      CHECK(y.dtype() == dtype);
      CHECK(values(y) == std::vector<double>{9, 4});
      CHECK(values(indices) == std::vector<double>{1, 3});
    }
    CHECK(avg_pool1d(tensor({3, 9, 1, 4}, {1, 4}, bf16), 2).dtype() == bf16);
  }

  TEST_CASE("an average of many f32 is accurate") {
    const Tensor x = tensor<float>(std::vector<float>(1 << 20, 0.1F), {1, 1 << 20});
    CHECK(avg_pool1d(x, 1 << 20).item() == 0.1F);
  }

  TEST_CASE("says what does not fit") {
    const Tensor x = zeros({1, 2, 4, 4});
    CHECK_THROWS_WITH_AS(max_pool2d(x, 5),
                         doctest::Contains("max_pool2d: kernel [5, 5] with dilation [1, 1] is "
                                           "larger than x [1, 2, 4, 4] with padding [0, 0] and "
                                           "[0, 0]"),
                         Error);
    CHECK_THROWS_WITH_AS(max_pool2d(x, 3, {.padding = 2}),
                         doctest::Contains("max_pool2d: padding must be at most half of kernel "
                                           "[3, 3] with dilation [1, 1], got [2, 2]"),
                         Error);
    CHECK_THROWS_WITH_AS(avg_pool2d(cast(x, i64), 2),
                         doctest::Contains("avg_pool2d: x must be floating, got i64 [1, 2, 4, 4]"),
                         Error);
    CHECK_THROWS_WITH_AS(max_pool3d(zeros({4, 4, 4}), 2),
                         doctest::Contains("max_pool3d: x must be [C, ...] or [N, C, ...] with 3 "
                                           "spatial axes, got [4, 4, 4]"),
                         Error);
    CHECK_THROWS_AS(max_pool2d(Tensor(), 2), Error);
    CHECK_THROWS_AS(max_pool2d(x, {}), Error);
    CHECK_THROWS_AS(max_pool2d(x, {2, 2, 2}), Error);
    CHECK_THROWS_AS(max_pool2d(x, 0), Error);
    CHECK_THROWS_AS(max_pool2d(x, -1), Error);
    CHECK_THROWS_AS(max_pool2d(x, int64_t{1} << 62), Error);
    CHECK_THROWS_AS(max_pool2d(x, 2, {.stride = 0}), Error);
    CHECK_THROWS_AS(max_pool2d(x, 2, {.padding = -1}), Error);
    CHECK_THROWS_AS(max_pool2d(x, 2, {.padding = 0, .padding_end = 2}), Error);
    CHECK_THROWS_AS(max_pool2d(x, 2, {.dilation = 0}), Error);
    CHECK_THROWS_AS(max_pool2d(x, 2, {.dilation = 2147483647}), Error);
    CHECK_THROWS_AS(max_pool2d(zeros({1, 2, 0, 4}), 1), Error);
    CHECK_THROWS_AS(max_pool2d(cast(x, bool_), 2), Error);
    CHECK_THROWS_AS(avg_pool2d(x, 2, {.divisor_override = 0}), Error);
  }
}
