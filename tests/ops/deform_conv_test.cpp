#include "ops/deform_conv.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// The names are those of scripts/oracles/deform_conv.py; the last input is the mask.
static const struct {
  const char* what;
  size_t inputs;
  DeformConvOptions options;
} kCases[] = {
    {"plain", 4, {}},
    {"groups and mask", 5, {}},
    {"stride, padding, dilation", 5, {.stride = {2, 3}, .padding = {1, 2}, .dilation = {1, 2}}},
};

static TensorFunction with(const DeformConvOptions& options) {
  return [=](const Tensors& x) {
    DeformConvOptions o = options;
    if (x.size() == 5) o.mask = x[4];
    return deform_conv2d(x[0], x[1], x[2], x[3], o);
  };
}

SAMPLES(deform_conv2d) {
  const Oracle oracle("deform_conv");
  for (const auto& c : kCases) {
    Sample sample{c.what, with(c.options), {}};
    for (size_t i = 0; i < c.inputs; ++i) {
      sample.inputs.push_back(oracle(std::string(c.what) + "/x" + std::to_string(i)));
    }
    list.push_back(sample);
  }
  list.push_back(
      {"no images",
       with({}),
       {uniform({0, 1, 2, 2}), uniform({0, 2, 2, 2}), uniform({1, 1, 1, 1}), uniform({1})}});
}

TEST_SUITE("ops/deform_conv") {
  TEST_CASE("reads where the offsets point") {
    const Tensor x = tensor({1, 2, 3, 4}, {1, 1, 2, 2});
    // One row down; half a column to the right; one column to the left, which is outside; nowhere.
    const Tensor offset = tensor({1, 0, 0, 5, 0, 0.5, -1, 0}, {1, 2, 2, 2});
    const Tensor weight = tensor({10}, {1, 1, 1, 1}), bias = tensor({1}, {1});
    CHECK(deform_conv2d(x, offset, weight, bias).to_vector<double>() ==
          std::vector<double>{31, 11, 1, 1});
    CHECK(deform_conv2d(x, offset, weight, {}, {.mask = tensor({1, 2, 3, 4}, {1, 1, 2, 2})})
              .to_vector<double>() == std::vector<double>{30, 20, 0, 0});
  }

  TEST_CASE("agrees with torchvision") {
    const Oracle oracle("deform_conv");
    for (const auto& c : kCases) oracle.check(c.what, with(c.options));
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = uniform({1, 2, 3, 3}), weight = uniform({2, 2, 2, 2});
    const Tensor offset = uniform({1, 8, 2, 2});
    CHECK(deform_conv2d(x, offset, weight).shape() == Shape{1, 2, 2, 2});
    CHECK_THROWS_WITH_AS(
        deform_conv2d(x, uniform({1, 8, 3, 3}), weight),
        doctest::Contains("deform_conv2d: offset must be [1, 2 G 4, 2, 2] with G a divisor of 2 "
                          "channels, got [1, 8, 3, 3]"),
        Error);
    CHECK_THROWS_AS(deform_conv2d(Tensor(), offset, weight), Error);
    CHECK_THROWS_AS(deform_conv2d(x, Tensor(), weight), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, Tensor()), Error);
    CHECK_THROWS_AS(deform_conv2d(x, cast(offset, f32), weight), Error);
    CHECK_THROWS_AS(deform_conv2d(x, uniform({1, 7, 2, 2}), weight), Error);
    CHECK_THROWS_AS(deform_conv2d(x, uniform({1, 24, 2, 2}), weight), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, uniform({2, 3, 2, 2})), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, uniform({2, 2, 4, 4})), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, uniform({2, 0, 2, 2})), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, weight, uniform({3})), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, weight, {}, {.mask = offset}), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, weight, {}, {.stride = 0}), Error);
    CHECK_THROWS_AS(deform_conv2d(x, offset, weight, {}, {.padding = -1}), Error);
    CHECK_THROWS_AS(deform_conv2d(uniform({2, 3, 3}), offset, weight), Error);
  }
}
