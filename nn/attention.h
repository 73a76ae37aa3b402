#pragma once

#include <optional>

#include "nn/linear.h"

namespace tessera::nn {

// Who may look at whom, as in torch.nn, which is the other way round than in
// ops/attention.h: true means "may NOT look".
struct AttentionMasks {
  // [L, S] or [N * num_heads, L, S]: bool, or floating and then added to the scores.
  Tensor attn_mask = {};
  // [N, S], or [S] without N: bool (true: padding, which nobody may look at) or floating (added).
  Tensor key_padding_mask = {};
  bool is_causal = false;  // nobody looks at what comes behind its own place
};

struct MultiheadAttentionOptions {
  double dropout = 0;  // of the attention weights, in training
  bool bias = true;
  std::optional<int64_t> kdim = std::nullopt, vdim = std::nullopt;  // features of keys and values
  bool batch_first = false;
};

// Attention in num_heads heads of embed_dim / num_heads features: queries, keys and values are
// projected, cut into heads, attended (see scaled_dot_product_attention), joined and projected
// again. Vaswani et al. 2017, arXiv:1706.03762.
//
// query   [L, N, embed_dim], or [N, L, embed_dim] with batch_first, or [L, embed_dim]
// key     [S, N, kdim] and so on; kdim and vdim are embed_dim where left out
// value   [S, N, vdim]
// returns the shape of query; a query that may look at nothing gives the bias of out_proj, where
//         torch gives NaN
//
// Parameters in_proj_weight [3 embed_dim, embed_dim] (or, with kdim or vdim, q_proj_weight,
// k_proj_weight, v_proj_weight), in_proj_bias [3 embed_dim], out_proj.weight, out_proj.bias. Same
// as torch.nn.MultiheadAttention, but for the attention weights, which it does not return.
struct MultiheadAttention : Module {
  MultiheadAttention(int64_t embed_dim, int64_t num_heads,
                     const MultiheadAttentionOptions& options = {});
  int64_t embed_dim, num_heads;
  MultiheadAttentionOptions options;
  Tensor in_proj_weight;                               // undefined with kdim or vdim, and then ...
  Tensor q_proj_weight, k_proj_weight, v_proj_weight;  // ... these are defined
  Tensor in_proj_bias;
  Linear& out_proj;

  Tensor operator()(const Operand& query, const Tensor& key, const Tensor& value,
                    const AttentionMasks& masks = {});
  // Self-attention: x is query, key and value.
  Tensor operator()(const Operand& x, const AttentionMasks& masks = {}) {
    return (*this)(x, x, x, masks);
  }
  Tensor forward(const Tensor& x) override { return attend(x, x, x, {}); }
  std::string describe() const override;

 private:
  Tensor attend(const Tensor& query, const Tensor& key, const Tensor& value,
                const AttentionMasks& masks) const;
  Tensor attend_batch(const Tensor& query, const Tensor& key, const Tensor& value,
                      const AttentionMasks& masks) const;
  // Projection 0, 1 or 2 (query, key, value) of x [N, L, features], in heads: [N, heads, L, d].
  Tensor heads(int which, const Tensor& x) const;
};

}  // namespace tessera::nn
