#include "ops/conv.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

using Function = Tensor (*)(const Operand&, const Tensor&, const Tensor&, const ConvOptions&);

static void add_conv(SampleList& list, const char* what, Function conv, const Shape& x,
                     const Shape& w, const ConvOptions& options = {}) {
  list.push_back(
      {what,
       [=](const Tensors& i) { return conv(i[0], i[1], i.size() > 2 ? i[2] : Tensor(), options); },
       {uniform(x), uniform(w, -1, 1, 1)}});
}

SAMPLES(conv1d) {
  add_conv(list, "strided", conv1d, {2, 2, 5}, {2, 2, 3}, {.stride = 2, .padding = 1});
  add_conv(list, "dilated groups", conv1d, {1, 2, 6}, {2, 1, 2}, {.dilation = 3, .groups = 2});
}
SAMPLES(conv2d) {
  add_conv(list, "plain", conv2d, {1, 2, 4, 3}, {2, 2, 2, 3});
  add_conv(list, "batch and padding", conv2d, {2, 1, 3, 3}, {2, 1, 3, 3}, {.padding = 1});
  add_conv(list, "stride", conv2d, {1, 2, 5, 4}, {1, 2, 2, 2}, {.stride = {2, 3}});
  add_conv(list, "uneven padding", conv2d, {1, 1, 3, 4}, {1, 1, 2, 2},
           {.stride = 2, .padding = uneven({0, 2}, {1, 0})});
  add_conv(list, "dilation and same", conv2d, {1, 1, 4, 4}, {1, 1, 2, 3},
           {.padding = "same", .dilation = {2, 1}});
  add_conv(list, "groups", conv2d, {1, 4, 3, 2}, {2, 2, 2, 2}, {.groups = 2});
  add_conv(list, "depthwise with multiplier", conv2d, {1, 2, 3, 3}, {4, 1, 2, 2}, {.groups = 2});
  add_conv(list, "pointwise without batch", conv2d, {3, 2, 2}, {2, 3, 1, 1});
  add_conv(list, "empty batch", conv2d, {0, 2, 3, 3}, {2, 2, 2, 2});
  list.push_back({"bias",
                  [](const Tensors& x) { return conv2d(x[0], x[1], x[2]); },
                  {uniform({2, 1, 3, 2}), uniform({3, 1, 2, 2}, -1, 1, 1), uniform({3})}});
}
SAMPLES(conv3d) {
  add_conv(list, "everything", conv3d, {1, 2, 3, 3, 3}, {2, 1, 2, 2, 2},
           {.stride = {1, 2, 1}, .padding = {0, 1, 0}, .dilation = {1, 1, 2}, .groups = 2});
}

TEST_SUITE("ops/conv") {
  TEST_CASE("values worked out by hand") {
    const Tensor x = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 3, 3});
    const Tensor w = tensor({1, 0, 0, -1}, {1, 1, 2, 2});
    check_close(conv2d(x, w), tensor({-4, -4, -4, -4}, {1, 1, 2, 2}), 0);
    check_close(conv2d(x, w, tensor({10}, {1}), {.stride = 2, .padding = 1}),
                tensor({9, 7, 3, 6}, {1, 1, 2, 2}), 0);
    check_close(
        conv1d(tensor({1, 2, 3, 4}, {1, 4}), tensor({1, 10}, {1, 1, 2}), {}, {.dilation = 2}),
        tensor({31, 42}, {1, 2}), 0);
    check_close(conv3d(tensor({1, 2, 3, 4}, {1, 1, 1, 2, 2}), tensor({2}, {1, 1, 1, 1, 1}), {},
                       {.stride = {1, 2, 1}}),
                tensor({2, 4}, {1, 1, 1, 1, 2}), 0);
  }

  TEST_CASE("values and gradients agree with PyTorch") {
    const Oracle oracle("conv");
    const auto check = [&](const char* what, Function conv, const ConvOptions& options = {}) {
      oracle.check(what, [&](const Tensors& x) {
        return conv(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options);
      });
    };
    check("1d", conv1d, {.stride = 2, .padding = 1});
    check("plain", conv2d);
    check("padding", conv2d, {.padding = {1, 2}});
    check("stride", conv2d, {.stride = {2, 3}, .padding = 1});
    check("dilation", conv2d, {.padding = {0, 1}, .dilation = {2, 3}});
    check("groups", conv2d, {.padding = 1, .groups = 2});
    check("depthwise", conv2d, {.padding = 1, .groups = 3});
    check("same", conv2d, {.padding = "same", .dilation = {1, 2}});
    check("no batch", conv2d);
    check("pointwise", conv2d);
    check("3d", conv3d, {.stride = {1, 2, 1}, .padding = {1, 0, 1}});
  }

  TEST_CASE("an empty batch has a zero weight gradient") {
    const Tensor w = variable(uniform({2, 1, 2, 2}));
    const Tensor y = conv2d(uniform({0, 1, 3, 3}), w);
    CHECK(y.shape() == Shape{0, 2, 2, 2});
    check_close(grad(y, w, {.seed = y}), uniform({2, 1, 2, 2}, 0, 0), 0);
  }

  TEST_CASE("what does not fit is an error") {
    const Tensor x = uniform({1, 3, 8, 8}), w = uniform({4, 3, 3, 3});
    CHECK_THROWS_WITH_AS(conv2d(x, uniform({4, 5, 3, 3})),
                         doctest::Contains("conv2d: input [1, 3, 8, 8] has 3 channels, but weight "
                                           "[4, 5, 3, 3] with groups = 1 needs 5"),
                         Error);
    CHECK_THROWS_AS(conv2d(Tensor(), w), Error);
    CHECK_THROWS_AS(conv2d(x, Tensor()), Error);
    CHECK_THROWS_AS(conv2d(x, uniform({})), Error);
    CHECK_THROWS_AS(conv2d(1.0, w), Error);
    CHECK_THROWS_AS(conv2d(x, cast(w, f32)), Error);
    CHECK_THROWS_AS(conv2d(cast(x, i32), cast(w, i32)), Error);
    CHECK_THROWS_AS(conv2d(x, w, uniform({3})), Error);
    CHECK_THROWS_AS(conv2d(x, w, cast(uniform({4}), f32)), Error);
    CHECK_THROWS_AS(conv1d(x, w), Error);
    CHECK_THROWS_AS(conv3d(x, w), Error);
    CHECK_THROWS_AS(conv2d(uniform({1, 3, 2, 8}), w), Error);
    CHECK_THROWS_AS(conv2d(x, w, {}, {.padding = (int64_t{1} << 31) - 1}), Error);
  }
}
