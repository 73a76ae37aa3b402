#include "ops/attention.h"

#include <cmath>
#include <limits>

#include "core/amp.h"
#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/attention_nodes.h"
#include "ops/binary.h"
#include "ops/dropout.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace tessera {

namespace {

constexpr const char* kName = "scaled_dot_product_attention";
constexpr double kMasked = -std::numeric_limits<double>::infinity();

void check(const Tensor& query, const Tensor& key, const Tensor& value,
           const AttentionOptions& options) {
  for (const Tensor* x : {&query, &key, &value}) {
    require(x->defined(), "{}: an argument is an undefined tensor", kName);
    require(x->ndim() >= 2, "{}: query, key and value need at least 2 dimensions, got {}, {}, {}",
            kName, query.shape(), key.defined() ? key.shape() : Shape{},
            value.defined() ? value.shape() : Shape{});
    require(is_floating(x->dtype()) && x->dtype() == query.dtype(),
            "{}: query, key and value must be of one floating dtype, got {} and {}", kName,
            query.dtype(), x->dtype());
  }
  require(query.shape(-1) == key.shape(-1),
          "{}: query {} and key {} must have the same last extent", kName, query.shape(),
          key.shape());
  require(key.shape(-2) == value.shape(-2),
          "{}: there must be a value for each key, got keys {} and values {}", kName, key.shape(),
          value.shape());
  require(options.dropout_p >= 0 && options.dropout_p <= 1,
          "{}: dropout_p must lie in [0, 1], got {}", kName, options.dropout_p);
  const Tensor& mask = options.attn_mask;
  if (!mask.defined()) return;
  require(!options.is_causal,
          "{}: is_causal and attn_mask do not go together; combine causal_mask with the mask",
          kName);
  require(mask.dtype() == bool_ || mask.dtype() == query.dtype() || mask.dtype() == f32,
          "{}: attn_mask must be bool, f32 or {} like the query, got {}", kName, query.dtype(),
          mask.dtype());
}

// [..., heads * n, a, b] as [..., heads, n, a, b], without an axis to split as it is.
Tensor grouped(const Tensor& x, int64_t heads) {
  if (x.ndim() < 3) return x;
  const int axis = x.ndim() - 3;
  const int64_t outer = x.shape(axis) == 1 ? 1 : heads;
  return reshape(x, x.shape().with(axis, x.shape(axis) / outer).inserted(axis, outer));
}

// [..., a, b] as [heads, a, b] with the leading axes of `shape`.
Tensor flattened(const Tensor& x, const Shape& leading) {
  const int64_t a = x.shape(-2), b = x.shape(-1);
  return reshape(expand(x, leading.inserted(leading.ndim(), a).inserted(leading.ndim() + 1, b)),
                 {leading.numel(), a, b});
}

Shape leading_axes(const Tensor& x) {
  return x.shape().slice(0, x.ndim() - 2);
}

// Whether a GPU has tensor cores for halves as they are. Elsewhere they are widened before, so that
// what is kept for the gradients is not rounded.
bool for_tensor_cores(const Tensor& query, const Tensor& value, const AttentionOptions& options) {
  constexpr int64_t kStep = 8, kWidest = 128;
  const auto fits = [](int64_t width) { return width % kStep == 0 && width <= kWidest; };
  return is_half(query.dtype()) && query.device().kind == Device::Kind::cuda &&
         !options.attn_mask.defined() && fits(query.shape(-1)) && fits(value.shape(-1));
}

// Without the matrix of scores, where that is worth it and the mask needs no gradient; else an
// undefined tensor.
Tensor by_blocks(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                 const detail::FlashAttentionOptions& options) {
  constexpr int64_t kFewScores = 1 << 12, kWidest = 512;
  const int64_t L = q.shape(-2), S = k.shape(-2);
  if (L * S < kFewScores || q.shape(-1) > kWidest || v.shape(-1) > kWidest) return {};
  if (q.numel() == 0 || k.numel() == 0 || v.numel() == 0) return {};
  if (mask.defined() && !mask.node()->constant) return {};
  const Shape leading = broadcast_shapes(
      leading_axes(q), broadcast_shapes(leading_axes(k), leading_axes(v), kName), kName);
  Tensor each;
  if (mask.defined()) {
    each = mask.dtype() == bool_ ? mask : cast(mask, compute_type(q.dtype()));
    while (each.ndim() < 2) each = reshape(each, each.shape().inserted(0, 1));
    const Shape own = leading_axes(each);
    if (broadcast_shapes(own, leading, kName) != leading) return {};
    each = flattened(each, own.numel() == 1 ? Shape{1} : leading);
  }
  const Tensor y = detail::flash_attention(flattened(q, leading), flattened(k, leading),
                                           flattened(v, leading), each, options);
  return reshape(y, leading.inserted(leading.ndim(), L).inserted(leading.ndim() + 1, v.shape(-1)));
}

}  // namespace

