#include "nn/attention.h"

#include <limits>

#include "core/error.h"
#include "nn/describe.h"
#include "nn/init.h"
#include "ops/attention.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// A mask that is added to the scores: -inf where it is true.
Tensor additive(const Tensor& mask, DType dtype) {
  if (mask.dtype() != bool_) return cast(mask, dtype);
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  return where(mask, full({}, kNever, dtype), zeros({}, dtype));
}

// Both masks in one, as scaled_dot_product_attention takes it: bool, true where a query may look,
// or floating. Either may be undefined.
Tensor combined(const Tensor& a, const Tensor& b, DType dtype) {
  if (!a.defined() && !b.defined()) return {};
  if (!a.defined() || !b.defined()) {
    const Tensor& mask = a.defined() ? a : b;
    return mask.dtype() == bool_ ? !mask : cast(mask, dtype);
  }
  if (a.dtype() == bool_ && b.dtype() == bool_) return !logical_or(a, b);
  return additive(a, dtype) + additive(b, dtype);
}

void check_mask(const char* name, const Tensor& mask, bool fits, const char* shapes) {
  require(fits && (mask.dtype() == bool_ || is_floating(mask.dtype())),
          "MultiheadAttention: {} must be bool or floating {}, got {} {}", name, shapes,
          mask.dtype(), mask.shape());
}

}  // namespace

MultiheadAttention::MultiheadAttention(int64_t features, int64_t heads,
                                       const MultiheadAttentionOptions& o)
    : embed_dim(features),
      num_heads(heads),
      options(o),
      out_proj(add("out_proj", Linear(features, features, {.bias = o.bias}))) {
  require(heads > 0 && features % heads == 0,
          "MultiheadAttention: embed_dim must be a multiple of num_heads, got {} and {}", features,
          heads);
  require(o.dropout >= 0 && o.dropout <= 1,
          "MultiheadAttention: dropout must lie in [0, 1], got {}", o.dropout);
  const int64_t kdim = o.kdim.value_or(features), vdim = o.vdim.value_or(features);
  require(kdim > 0 && vdim > 0, "MultiheadAttention: kdim and vdim must be positive, got {} and {}",
          kdim, vdim);
  if (kdim == features && vdim == features) {
    in_proj_weight =
        add_parameter("in_proj_weight", init::xavier_uniform({3 * features, features}));
  } else {
    q_proj_weight = add_parameter("q_proj_weight", init::xavier_uniform({features, features}));
    k_proj_weight = add_parameter("k_proj_weight", init::xavier_uniform({features, kdim}));
    v_proj_weight = add_parameter("v_proj_weight", init::xavier_uniform({features, vdim}));
  }
  if (o.bias) {
    in_proj_bias = add_parameter("in_proj_bias", init::constant({3 * features}, 0));
    out_proj.bias.update(init::constant({features}, 0));
  }
}

Tensor MultiheadAttention::operator()(const Operand& query, const Tensor& key, const Tensor& value,
                                      const AttentionMasks& masks) {
  const Call call("multihead_attention", query.where);
  return run({query, key, value}, [&] { return attend(query, key, value, masks); });
}

Tensor MultiheadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                  const AttentionMasks& masks) const {
  const int ndim = query.ndim();
  require((ndim == 2 || ndim == 3) && key.ndim() == ndim && value.ndim() == ndim,
          "MultiheadAttention: query, key and value must all have 3 axes, or 2 without the batch, "
          "got {}, {} and {}",
          query.shape(), key.shape(), value.shape());
  // Inside, the batch is always there and always first.
  const auto batched = [&](const Tensor& x) {
    if (ndim == 2) return unsqueeze(x, 0);
    return options.batch_first ? x : transpose(x, 0, 1);
  };
  const Tensor y = attend_batch(batched(query), batched(key), batched(value), masks);
  if (ndim == 2) return squeeze(y, 0);
  return options.batch_first ? y : transpose(y, 0, 1);
}

Tensor MultiheadAttention::heads(int which, const Tensor& x) const {
  const Tensor* const separate[] = {&q_proj_weight, &k_proj_weight, &v_proj_weight};
  const int64_t first = which * embed_dim;
  const Tensor weight =
      in_proj_weight.defined() ? narrow(in_proj_weight, 0, first, embed_dim) : *separate[which];
  const Tensor bias = in_proj_bias.defined() ? narrow(in_proj_bias, 0, first, embed_dim) : Tensor();
  const Tensor y = linear(x, weight, bias);
  return transpose(unflatten(y, -1, {num_heads, embed_dim / num_heads}), 1, 2);
}

Tensor MultiheadAttention::attend_batch(const Tensor& query, const Tensor& key, const Tensor& value,
                                        const AttentionMasks& masks) const {
  const int64_t N = query.shape(0), L = query.shape(1), S = key.shape(1);
  require(key.shape(0) == N && value.shape(0) == N && value.shape(1) == S,
          "MultiheadAttention: batches must be equal, and keys as many as values, got {} queries, "
          "{} keys and {} values for batches of {}, {} and {}",
          L, S, value.shape(1), N, key.shape(0), value.shape(0));

  Tensor attn_mask = masks.attn_mask, padding = masks.key_padding_mask;
  if (attn_mask.defined()) {
    const bool each_head = attn_mask.shape() == Shape{N * num_heads, L, S};
    check_mask("attn_mask", attn_mask, each_head || attn_mask.shape() == Shape{L, S},
               "[L, S] or [N * num_heads, L, S]");
    if (each_head) attn_mask = reshape(attn_mask, {N, num_heads, L, S});
  }
  if (padding.defined()) {
    check_mask("key_padding_mask", padding,
               padding.shape() == Shape{N, S} || (N == 1 && padding.shape() == Shape{S}), "[N, S]");
    padding = reshape(padding, {N, 1, 1, S});
  }
  Tensor mask = combined(attn_mask, padding, query.dtype());
  if (masks.is_causal) {
    const Tensor causal = causal_mask(L, S);
    if (!mask.defined()) {
      mask = causal;
    } else if (mask.dtype() == bool_) {
      mask = logical_and(mask, causal);
    } else {
      mask = mask + additive(!causal, mask.dtype());
    }
  }
  const double dropout_p = is_training() ? options.dropout : 0;
  const Tensor y = scaled_dot_product_attention(heads(0, query), heads(1, key), heads(2, value),
                                                {.attn_mask = mask, .dropout_p = dropout_p});
  return out_proj(flatten(transpose(y, 1, 2), 2, 3));
}

std::string MultiheadAttention::describe() const {
  return Description(embed_dim, num_heads)
      .unless(0.0, "dropout", options.dropout)
      .unless(true, "bias", options.bias)
      .unless(embed_dim, "kdim", options.kdim.value_or(embed_dim))
      .unless(embed_dim, "vdim", options.vdim.value_or(embed_dim))
      .unless(false, "batch_first", options.batch_first);
}

}  // namespace tessera::nn
