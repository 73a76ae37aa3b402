#include "ops/again.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/evaluator.h"
#include "core/op.h"
#include "core/plan.h"
#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/channel_norm.h"
#include "ops/conv.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using detail::again;

namespace {

Tensor norm(const Tensor& x) {
  return detail::channel_norm_node(x, detail::channel_moments(x), {}, {}, 1e-5);
}

Tensor twice_as_large(const Tensor& x) {
  return interpolate(x, {.scale_factor = {2.0}, .mode = Interpolation::bilinear});
}

bool is_new(const Tensor& y) {
  return again(y).node() != y.node();
}

// Memory of a plan for these, in maps of `bytes`.
int64_t maps_of(const Tensors& targets, int64_t bytes) {
  const tessera::Graph graph = pending_graph(targets);
  std::vector<Fate> fates;
  for (const Vertex& vertex : graph.vertices)
    fates.push_back({vertex.pending && !vertex.wanted, true});
  return make_plan(graph, fates, {}).arena_bytes / bytes;
}

// Weights of 3 x 3 convolutions between 16 channels.
Tensors weights(int count, int64_t inputs) {
  Tensors all;
  for (int i = 0; i < count; ++i)
    all.push_back(variable(cast(uniform({16, inputs, 3, 3}), f32).eval()));
  return all;
}

Tensor layer(const Tensor& x, const Tensor& weight) {
  return relu(norm(conv2d(x, weight, {}, {.padding = 1})));
}

}  // namespace

TEST_SUITE("ops/again") {
  TEST_CASE("the same values by other nodes, until they are there") {
    const Tensor x = variable(uniform({2, 3, 4, 4}));
    const Tensor small = relu(norm(x)), large = twice_as_large(small);
    CHECK_FALSE(is_new(x));
    CHECK_FALSE(is_new(x * 2));
    for (const Tensor& y : {small, large}) CHECK(is_new(y));
    const Tensor repeated = again(large);
    CHECK(repeated.node()->input(0) != large.node()->input(0));
    check_close(repeated, large, 0);
    CHECK_FALSE(is_new(large));
    // What is smaller than its input is kept instead.
    CHECK_FALSE(is_new(interpolate(x * 2, {.size = {2, 2}, .mode = Interpolation::bilinear})));
  }

  TEST_CASE("gradients stop where they stopped") {
    const Tensor x = variable(uniform({2, 3, 4, 4}));
    Tensor constant;
    {
      const NoGrad no_grad;
      constant = norm(x);
    }
    CHECK_FALSE(is_new(constant));
    CHECK(is_new(norm(x)));
  }

  TEST_CASE("the inputs of a norm, which its gradient needs, are not repeated") {
    const Tensor x = variable(uniform({2, 3, 4, 4}));
    const Tensor large = twice_as_large(x), y = norm(large);
    CHECK(again(y).node()->input(0) == large.node());
  }

  TEST_CASE("a chain of convolutions keeps one map for each, not what follows it") {
    const Shape shape = {1, 16, 32, 32};
    const Tensor image = cast(uniform(shape), f32).eval();
    const Tensors w = weights(6, 16);
    Tensor z = image;
    for (const Tensor& weight : w) z = layer(z, weight);
    const Tensor loss = sum(z * z);
    z = {};
    const int64_t maps = maps_of(grad(loss, w), image.numel() * 4);
    CHECK(maps >= 6);
    CHECK(maps < 10);
  }

  TEST_CASE("layers of a transformer keep what norms and activations are computed from") {
    const Tensor x = variable(uniform({4, 8}));
    CHECK(is_new(reshape(gelu(x), {8, 4})));
    CHECK(is_new(cast(layer_norm(x, {8}), bf16)));
    CHECK_FALSE(is_new(relu(x)));
    CHECK_FALSE(is_new(cast(x, bf16)));

    const Tensor tokens = cast(uniform({2, 64, 128}), f32).eval();
    Tensors w;
    for (int i = 0; i < 12; ++i) w.push_back(variable(cast(uniform({128, 128}), f32).eval()));
    Tensor z = tokens;
    for (size_t i = 0; i < w.size(); i += 2)
      z = z + linear(gelu(linear(layer_norm(z, {128}), w[i], {})), w[i + 1], {});
    const Tensor loss = sum(z * z);
    z = {};
    // Two for each of the six layers, not four.
    const int64_t maps = maps_of(grad(loss, w), tokens.numel() * 4);
    CHECK(maps >= 12);
    CHECK(maps < 19);
  }

  TEST_CASE("a concatenation with what was enlarged is not kept") {
    const Tensor image = cast(uniform({1, 16, 32, 32}), f32).eval();
    const Tensors w = weights(4, 16), joining = weights(4, 32);
    Tensors all = w;
    Tensor loss;
    {
      Tensor z = image, small = cast(uniform({1, 16, 16, 16}), f32).eval();
      for (size_t i = 0; i < 4; ++i) {
        const Tensor of_small = layer(small, w[i]);
        z = layer(cat({z, twice_as_large(of_small)}, 1), joining[i]);
        small = of_small;
        all.push_back(joining[i]);
      }
      loss = sum(z * z);
    }
    // 4 maps of convolutions and 4 of a quarter, and what one gradient works on; each of the
    // concatenations would take 2.
    const int64_t maps = maps_of(grad(loss, all), image.numel() * 4);
    CHECK(maps >= 5);
    CHECK(maps < 12);
  }
}
