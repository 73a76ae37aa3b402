#include "ops/conv_transpose.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

using Function = Tensor (*)(const Operand&, const Tensor&, const Tensor&,
                            const ConvTransposeOptions&);

static void add_transpose(SampleList& list, const char* what, Function conv, const Shape& x,
                          const Shape& w, const ConvTransposeOptions& options = {}) {
  list.push_back(
      {what,
       [=](const Tensors& i) { return conv(i[0], i[1], i.size() > 2 ? i[2] : Tensor(), options); },
       {uniform(x), uniform(w, -1, 1, 1)}});
}

SAMPLES(conv_transpose1d) {
  add_transpose(list, "strided", conv_transpose1d, {2, 2, 3}, {2, 1, 3},
                {.stride = 2, .padding = 1, .output_padding = 1});
}
SAMPLES(conv_transpose2d) {
  add_transpose(list, "plain", conv_transpose2d, {1, 2, 2, 3}, {2, 1, 2, 2});
  add_transpose(list, "doubling without batch", conv_transpose2d, {1, 2, 2}, {1, 2, 2, 2},
                {.stride = 2});
  add_transpose(list, "gaps between the kernels", conv_transpose2d, {1, 1, 2, 2}, {1, 1, 1, 2},
                {.stride = {2, 3}});
  add_transpose(list, "dilated", conv_transpose2d, {1, 1, 2, 2}, {1, 2, 2, 2},
                {.padding = 1, .output_padding = {1, 0}, .dilation = {2, 3}});
  add_transpose(list, "groups and uneven padding", conv_transpose2d, {1, 2, 2, 2}, {2, 1, 3, 2},
                {.padding = uneven({1, 0}, {0, 1}), .groups = 2});
  add_transpose(list, "empty batch", conv_transpose2d, {0, 1, 2, 2}, {1, 1, 2, 2});
  list.push_back({"bias",
                  [](const Tensors& x) { return conv_transpose2d(x[0], x[1], x[2]); },
                  {uniform({1, 1, 2, 2}), uniform({1, 3, 2, 1}, -1, 1, 1), uniform({3})}});
}
SAMPLES(conv_transpose3d) {
  add_transpose(list, "strided", conv_transpose3d, {1, 1, 2, 1, 2}, {1, 1, 2, 2, 1},
                {.stride = {2, 1, 2}});
}

TEST_SUITE("ops/conv_transpose") {
  TEST_CASE("values worked out by hand") {
    check_close(conv_transpose1d(tensor({1, 2}, {1, 2}), tensor({1, 10, 100}, {1, 1, 3}), {},
                                 {.stride = 2}),
                tensor({1, 10, 102, 20, 200}, {1, 5}), 0);
    check_close(conv_transpose2d(tensor({1, 2}, {1, 1, 1, 2}), tensor({1, 2, 3, 4}, {1, 1, 2, 2}),
                                 tensor({100}, {1})),
                tensor({101, 104, 104, 103, 110, 108}, {1, 1, 2, 3}), 0);
    check_close(conv_transpose3d(tensor({3}, {1, 1, 1, 1}), tensor({1, 2}, {1, 1, 2, 1, 1})),
                tensor({3, 6}, {1, 2, 1, 1}), 0);
  }

  TEST_CASE("values and gradients agree with PyTorch") {
    const Oracle oracle("conv_transpose");
    const auto check = [&](const char* what, Function conv,
                           const ConvTransposeOptions& options = {}) {
      oracle.check(what, [&](const Tensors& x) {
        return conv(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options);
      });
    };
    check("1d", conv_transpose1d, {.stride = 2, .padding = 1});
    check("plain", conv_transpose2d);
    check("up", conv_transpose2d, {.stride = 2});
    check("output padding", conv_transpose2d,
          {.stride = {2, 3}, .padding = 1, .output_padding = {1, 2}});
    check("dilation", conv_transpose2d, {.output_padding = 1, .dilation = {3, 2}});
    check("groups", conv_transpose2d, {.stride = 2, .groups = 2});
    check("no batch", conv_transpose2d, {.padding = 2});
    check("3d", conv_transpose3d, {.stride = {2, 1, 2}});
  }

  TEST_CASE("what does not fit is an error") {
    const Tensor x = uniform({1, 3, 4, 4}), w = uniform({3, 2, 2, 2});
    CHECK_THROWS_WITH_AS(
        conv_transpose2d(x, uniform({2, 2, 2, 2})),
        doctest::Contains("conv_transpose2d: input [1, 3, 4, 4] has 3 channels, but weight "
                          "[2, 2, 2, 2] needs 2"),
        Error);
    CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, {}, {.output_padding = 1}),
                         doctest::Contains("output_padding must be smaller"), Error);
    CHECK_THROWS_AS(conv_transpose2d(Tensor(), w), Error);
    CHECK_THROWS_AS(conv_transpose2d(x, w, uniform({3})), Error);
    CHECK_THROWS_AS(conv_transpose2d(cast(x, i64), cast(w, i64)), Error);
    CHECK_THROWS_AS(conv_transpose1d(x, w), Error);
    CHECK_THROWS_AS(conv_transpose3d(x, w), Error);
    CHECK_THROWS_AS(conv_transpose2d(x, w, {}, {.padding = 3}), Error);
  }
}
