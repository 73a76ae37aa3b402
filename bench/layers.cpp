// How long do layers take that are no contractions? A partner for compare_layers.py, which asks for
// one piece of work after the other and takes turns with PyTorch.
//
//   layers [threads]
//   layers --quick
//
// Reads lines "NAME forward|train" from standard input and answers each with seconds on the wall:
// the layer alone, or with the gradients of all inputs. The inputs stay the same.

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include <fmt/core.h>

#include "autograd/grad.h"
#include "bench/timing.h"
#include "core/op.h"
#include "core/settings.h"
#include "nn/loss/loss.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/grid_sample.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/unary.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

struct Layer {
  Tensors inputs;
  std::function<Tensor(const Tensors&)> f;
  Tensor seed;  // dL / dy

  Layer(const std::vector<Shape>& shapes, std::function<Tensor(const Tensors&)> function)
      : f(std::move(function)) {
    for (const Shape& shape : shapes) inputs.push_back(variable(randn(shape).eval()));
    seed = randn(f(inputs).shape()).eval();
  }
  double seconds(bool train) const {
    const double begin = seconds_now(false);
    if (train) {
      const Tensor y = f(inputs);
      Tensors all = grad(sum(y * seed), inputs);
      all.push_back(y);
      eval(all);
    } else {
      const NoGrad no_grad;
      f(inputs).eval();
    }
    return seconds_now(false) - begin;
  }
};

Tensor classes_like(const Shape& shape, int64_t classes) {
  return cast(tessera::floor(rand(shape) * static_cast<double>(classes)), i64).eval();
}

using Maker = std::function<Layer()>;

// By name, for pictures of n x n.
std::map<std::string, Maker> layers(int64_t n) {
  const auto one = [](const Shape& shape, auto f) {
    return Maker([=] { return Layer({shape}, [=](const Tensors& x) { return f(x[0]); }); });
  };
  const auto loss = [n](const char* text) {
    return Maker([=] {
      const Tensor target = classes_like({4, n, n}, 4);
      return Layer({{4, 4, n, n}},
                   [=, l = nn::loss(text)](const Tensors& x) { return l(x[0], target); });
    });
  };
  const auto attention = [](const Shape& heads, bool causal) {
    return Maker([=] {
      return Layer({heads, heads, heads}, [=](const Tensors& x) {
        return scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = causal});
      });
    });
  };
  const Shape map = {4, 32, n, n}, half = {4, 32, n / 2, n / 2}, tokens = {8, 4 * n, n};
  return {
      {"batch_norm", one(map, [](const Tensor& x) { return batch_norm_train(x, {}, {}).output; })},
      {"instance_norm", one(map, [](const Tensor& x) { return instance_norm(x); })},
      {"group_norm", one(map, [](const Tensor& x) { return group_norm(x, 8); })},
      {"layer_norm",
       [=] {
         return Layer({tokens, {n}, {n}},
                      [=](const Tensors& x) { return layer_norm(x[0], {n}, x[1], x[2]); });
       }},
      {"softmax", one(tokens, [](const Tensor& x) { return softmax(x, -1); })},
      {"softmax_maps", one(map, [](const Tensor& x) { return softmax(x, 1); })},
      {"cross_entropy", loss("ce")},
      {"dice", loss("dice")},
      {"dice_ce", loss("dice + ce")},
      {"gelu", one(tokens, [](const Tensor& x) { return gelu(x); })},
      {"attention", attention({16, 4 * n, 64}, false)},
      {"attention_causal", attention({16, 4 * n, 64}, true)},
      {"attention_short", attention({128, n / 4, 32}, false)},
      {"max_pool", one(map, [](const Tensor& x) { return max_pool2d(x, 2); })},
      {"avg_pool", one(map, [](const Tensor& x) { return avg_pool2d(x, 2); })},
      {"nearest",
       one(half, [](const Tensor& x) { return interpolate(x, {.scale_factor = {2.0}}); })},
      {"bilinear", one(half,
                       [](const Tensor& x) {
                         return interpolate(
                             x, {.scale_factor = {2.0}, .mode = Interpolation::bilinear});
                       })},
      {"bilinear_odd", one(half,
                           [n](const Tensor& x) {
                             return interpolate(x, {.size = Shape{n + 3, n + 1},
                                                    .mode = Interpolation::bilinear,
                                                    .align_corners = true});
                           })},
      {"trilinear", one({1, 32, n / 8, n / 8, n / 8},
                        [](const Tensor& x) {
                          return interpolate(
                              x, {.scale_factor = {2.0}, .mode = Interpolation::trilinear});
                        })},
      {"grid_sample",
       [=] {
         return Layer({{4, 3, n, n}, {4, n, n, 2}},
                      [](const Tensors& x) { return grid_sample(x[0], x[1] * 0.5); });
       }},
      {"grid_sample_deep",
       [=] {
         return Layer({map, {4, n, n, 2}},
                      [](const Tensors& x) { return grid_sample(x[0], x[1] * 0.5); });
       }},
      {"cat", [=] {
         return Layer({map, map}, [](const Tensors& x) { return cat({x[0], x[1]}, 1); });
       }}};
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  if (!quick && argc > 1) set_num_threads(std::atoi(argv[1]));
  if (quick) {
    for (const auto& entry : layers(16)) {
      const Layer layer = entry.second();
      fmt::print("{} {:.6f} {:.6f}\n", entry.first, layer.seconds(false), layer.seconds(true));
    }
    return 0;
  }
  const std::map<std::string, Maker> all = layers(256);
  std::map<std::string, std::unique_ptr<Layer>> made;
  std::string name, mode;
  while (std::cin >> name >> mode) {
    const auto found = all.find(name);
    if (found == all.end()) {
      fmt::print(stderr, "layers: there is no layer {}\n", name);
      return 1;
    }
    std::unique_ptr<Layer>& layer = made[name];
    if (!layer) layer = std::make_unique<Layer>(found->second());
    fmt::print("{:.6f}\n", layer->seconds(mode == "train"));
    std::fflush(stdout);
  }
  return 0;
}
