#pragma once

#include <optional>
#include <source_location>

#include "core/tensor.h"

namespace tessera {

struct AttentionOptions {
  // [..., L, S], broadcast: bool (true: query l may look at key s) or floating (added to the
  // scores). Undefined: no mask.
  Tensor attn_mask = {};
  double dropout_p = 0;    // of the weights; set it to 0 outside of training
  bool is_causal = false;  // query l looks at keys s <= l only; not together with attn_mask
  std::optional<double> scale = std::nullopt;  // of the scores; 1 / sqrt(E) when left out
  bool enable_gqa = false;  // grouped queries: several heads of the query share one of the key
};

// softmax(scale q k^T + mask) v: for each query a mean of the values, weighted by how well their
// keys fit it (Vaswani et al. 2017, arXiv:1706.03762).
//
// query   [..., L, E]; with enable_gqa [..., heads * n, L, E]
// key     [..., S, E]; with enable_gqa [..., heads, S, E]
// value   [..., S, Ev], with as many heads as key
// returns [..., L, Ev]; leading axes broadcast. A query that may look at no key gives zeros.
// throws  Error when shapes or dtypes do not fit, or both is_causal and attn_mask are given
//
// Floating tensors of one dtype; halves are computed in f32, but for weights and results, which the
// tensor cores of GPUs round. The scores [..., L, S] are never in memory, unless there are few of
// them, or with dropout, a mask that needs a gradient, or E or Ev above 512: then it is made of
// matmul and softmax. Same as
// torch.nn.functional.scaled_dot_product_attention.
Tensor scaled_dot_product_attention(const Operand& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options = {});

// The pieces, for other kinds of attention.

// bool [rows, columns]: column <= row + offset. An offset of the number of past keys lets each
// query look at all of them.
Tensor causal_mask(int64_t rows, int64_t columns, int64_t offset = 0,
                   const std::source_location& where = std::source_location::current());

// softmax of scores along the last axis where a mask allows it: bool (true: allowed) or floating
// (added), broadcast to the scores. A line in which nothing is allowed gives zeros, with zero
// gradient.
Tensor masked_softmax(const Operand& scores, const Tensor& mask);

}  // namespace tessera
