#include "ops/fold.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(unfold) {
  const auto sample = [&](const char* what, const Shape& x, const Shape& kernel,
                          const FoldOptions& o) {
    list.push_back(
        {what, [kernel, o](const Tensors& t) { return unfold(t[0], kernel, o); }, {uniform(x)}});
  };
  sample("plain", {2, 1, 3, 4}, {2, 2}, {});
  sample("padding, stride", {1, 2, 3, 4}, {2, 3}, {.padding = {1, 2}, .stride = 2});
  sample("dilation", {1, 1, 5, 4}, {3, 2}, {.dilation = {2, 1}, .padding = 1, .stride = {1, 3}});
  sample("one axis, no batch", {2, 5}, {3}, {.padding = 1});
  sample("three axes", {1, 1, 2, 3, 2}, {2, 2, 2}, {});
  sample("no batch elements", {0, 2, 3, 3}, {2, 2}, {});
}
SAMPLES(fold) {
  const auto sample = [&](const char* what, const Shape& columns, const Shape& size,
                          const Shape& kernel, const FoldOptions& o) {
    list.push_back(
        {what, [=](const Tensors& t) { return fold(t[0], size, kernel, o); }, {uniform(columns)}});
  };
  sample("plain", {2, 4, 6}, {3, 4}, {2, 2}, {});
  sample("padding, stride", {1, 12, 6}, {3, 4}, {2, 3}, {.padding = {1, 2}, .stride = 2});
  sample("dilation", {1, 6, 6}, {5, 4}, {3, 2},
         {.dilation = {2, 1}, .padding = 1, .stride = {1, 3}});
  sample("one axis, no batch", {6, 5}, {5}, {3}, {.padding = 1});
  sample("three axes", {1, 8, 2}, {2, 3, 2}, {2, 2, 2}, {});
  sample("no batch elements", {0, 4, 4}, {3, 3}, {2, 2}, {});
}
SAMPLES(pixel_shuffle) {
  list.push_back(
      {"batch", [](const Tensors& x) { return pixel_shuffle(x[0], 2); }, {uniform({2, 4, 1, 3})}});
}
SAMPLES(pixel_unshuffle) {
  list.push_back({"batch",
                  [](const Tensors& x) { return pixel_unshuffle(x[0], 2); },
                  {uniform({2, 1, 2, 4})}});
}
SAMPLES(channel_shuffle) {
  list.push_back(
      {"groups", [](const Tensors& x) { return channel_shuffle(x[0], 2); }, {uniform({2, 6, 2})}});
}

TEST_SUITE("ops/fold") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {1, 2, 3});
  using V = std::vector<int>;

  TEST_CASE("unfold gives every window as a column, fold adds them up") {
    const Tensor columns = unfold(x, {2, 2});
    CHECK(columns.shape() == Shape{4, 2});
    CHECK(columns.to_vector<int>() == V{1, 2, 2, 3, 4, 5, 5, 6});
    CHECK(fold(columns, {2, 3}, {2, 2}).to_vector<int>() == V{1, 4, 3, 4, 10, 6});
    CHECK(unfold(x, {1, 3}, {.padding = {0, 1}, .stride = 2}).to_vector<int>() ==
          V{0, 2, 1, 3, 2, 0});
    CHECK(unfold(tensor({1, 0}, {1, 1, 2}, bool_), {1, 1}).dtype() == bool_);
  }

  TEST_CASE("fold is the adjoint of unfold") {
    const Tensor a = uniform({2, 3, 5, 6}), b = uniform({2, 18, 12}, -1, 1, 1);
    const FoldOptions options{.dilation = {1, 2}, .padding = {1, 0}, .stride = {2, 1}};
    const double through_a = sum(unfold(a, {3, 2}, options) * b).item();
    const double through_b = sum(fold(b, {5, 6}, {3, 2}, options) * a).item();
    CHECK(through_a == doctest::Approx(through_b).epsilon(1e-12));
  }

  TEST_CASE("shuffles of channels and pixels") {
    const Tensor c = tensor({1, 2, 3, 4}, {4, 1, 1});
    CHECK(pixel_shuffle(c, 2).shape() == Shape{1, 2, 2});
    CHECK(pixel_shuffle(c, 2).to_vector<int>() == V{1, 2, 3, 4});
    CHECK(pixel_unshuffle(pixel_shuffle(c, 2), 2).to_vector<int>() == V{1, 2, 3, 4});
    CHECK(channel_shuffle(reshape(c, {1, 4}), 2).to_vector<int>() == V{1, 3, 2, 4});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("fold");
    torch.check("unfold", [](const Tensors& t) { return unfold(t[0], {2, 3}); });
    const FoldOptions options{.dilation = {2, 1}, .padding = {1, 2}, .stride = {1, 2}};
    torch.check("unfold options", [&](const Tensors& t) { return unfold(t[0], {3, 2}, options); });
    torch.check("fold", [](const Tensors& t) { return fold(t[0], {3, 4}, {2, 3}); });
    torch.check("fold options", [&](const Tensors& t) {
      return fold(t[0], {5, 4}, {3, 2}, options);
    });
    torch.check("pixel_shuffle", [](const Tensors& t) { return pixel_shuffle(t[0], 3); });
    torch.check("pixel_unshuffle", [](const Tensors& t) { return pixel_unshuffle(t[0], 2); });
    torch.check("channel_shuffle", [](const Tensors& t) { return channel_shuffle(t[0], 3); });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(unfold(x, {3, 2}),
                         doctest::Contains("unfold: a window of kernel [3, 2] and dilation [1, 1] "
                                           "must fit spatial extents [2, 3] with padding [0, 0]"),
                         Error);
    CHECK_THROWS_AS(unfold(x, {2, 2, 2}), Error);
    CHECK_THROWS_AS(unfold(x, {}), Error);
    CHECK_THROWS_AS(unfold(x, {1, 1, 1, 1}), Error);
    CHECK_THROWS_AS(unfold(x, {0, 1}), Error);
    CHECK_THROWS_AS(unfold(x, {1, 1}, {.stride = 0}), Error);
    CHECK_THROWS_AS(unfold(x, {1, 1}, {.padding = -1}), Error);
    CHECK_THROWS_AS(unfold(x, {1, 1}, {.dilation = {1, 1, 1}}), Error);
    CHECK_THROWS_AS(unfold(Tensor(), {1, 1}), Error);
    const Tensor columns = unfold(x, {2, 2});
    CHECK_THROWS_WITH_AS(fold(columns, {3, 3}, {2, 2}),
                         doctest::Contains("fold: columns must be [N, C * 4, 4] for kernel [2, 2] "
                                           "and [2, 2] windows, got [4, 2]"),
                         Error);
    CHECK_THROWS_AS(fold(columns, {2, 3}, {3, 1}), Error);
    CHECK_THROWS_AS(fold(columns, {2, -3}, {2, 2}), Error);
    CHECK_THROWS_AS(fold(columns, {2}, {2, 2}), Error);
    CHECK_THROWS_AS(fold(cast(columns, i32), {2, 3}, {2, 2}), Error);
    CHECK_THROWS_AS(pixel_shuffle(x, 2), Error);
    CHECK_THROWS_AS(pixel_shuffle(x, 0), Error);
    CHECK_THROWS_AS(pixel_unshuffle(x, 2), Error);
    CHECK_THROWS_AS(channel_shuffle(x, 0), Error);
    CHECK_THROWS_AS(channel_shuffle(x, 3), Error);
  }
}
