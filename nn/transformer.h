#pragma once

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/norm.h"

namespace tessera::nn {

struct TransformerEncoderLayerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  Activation activation = Activation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  // norms in front of attention and feed-forward, not behind the sums
  bool bias = true;
};

// Self-attention, then two linear layers with an activation between them, each added to its input
// and normalised:
//
//   x = norm1(x + dropout1(self_attn(x)))
//   x = norm2(x + dropout2(linear2(dropout(activation(linear1(x))))))
//
// x [L, N, d_model], or [N, L, d_model] with batch_first, or [L, d_model]; the result has its
// shape. Same as torch.nn.TransformerEncoderLayer.
struct TransformerEncoderLayer : Module {
  TransformerEncoderLayer(int64_t d_model, int64_t nhead,
                          const TransformerEncoderLayerOptions& options = {});
  bool norm_first;
  MultiheadAttention& self_attn;
  Linear& linear1;
  Dropout& dropout;
  Linear& linear2;
  LayerNorm &norm1, &norm2;
  Dropout &dropout1, &dropout2;
  Module& activation;

  Tensor operator()(const Operand& x, const AttentionMasks& masks = {});
  Tensor forward(const Tensor& x) override { return encode(x, {}); }
  std::string describe() const override;

 private:
  Tensor encode(const Tensor& x, const AttentionMasks& masks);
  Tensor attended(const Tensor& x, const AttentionMasks& masks);
  Tensor fed_forward(const Tensor& x);
};

}  // namespace tessera::nn
