#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/op.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/matmul.h"
#include "ops/rearrange.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// [N, L, heads * D] as [N, heads, L, D].
Tensor split_heads(const Tensor& x, int64_t heads) {
  if (x.ndim() == 4) return x;
  require(x.ndim() == 3 && heads > 0 && x.shape(2) % heads == 0,
          "onnx: Attention must have 3 or 4 axes and its heads divide the last, got {} and {}",
          x.shape(), heads);
  return permute(reshape(x, {x.shape(0), x.shape(1), heads, x.shape(2) / heads}), {0, 2, 1, 3});
}

// 0 where attention is allowed and -inf elsewhere.
Tensor as_bias(const Tensor& allowed, DType dtype) {
  return where(allowed, scalar(0.0, dtype), scalar(kMinusInfinity, dtype));
}

// A mask, as a bias, for fewer keys than there are allows none of the others.
Tensor mask_bias(const Tensor& mask, int64_t keys, DType dtype) {
  Tensor bias = mask.dtype() == bool_ ? as_bias(mask, dtype) : cast(mask, dtype);
  const int64_t missing = keys - bias.shape(-1);
  if (missing <= 0) return bias;
  Shape rest = bias.shape();
  rest[rest.ndim() - 1] = missing;
  return cat({bias, expand(scalar(kMinusInfinity, dtype), rest)}, -1);
}

// Sum of all that forbids: mask, causality, sliding window and padding of the keys. It broadcasts
// to [N, heads, queries, keys].
Tensor attention_bias(const Node& node, const Inputs& x, int64_t queries, int64_t keys,
                      DType dtype) {
  Tensor bias = expand(scalar(0.0, dtype), {queries, keys});
  if (x.has(3)) bias = bias + mask_bias(x[3], keys, dtype);
  const Tensor key = reshape(iota({keys}), {1, keys});
  // Position of the first query among the keys: behind the cached ones.
  Tensor offset = scalar(x.has(4) ? x[4].shape(2) : int64_t{0}, i64);
  if (!x.has(4) && x.has(6)) {
    offset = reshape(cast(x[6], i64), {x[6].numel(), 1, 1, 1}) - queries;
  }
  const Tensor ahead = key - (reshape(iota({queries}), {queries, 1}) + offset);
  const int64_t left = node.integer("left_window_size", -1);
  const int64_t right = node.integer("right_window_size", -1);
  if (node.integer("is_causal", 0) != 0) bias = bias + as_bias(le(ahead, 0), dtype);
  if (left >= 0) bias = bias + as_bias(ge(ahead, -left), dtype);
  if (right >= 0) bias = bias + as_bias(le(ahead, right), dtype);
  if (x.has(6)) {
    bias = bias + as_bias(lt(key, reshape(cast(x[6], i64), {x[6].numel(), 1, 1, 1})), dtype);
  }
  return bias;
}

// Each head `times` times in a row.
Tensor repeat_heads(const Tensor& x, int64_t times) {
  return times == 1 ? x : repeat_interleave(x, times, 1);
}

// The scores before and after softcap, with the bias, and after softmax.
std::array<Tensor, 4> score_stages(const Node& node, const Tensor& query, const Tensor& key,
                                   const Tensor& bias, double scale) {
  // Half of the scale on each side, so that halves do not overflow.
  const double half = std::sqrt(scale), softcap = node.real("softcap", 0);
  const Tensor raw = matmul(query * half, key * half, {.transpose_b = true});
  const Tensor capped = softcap > 0 ? tanh(raw / softcap) * softcap : raw;
  const int64_t precision = node.integer("softmax_precision", 0);
  const DType dtype = precision == 0 ? query.dtype() : dtype_from(precision);
  const Tensor weights = masked_softmax(cast(capped, dtype), cast(bias, dtype));
  return {raw, capped, capped + bias, cast(weights, query.dtype())};
}

// Inputs Q, K, V, mask, past key, past value, lengths of the keys; outputs Y, present key, present
// value, and the scores at the stage that qk_matmul_output_mode says.
Tensors attention(const Node& node, const Inputs& x) {
  const int64_t kv_heads = node.integer("kv_num_heads", 0);
  const Tensor query = split_heads(x[0], node.integer("q_num_heads", 0));
  Tensor key = split_heads(x[1], kv_heads), value = split_heads(x[2], kv_heads);
  if (x.has(4)) key = cat({x[4], key}, 2);
  if (x.has(5)) value = cat({x[5], value}, 2);
  const double scale = node.real("scale", 1 / std::sqrt(static_cast<double>(query.shape(3))));
  const int64_t times = query.shape(1) / key.shape(1);
  const bool plain = node.real("softcap", 0) == 0 && !node.has("softmax_precision");
  const bool only_causal = node.integer("is_causal", 0) != 0 && !x.has(3) && !x.has(4) &&
                           !x.has(6) && !node.has("left_window_size") &&
                           !node.has("right_window_size");
  const Tensor bias = attention_bias(node, x, query.shape(2), key.shape(2), query.dtype());
  const auto stages = score_stages(node, query, repeat_heads(key, times), bias, scale);
  AttentionOptions options{.scale = scale, .enable_gqa = times > 1};
  if (only_causal) {
    options.is_causal = true;
  } else {
    options.attn_mask = bias;
  }
  Tensor y = plain ? scaled_dot_product_attention(query, key, value, options)
                   : matmul(stages[3], repeat_heads(value, times));
  if (x[0].ndim() == 3) {
    y = reshape(permute(y, {0, 2, 1, 3}), {y.shape(0), y.shape(2), y.shape(1) * y.shape(3)});
  }
  return {y, key, value, stages.at(static_cast<size_t>(node.integer("qk_matmul_output_mode", 0)))};
}

}  // namespace

void add_attention(Registry& ops) {
  ops.insert({{"Attention", attention}});
}

}  // namespace tessera::onnx
