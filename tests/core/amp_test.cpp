#include "core/amp.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <thread>

#include <doctest/doctest.h>

#include "autograd/checkpoint.h"
#include "autograd/grad.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "nn/loss/loss.h"
#include "ops/activation.h"
#include "ops/affine_grid.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/creation.h"
#include "ops/einsum.h"
#include "ops/grid_sample.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/scan.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "zoo/unet.h"

using namespace tessera;

namespace {

// The largest difference over the largest magnitude of `exact`.
double relative_error(const Tensor& x, const Tensor& exact) {
  return max(abs(cast(x, f64) - cast(exact, f64))).item() / max(abs(cast(exact, f64))).item();
}

bool same_bits(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>(), y = b.data<float>();
  return a.shape() == b.shape() && std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

// A small network with what a segmentation network is made of; w holds two kernels and a matrix.
Tensor forward(const Tensor& x, const Tensors& w) {
  Tensor y = conv2d(x, w[0], {}, {.padding = 1});
  y = relu(batch_norm_train(y, zeros({8}), ones({8})).output);
  y = conv2d(cat({y, max_pool2d(y, 1)}, 1), w[1], {}, {.stride = 2});
  return linear(mean(gelu(y), {2, 3}), w[2]);
}

Tensors weights() {
  manual_seed(3);
  Tensors w = {variable(randn({8, 3, 3, 3}) * 0.3), variable(randn({8, 16, 2, 2}) * 0.2),
               variable(randn({4, 8}))};
  eval(w);
  return w;
}

}  // namespace

TEST_SUITE("core/amp") {
  TEST_CASE("which operators take halves, and which f32") {
    const Tensor x = ones({2, 4, 6, 6}), w = ones({4, 4, 3, 3}), m = ones({4, 4});
    const Tensor half = cast(x, bf16), rows = ones({3, 4}), target = zeros({2, 6, 6}, i64);
    const Tensor wide = cast(x, f64), wide_w = cast(w, f64);
    struct Row {
      const char* what;
      DType dtype;
      std::function<Tensor()> f;
    };
    const Row table[] = {
        {"conv2d", bf16, [&] { return conv2d(x, w, ones({4})); }},
        {"conv_transpose2d", bf16, [&] { return conv_transpose2d(half, w); }},
        {"conv2d of f64", f64, [&] { return conv2d(wide, wide_w); }},
        {"matmul", bf16, [&] { return matmul(rows, m); }},
        {"mm of two dtypes", bf16, [&] { return mm(cast(rows, f16), m); }},
        {"linear", bf16, [&] { return linear(rows, m, ones({4})); }},
        {"addmm", bf16, [&] { return addmm(rows, rows, m); }},
        {"einsum", bf16,
         [&] {
           return einsum("ij,jk->ik", {rows, m});
         }},
        {"attention", bf16, [&] { return scaled_dot_product_attention(rows, rows, rows); }},
        {"prelu", bf16, [&] { return prelu(x, ones({4})); }},
        {"matmul of integers", i64, [&] { return matmul(cast(rows, i64), cast(m, i64)); }},
        {"relu", bf16, [&] { return relu(half); }},
        {"elu", bf16, [&] { return elu(half); }},
        {"gelu of f32", f32, [&] { return gelu(x); }},
        {"max_pool2d", bf16, [&] { return max_pool2d(half, 2); }},
        {"batch_norm", bf16, [&] { return batch_norm(half, zeros({4}), ones({4})); }},
        {"layer_norm", bf16, [&] { return layer_norm(half, {6}); }},
        {"add", f32, [&] { return half + x; }},
        {"cat", f32,
         [&] {
           return cat({half, x});
         }},
        {"exp", f32, [&] { return exp(half); }},
        {"log", f32, [&] { return log(half); }},
        {"pow", f32, [&] { return pow(half, 2); }},
        {"softplus", f32, [&] { return softplus(half); }},
        {"softmax", f32, [&] { return softmax(half, 1); }},
        {"sum", f32, [&] { return sum(half); }},
        {"mean", f32,
         [&] {
           return mean(half, {2, 3});
         }},
        {"norm", f32, [&] { return norm(half); }},
        {"cumsum", f32, [&] { return cumsum(half, 1); }},
        {"cross_entropy", f32, [&] { return cross_entropy(half, target); }},
        {"mse_loss", f32, [&] { return mse_loss(half, x); }},
        {"dice", f32, [&] { return nn::loss("dice")(half, target); }},
        {"grid_sample", f32,
         [&] {
           return grid_sample(half, affine_grid(ones({2, 2, 3}, bf16), {2, 4, 6, 6}));
         }},
    };
    for (const Row& row : table) {
      CAPTURE(row.what);
      const Amp amp;
      CHECK(row.f().eval().dtype() == row.dtype);
    }
    CHECK(conv2d(x, w).dtype() == f32);
    CHECK(exp(half).dtype() == bf16);
  }

  TEST_CASE("guards nest, end with an exception, and are of one thread") {
    CHECK_FALSE(amp_dtype());
    {
      const Amp amp;
      CHECK(amp_dtype() == bf16);
      {
        const Amp other(f16);
        CHECK(amp_dtype() == f16);
        const Amp off(std::nullopt);
        CHECK_FALSE(amp_dtype());
      }
      CHECK(amp_dtype() == bf16);
      bool elsewhere = true;
      std::thread([&] { elsewhere = amp_dtype().has_value(); }).join();
      CHECK_FALSE(elsewhere);
      CHECK_THROWS_WITH_AS(Amp{f64}, doctest::Contains("must be bf16 or f16, got f64"), Error);
      CHECK(amp_dtype() == bf16);
    }
    CHECK_FALSE(amp_dtype());
  }

  TEST_CASE("gradients reach f32 weights, of first and second order") {
    const Tensors w = weights();
    const Tensor x = randn({2, 3, 9, 7}), target = randint(0, 4, {2});
    const auto gradients = [&](std::optional<DType> dtype) {
      Tensor loss;
      {
        const Amp amp(dtype);
        loss = cross_entropy(forward(x, w), target);
      }
      Tensors first = grad(loss, w);
      Tensor penalty = sum(square(first[0])) + sum(square(first[2]));
      const Tensors second = grad(penalty, w);
      first.insert(first.end(), second.begin(), second.end());
      first.push_back(loss);
      eval(first);
      return first;
    };
    const Tensors exact = gradients(std::nullopt);
    for (const DType dtype : {bf16, f16}) {
      const double bound = dtype == bf16 ? 0.1 : 0.02;
      CAPTURE(name_of(dtype));
      const Tensors low = gradients(dtype);
      for (size_t i = 0; i < low.size(); ++i) {
        CAPTURE(i);
        CHECK(low[i].dtype() == f32);
        CHECK(relative_error(low[i], exact[i]) < bound);
      }
      CHECK_FALSE(same_bits(low[0], exact[0]));
    }
  }

  TEST_CASE("a parameter is cast once, and gradients always reach it") {
    const Tensor w = variable(eye(3));
    const Tensor x = ones({2, 3});
    const Amp amp;
    const Tensor low = detail::amp_low(w);
    CHECK(detail::amp_low(w).node() == low.node());
    // A cast that an evaluation has cut off its variable, or made without gradients.
    optim::Sgd sgd({w}, {.lr = 0});
    for (int i = 0; i < 2; ++i) {
      {
        const NoGrad no_grad;
        matmul(x, w).eval();
      }
      sgd.backward(sum(matmul(x, matmul(x, w), {.transpose_a = true})));
    }
    w.update(zeros({3, 3}));
    CHECK(sum(matmul(x, w)).item() == 0);
    CHECK(grad(sum(matmul(x, w)), w).to_vector<float>()[0] == 2);
  }

  TEST_CASE("eager, lazy, and with a checkpoint: the same bits") {
    const Tensors w = weights();
    const Tensor x = randn({2, 3, 8, 8});
    const auto gradients = [&](bool checkpointed) {
      Tensor y;
      {
        const Amp amp;
        const auto segment = [&](const Tensors& in) { return Tensors{forward(in[0], w)}; };
        y = checkpointed ? checkpoint(segment, {x})[0] : forward(x, w);
      }
      Tensors result = grad(sum(y * y), w);
      eval(result);
      return result;
    };
    const Tensors lazy = gradients(false), again = gradients(true);
    const Eager eager;
    const Tensors each = gradients(false);
    for (size_t i = 0; i < w.size(); ++i) {
      CHECK(same_bits(lazy[i], each[i]));
      CHECK(same_bits(lazy[i], again[i]));
    }
  }

  TEST_CASE("a U-Net trains as it does in f32") {
    const auto losses = [](std::optional<DType> dtype) {
      manual_seed(5);
      zoo::UNet model(1, 2, {.width = 4});
      const Tensor x = randn({2, 1, 32, 32});
      const Tensor target = cast(gt(avg_pool2d(x, 5, {.stride = 1, .padding = 2}), 0), i64);
      optim::Adam adam(model.parameters(), {.lr = 3e-3});
      std::vector<double> result;
      for (int step = 0; step < 30; ++step) {
        Tensor loss;
        {
          const Amp amp(dtype);
          loss = cross_entropy(model(x), reshape(target, {2, 32, 32}));
        }
        adam.step(loss);
        result.push_back(loss.item());
      }
      return result;
    };
    const std::vector<double> exact = losses(std::nullopt), low = losses(bf16);
    for (size_t i = 0; i < exact.size(); ++i) CHECK(std::abs(low[i] - exact[i]) < 0.03);
    CHECK(low.back() < 0.6 * low.front());
  }
}
