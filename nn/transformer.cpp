#include "nn/transformer.h"

#include "nn/describe.h"
#include "ops/binary.h"

namespace tessera::nn {

TransformerEncoderLayer::TransformerEncoderLayer(int64_t d_model, int64_t nhead,
                                                 const TransformerEncoderLayerOptions& o)
    : norm_first(o.norm_first),
      self_attn(add("self_attn",
                    MultiheadAttention(
                        d_model, nhead,
                        {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first}))),
      linear1(add("linear1", Linear(d_model, o.dim_feedforward, {.bias = o.bias}))),
      dropout(add("dropout", Dropout(o.dropout))),
      linear2(add("linear2", Linear(o.dim_feedforward, d_model, {.bias = o.bias}))),
      norm1(add("norm1", LayerNorm(d_model, {.eps = o.layer_norm_eps, .bias = o.bias}))),
      norm2(add("norm2", LayerNorm(d_model, {.eps = o.layer_norm_eps, .bias = o.bias}))),
      dropout1(add("dropout1", Dropout(o.dropout))),
      dropout2(add("dropout2", Dropout(o.dropout))),
      activation(add_child("activation", make_activation(o.activation))) {}

Tensor TransformerEncoderLayer::operator()(const Operand& x, const AttentionMasks& masks) {
  const Call call("transformer_encoder_layer", x.where);
  return run({x}, [&] { return encode(x, masks); });
}

Tensor TransformerEncoderLayer::encode(const Tensor& x, const AttentionMasks& masks) {
  if (norm_first) {
    const Tensor y = x + attended(norm1(x), masks);
    return y + fed_forward(norm2(y));
  }
  const Tensor y = norm1(x + attended(x, masks));
  return norm2(y + fed_forward(y));
}

Tensor TransformerEncoderLayer::attended(const Tensor& x, const AttentionMasks& masks) {
  return dropout1(self_attn(x, masks));
}

Tensor TransformerEncoderLayer::fed_forward(const Tensor& x) {
  return dropout2(linear2(dropout(activation(linear1(x)))));
}

std::string TransformerEncoderLayer::describe() const {
  return Description(self_attn.embed_dim, self_attn.num_heads)
      .add("dim_feedforward", linear1.out_features)
      .unless(false, "norm_first", norm_first);
}

}  // namespace tessera::nn
