#include "core/layout.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/amp.h"
#include "core/cuda/one_format.h"
#include "core/evaluator.h"
#include "core/index.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "zoo/unet.h"

using namespace tessera;
using detail::at;

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

// Where kernels of a graph are given arrays in two formats: how often by op and array.
std::map<std::string, int> changes(Graph graph) {
  std::vector<Fate> fates;
  for (const Vertex& vertex : graph.vertices) fates.push_back({vertex.node->handles() == 0, true});
  choose_formats(graph, fates);
  std::map<std::string, int> found;
  for (const Vertex& vertex : graph.vertices) {
    const auto* kernel = dynamic_cast<const KernelOp*>(vertex.node->op.get());
    if (!vertex.pending || !kernel) continue;
    const auto array = [](const Vertex& v) { return Array{{}, v.node->shape, f32, v.format}; };
    std::vector<Array> inputs;
    for (const int v : vertex.inputs) inputs.push_back(array(graph.vertices[at(v)]));
    const MemoryFormat format = cuda::common_format(*kernel, inputs, array(vertex));
    inputs.push_back(array(vertex));
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool result = i + 1 == inputs.size();
      if (inputs[i].format == format || same_in_both_formats(inputs[i].shape)) continue;
      ++found[std::string(vertex.node->op->name()) +
              (result ? ": result" : ": input " + std::to_string(i))];
    }
  }
  return found;
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

  TEST_CASE("in a step of a U-Net it changes for pictures, weights and logits alone") {
    zoo::UNet model(3, 2, {.width = 4});
    const Tensor x = data({2, 3, 32, 32}), target = cast(data({2, 32, 32}), i64).eval();
    eval(model.parameters());
    const auto step = [&](std::optional<DType> amp) {
      Tensor loss;
      {
        const Amp lower(amp);
        loss = cross_entropy(model(x), target);
      }
      Tensors all = grad(loss, model.parameters());
      all.push_back(loss);
      return changes(pending_graph(all));
    };
    const auto text = [](const std::map<std::string, int>& found) {
      std::string lines;
      for (const auto& [what, times] : found) lines += fmt::format("{} x {}\n", times, what);
      return lines;
    };
    CHECK(text(step({})) ==
          "1 x conv: input 0\n18 x conv: input 1\n1 x conv: result\n"
          "1 x conv_backward_data: input 0\n17 x conv_backward_data: input 1\n"
          "1 x conv_backward_weight: input 0\n1 x conv_backward_weight: input 1\n"
          "20 x conv_backward_weight: result\n");
    // Weights and pictures are rounded to channels-last halves.
    CHECK(text(step(bf16)) == "1 x conv: result\n20 x conv_backward_weight: result\n");
  }
}
