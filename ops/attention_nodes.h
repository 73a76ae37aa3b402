#pragma once

#include "core/tensor.h"

// Attention without its matrix of scores: a block of queries meets the keys block by block, and the
// softmax is corrected as greater scores turn up (Milakov & Gimelshein 2018, arXiv:1805.02867; Dao
// et al. 2022, arXiv:2205.14135). Memory grows with L + S instead of L S.
namespace tessera::detail {

struct FlashAttentionOptions {
  double scale = 1;
  bool causal = false;  // query l looks at keys s <= l only
};

// softmax(scale q k^T + mask) v, [H, L, Ev], of q [H, L, E], k [H, S, E] and v [H, S, Ev], of one
// floating dtype, all extents positive; halves are computed in f32, and gradients from y as it was
// rounded. mask is undefined, as it must be with causal, or bool or of the dtype that computes and
// constant, [H or 1, L or 1, S or 1]. A query that may look at no key gives zeros. Gradients with
// respect to q, k and v, of any order; from the second on they are made of matrix products.
Tensor flash_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                       const FlashAttentionOptions& options);

}  // namespace tessera::detail
