#include "core/layout.h"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

Tensor data(const Shape& shape) {
  return tensor<float>(std::vector<float>(static_cast<size_t>(shape.numel()), 1.0F), shape);
}

// The ops whose results lie channels-last when `y` is computed, in order. `held` are values that
// something outside holds.
std::string chosen(const Tensor& y, const Tensors& held = {}) {
  Graph graph = pending_graph(std::array{y});
  std::vector<Fate> fates;
  for (const Vertex& vertex : graph.vertices) {
    const auto same = [&](const Tensor& x) { return x.value_node() == vertex.node; };
    fates.push_back({std::none_of(held.begin(), held.end(), same), true});
  }
  choose_formats(graph, fates);
  std::string names;
  for (const Vertex& vertex : graph.vertices) {
    if (vertex.format == MemoryFormat::channels_last)
      names += std::string(vertex.node->op->name()) + " ";
  }
  return names;
}

struct Convolutions {
  const Tensor x = data({2, 3, 8, 8}), w = data({4, 3, 3, 3}), v = data({4, 4, 3, 3});
  // A kernel that likes `y` channels-last.
  Tensor read(const Tensor& y) const { return sum(conv2d(y, v)); }
};

}  // namespace

TEST_SUITE("core/layout") {
  TEST_CASE_FIXTURE(Convolutions, "what lies between convolutions, element by element") {
    CHECK(chosen(read(relu(conv2d(x, w)) * 2.0)) == "conv relu mul ");
    // Views that keep the channels are of the format of what they view.
    CHECK(chosen(read(exp(pad_zeros(conv2d(x, w), {0, 0, 1, 1}, {0, 0, 1, 1})))) ==
          "conv pad exp ");
    CHECK(chosen(read(exp(permute(conv2d(x, w), {0, 1, 3, 2})))) == "conv permute exp ");
    CHECK(chosen(sum(relu(conv2d(x, w)) * 2.0)) == "");
  }

  TEST_CASE_FIXTURE(Convolutions, "what only convolutions read") {
    CHECK(chosen(sum(conv2d(x, w * 0.5))) == "mul ");
    const Tensor half = w * 0.5;  // read by others as well, for which nothing speaks
    CHECK(chosen(sum(conv2d(x, half)) + sum(half)) == "mul ");
    CHECK(chosen(sum(conv2d(x, half)) + sum(exp(half))) == "");
    const Tensor turned = permute(conv2d(x, w), {0, 2, 1, 3});
    CHECK(chosen(sum(conv2d(exp(turned), data({2, 6, 3, 3})))) == "permute exp ");
  }

  TEST_CASE_FIXTURE(Convolutions,
                    "not what outlives the run, nor what a kernel or a reshape needs row-major") {
    const Tensor y = conv2d(x, w), z = relu(y);
    CHECK(chosen(y) == "");
    CHECK(chosen(read(z)) == "conv relu ");
    CHECK(chosen(read(z), {y}) == "relu ");
    CHECK(chosen(read(z), {z}) == "");
    CHECK(chosen(read(z) + sum(softmax(z, 1))) == "");
    CHECK(chosen(read(z) + sum(exp(reshape(y, {2, 4, 36})))) == "relu ");
  }

  TEST_CASE_FIXTURE(Convolutions, "formats that are the same are row-major") {
    CHECK(chosen(sum(conv2d(conv2d(x, data({1, 3, 3, 3})) * 2.0, data({4, 1, 3, 3})))) == "");
    CHECK(chosen(sum(conv2d(conv2d(x, data({4, 3, 8, 8})) * 2.0, data({4, 4, 1, 1})))) == "");
  }
}
