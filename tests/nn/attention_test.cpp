#include "nn/attention.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "core/random.h"
#include "ops/axes.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "ops/shape.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"
#include "tests/oracle.h"

using namespace tessera;
using testing::error_of;

namespace {

// Attention of x[0], x[1], x[2] with the masks that are recorded for `what`.
auto attend_with(const nn::AttentionMasks& masks) {
  return [masks](nn::MultiheadAttention& attention, const Tensors& x) {
    return attention(x[0], x[1], x[2], masks);
  };
}

}  // namespace

TEST_SUITE("nn/attention") {
  TEST_CASE("multi-head attention is that of torch.nn") {
    const testing::LayerOracle oracle("blocks");
    oracle.check(
        "attention", [] { return nn::MultiheadAttention(4, 2); }, attend_with({}));
    oracle.check(
        "attention dims",
        [] {
          return nn::MultiheadAttention(4, 2,
                                        {.bias = false, .kdim = 3, .vdim = 2, .batch_first = true});
        },
        attend_with({}));
    oracle.check(
        "attention unbatched", [] { return nn::MultiheadAttention(4, 1); }, attend_with({}));
  }

  TEST_CASE("masks are those of torch.nn") {
    const testing::LayerOracle oracle("blocks");
    const auto make = [] { return nn::MultiheadAttention(4, 2); };
    oracle.check("attention mask", make,
                 attend_with({.attn_mask = oracle.recorded("attention mask/attn_mask")}));
    oracle.check("attention float mask", make,
                 attend_with({.attn_mask = oracle.recorded("attention float mask/attn_mask")}));
    oracle.check(
        "attention padding", make,
        attend_with({.key_padding_mask = oracle.recorded("attention padding/key_padding_mask")}));
    oracle.check(
        "attention both", make,
        attend_with({.attn_mask = oracle.recorded("attention both/attn_mask"),
                     .key_padding_mask = oracle.recorded("attention both/key_padding_mask")}));
  }

  TEST_CASE("bool and floating masks say the same, together and with is_causal") {
    manual_seed(1);
    nn::MultiheadAttention attention(4, 2);
    const Tensor x = randn({3, 2, 4});
    const double inf = INFINITY;
    const Tensor behind = tensor({0, 1, 1, 0, 0, 1, 0, 0, 0}, {3, 3}, bool_);
    const Tensor added = tensor({0, -inf, -inf, 0, 0, -inf, 0, 0, 0}, {3, 3});
    const Tensor padding = tensor({0, 0, 1, 0, 0, 0}, {2, 3}, bool_);
    const Tensor added_padding = tensor({0, 0, -inf, 0, 0, 0}, {2, 3});
    const Tensor causal = attention(x, {.is_causal = true});
    testing::check_close(attention(x, {.attn_mask = behind}), causal, 1e-6);
    testing::check_close(attention(x, {.attn_mask = added}), causal, 1e-6);
    testing::check_close(attention(x, {.attn_mask = behind, .is_causal = true}), causal, 1e-6);
    testing::check_close(attention(x, {.attn_mask = added, .is_causal = true}), causal, 1e-6);
    const Tensor both = attention(x, {.attn_mask = behind, .key_padding_mask = padding});
    testing::check_close(attention(x, {.attn_mask = added, .key_padding_mask = padding}), both,
                         1e-6);
    testing::check_close(attention(x, {.attn_mask = behind, .key_padding_mask = added_padding}),
                         both, 1e-6);
    testing::check_close(attention(x, {.key_padding_mask = padding, .is_causal = true}), both,
                         1e-6);
  }

  TEST_CASE("a query that may look at nothing gives the bias") {
    nn::MultiheadAttention attention(2, 1);
    attention.out_proj.bias.update(tensor({3, 4}, {2}));
    const Tensor y = attention(ones({1, 1, 2}), {.key_padding_mask = ones({1, 1}, bool_)});
    CHECK(y.to_vector<float>() == std::vector<float>{3, 4});
  }

  TEST_CASE("dropout of the weights acts in training only") {
    manual_seed(2);
    nn::MultiheadAttention attention(4, 2, {.dropout = 1});
    const Tensor x = randn({3, 2, 4});
    const std::vector<float> dropped = attention(x).to_vector<float>();
    CHECK(dropped == std::vector<float>(24, 0.0F));  // out_proj.bias begins as zeros
    attention.eval();
    CHECK(attention(x).to_vector<float>() != dropped);
    // Through the base class it is self-attention.
    nn::Module& module = attention;
    CHECK(module(x).to_vector<float>() == attention(x).to_vector<float>());
  }

  TEST_CASE("parameters begin as in torch: Xavier, biases 0") {
    manual_seed(3);
    const nn::MultiheadAttention attention(60, 2);
    double largest = 0;
    for (const float v : attention.in_proj_weight.to_vector<float>()) {
      largest = std::max(largest, std::abs(static_cast<double>(v)));
    }
    const double bound = std::sqrt(6.0 / (60 + 180));
    CHECK(largest <= bound * 1.000001);
    CHECK(largest > bound * 0.99);
    for (const Tensor& bias : {attention.in_proj_bias, attention.out_proj.bias}) {
      CHECK(bias.to_vector<float>() == std::vector<float>(static_cast<size_t>(bias.numel()), 0.0F));
    }
  }

  TEST_CASE("settings are described, wrong ones and wrong inputs refused") {
    CHECK(
        nn::MultiheadAttention(4, 2, {.dropout = 0.1, .kdim = 3, .batch_first = true}).describe() ==
        "4, 2, dropout=0.1, kdim=3, batch_first=true");
    CHECK(error_of([] { nn::MultiheadAttention(4, 3); }) ==
          "MultiheadAttention: embed_dim must be a multiple of num_heads, got 4 and 3");
    CHECK(error_of([] { nn::MultiheadAttention(4, 2, {.dropout = 2}); }) ==
          "MultiheadAttention: dropout must lie in [0, 1], got 2");
    nn::MultiheadAttention attention(4, 2);
    const Tensor x = ones({3, 2, 4});
    CHECK(error_of([&] {
            attention(x, x, ones({4, 2, 4}));
          }).find("MultiheadAttention: batches must be equal, and keys as many as values") == 0);
    CHECK(error_of([&] { attention(ones({4})); }).find("must all have 3 axes") !=
          std::string::npos);
    CHECK(error_of([&] {
            attention(x, {.attn_mask = ones({3, 4}, bool_)});
          })
              .find("attn_mask must be bool or floating [L, S] or [N * num_heads, L, S], got bool "
                    "[3, 4]") != std::string::npos);
    CHECK(error_of([&] {
            attention(x, {.key_padding_mask = ones({2, 3}, i64)});
          }).find("key_padding_mask must be bool or floating [N, S], got i64") !=
          std::string::npos);
    CHECK(error_of([&] {
            attention(ones({3, 2, 5}));
          }).find("in MultiheadAttention") != std::string::npos);
  }
}
