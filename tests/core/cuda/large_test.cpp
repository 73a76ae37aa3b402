#include <cmath>
#include <span>
#include <string>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/transfer.h"
#include "nn/loss/distance.h"
#include "ops/adaptive_pool.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/scan.h"
#include "ops/softmax.h"
#include "ops/sort.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The value of f at x and the gradients of the sum of its cubes by three, where there are any.
Tensors run(const TensorFunction& f, const Tensors& values, Device device) {
  const OnDevice on(device);
  Tensors x;
  for (const Tensor& value : values) x.push_back(variable(to(value, device)));
  const Tensor y = f(x);
  Tensors results{to(y, Device::cpu())};
  if (!is_floating(y.dtype())) return results;
  for (const Tensor& dx : grad(y, x, {.seed = y * y, .allow_unused = true}))
    results.push_back(to(dx, Device::cpu()));
  return results;
}

struct Case {
  std::string what;
  Tensors x;
  TensorFunction f;
};

// Compares a GPU without NVIDIA's libraries with the processor.
void compare(std::span<const Case> cases, DType type, double rtol) {
  const WithHostGpu gpu(HostGpuMode::bare);
  for (const Case& each : cases) {
    INFO(each.what);
    Tensors x;
    for (const Tensor& exact : each.x) x.push_back(cast(exact, type).eval());
    const Tensors results = run(each.f, x, host_gpu());
    const Tensors expected = run(each.f, x, Device::cpu());
    for (size_t i = 0; i < results.size(); ++i)
      CHECK(difference(results[i], expected[i], rtol) == "");
  }
  CHECK(gpu->fallbacks().empty());
}

Case attention(const std::string& what, const Shape& q, const Shape& k, const Shape& v,
               const AttentionOptions& options = {}) {
  return {what, {uniform(q), uniform(k, -1, 1, 1), uniform(v, -1, 1, 2)}, [=](const Tensors& x) {
            AttentionOptions o = options;
            if (o.attn_mask.defined()) {
              o.attn_mask = to(o.attn_mask, x[0].device());
              if (is_floating(o.attn_mask.dtype())) o.attn_mask = cast(o.attn_mask, x[0].dtype());
            }
            return scaled_dot_product_attention(x[0], x[1], x[2], o);
          }};
}

}  // namespace

TEST_SUITE("core/cuda/large") {
  // The samples of the registry are small: there one block, or one thread, does everything.
  TEST_CASE("what is shared among blocks and threads gives what the processor gives") {
    const Case cases[] = {
        {"instance norm over several pieces",
         {uniform({2, 3, 5000})},
         [](const Tensors& x) { return instance_norm(x[0]); }},
        {"softmax of long rows",
         {uniform({3, 1500})},
         [](const Tensors& x) { return softmax(x[0], 1); }},
        {"a scan in several steps",
         {uniform({2, 700})},
         [](const Tensors& x) { return cumsum(x[0], 1); }},
        {"a window that many threads share",
         {distinct({2, 1, 40, 50})},
         [](const Tensors& x) { return adaptive_max_pool2d(x[0], 1); }},
        {"a mean that many threads share",
         {distinct({2, 1, 40, 50})},
         [](const Tensors& x) { return adaptive_avg_pool2d(x[0], 1); }},
        {"bitonic sort",
         {cast(integers({2, 5000}, 0, 900), f64)},
         [](const Tensors& x) { return argsort(x[0], 1); }},
        {"a product of several tiles and parts",
         {uniform({2, 70, 2100}), uniform({2, 67, 2100}, -1, 1, 1)},
         [](const Tensors& x) { return matmul(x[0], x[1], {.transpose_b = true}); }},
        {"a convolution whose weight has several parts",
         {uniform({2, 4, 70, 66}), uniform({2, 2, 3, 2}, -1, 1, 1)},
         [](const Tensors& x) {
           return conv2d(x[0], x[1], {}, {.stride = {1, 2}, .padding = 1, .groups = 2});
         }},
        {"distances to a boundary",
         {uniform({2, 2, 9, 7}), uniform({2, 9, 7}, -1, 1, 1)},
         [](const Tensors& x) {
           const nn::Segmentation s(x[0], cast(gt(x[1], 0.2), i64));
           return nn::boundary_loss(s, {.spacing = {2, 0.5}}) + nn::hausdorff_loss(s);
         }},
    };
    compare(cases, f64, 1e-11);
  }

  TEST_CASE("of several nan in a window the last is chosen, by one thread or many") {
    std::vector<double> values(11 * 9, 1);
    for (const size_t i : {size_t{12}, size_t{14}, size_t{23}, size_t{70}}) values[i] = NAN;
    const auto slopes = [&](Device device, const TensorFunction& pool) {
      const OnDevice on(device);
      const Tensor x = variable(from_bytes(values.data(), {1, 1, 11, 9}, f64)), y = pool({x});
      return grad(y, x, {.seed = ones(y.shape(), f64)}).to_vector<double>();
    };
    const WithHostGpu gpu;
    const TensorFunction pools[] = {
        [](const Tensors& x) { return max_pool2d(x[0], 3, {.stride = 1}); },
        [](const Tensors& x) {
          return max_pool2d(x[0], {1, 3});
        },
        [](const Tensors& x) { return adaptive_max_pool2d(x[0], 1); },
    };
    for (const TensorFunction& pool : pools)
      CHECK(slopes(host_gpu(), pool) == slopes(Device::cpu(), pool));
  }

  TEST_CASE("attention that never has its scores in memory") {
    const Tensor some = gt(uniform({70, 150}, -1, 1, 4), 0.3).eval();
    const Tensor of_each = gt(uniform({2, 1, 150}, -1, 1, 5), 0.0).eval();
    const Tensor rows = gt(uniform({70, 1}, -1, 1, 6), 0.0).eval();
    const Tensor added = uniform({70, 150}, -2, 2, 7).eval();
    const Shape q = {2, 70, 5}, k = {2, 150, 5}, v = {2, 150, 3};
    const Case cases[] = {
        attention("plain", q, k, v),
        attention("causal", q, k, v, {.is_causal = true, .scale = 0.6}),
        attention("causal, more queries", {1, 150, 4}, {1, 70, 4}, {1, 70, 4}, {.is_causal = true}),
        attention("several blocks of columns", {1, 65, 70}, {1, 64, 70}, {1, 64, 130}),
        attention("a mask", q, k, v, {.attn_mask = some}),
        attention("a mask for each head", q, k, v, {.attn_mask = of_each}),
        attention("some queries see nothing", q, k, v, {.attn_mask = rows}),
        attention("an added mask", q, k, v, {.attn_mask = added}),
    };
    compare(cases, f64, 1e-11);
    compare(std::span(cases).first(2), f32, 1e-5);
    compare(std::span(cases).first(2), bf16, 0.02);
  }
}