Tensor causal_mask(int64_t rows, int64_t columns, int64_t offset,
                   const std::source_location& where) {
  const Call call("causal_mask", where);
  require(rows >= 0 && columns >= 0, "causal_mask: extents must not be negative, got {} and {}",
          rows, columns);
  return lt(iota({columns}), reshape(iota({rows}), {rows, 1}) + (offset + 1));
}

Tensor masked_softmax(const Operand& scores, const Tensor& mask) {
  const Call call("masked_softmax", scores.where);
  require(scores.defined() && mask.defined(), "masked_softmax: an argument is undefined");
  require(is_floating(scores.dtype()) && scores.ndim() > 0,
          "masked_softmax: the scores must be floating with at least one axis, got {} {}",
          scores.dtype(), scores.shape());
  require(mask.dtype() == bool_ || is_floating(mask.dtype()),
          "masked_softmax: the mask must be bool or floating, got {}", mask.dtype());
  require(broadcast_shapes(scores.shape(), mask.shape(), "masked_softmax") == scores.shape(),
          "masked_softmax: the mask {} must broadcast to the scores {}", mask.shape(),
          scores.shape());
  const Tensor masked = mask.dtype() == bool_ ? tessera::where(mask, scores, kMasked)
                                              : add(scores, cast(mask, scores.dtype()));
  // Lines without hope are computed as if they were all 0, so that no NaN reaches the gradient.
  const Tensor hopeless = all(eq(masked, kMasked), {-1}, true);
  return tessera::where(hopeless, 0.0, softmax(tessera::where(hopeless, 0.0, masked), -1));
}

Tensor scaled_dot_product_attention(const Operand& given_query, const Tensor& given_key,
                                    const Tensor& given_value, const AttentionOptions& options) {
  const Call call(kName, given_query.where);
  const Tensor query = detail::amp_low(given_query), key = detail::amp_low(given_key),
               value = detail::amp_low(given_value);
  const Amp only_the_arguments(std::nullopt);
  check(query, key, value, options);
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(query.shape(-1))));
  const DType full = compute_type(query.dtype()),
              type = for_tensor_cores(query, value, options) ? query.dtype() : full;
  Tensor q = cast(query, type), k = cast(key, type), v = cast(value, type);
  Tensor mask = options.attn_mask;

  const bool share = options.enable_gqa && q.ndim() > 2 && k.ndim() > 2;
  if (share) {
    const int64_t heads = k.shape(-3);
    require(v.ndim() > 2 && v.shape(-3) == heads && heads > 0 && q.shape(-3) % heads == 0,
            "{}: with enable_gqa key and value need the same number of heads, a divisor of the "
            "query's, got {}, {}, {}",
            kName, query.shape(), key.shape(), value.shape());
    const int64_t all_heads = q.shape(-3);
    q = grouped(q, heads);
    k = grouped(k, heads);
    v = grouped(v, heads);
    if (mask.defined() && mask.ndim() > 2) {
      require(mask.shape(-3) == 1 || mask.shape(-3) == all_heads,
              "{}: attn_mask {} must have 1 or {} heads", kName, mask.shape(), all_heads);
      mask = grouped(mask, heads);
    }
  }
  Tensor y;
  if (options.dropout_p == 0) {
    y = by_blocks(q, k, v, mask, {.scale = scale, .causal = options.is_causal});
  }
  if (!y.defined()) {
    q = cast(q, full);
    k = cast(k, full);
    v = cast(v, full);
    if (options.is_causal) mask = causal_mask(q.shape(-2), k.shape(-2));
    const Tensor scores = matmul(q * scale, k, {.transpose_b = true});
    Tensor weights = mask.defined() ? masked_softmax(scores, mask) : softmax(scores, -1);
    if (options.dropout_p > 0) weights = dropout(weights, options.dropout_p);
    y = matmul(weights, v);
  }
  if (share) {
    const int axis = y.ndim() - 4;
    y = reshape(y, y.shape().without(axis).with(axis, y.shape(axis) * y.shape(axis + 1)));
  }
  return cast(y, query.dtype());
}

}  // namespace tessera
