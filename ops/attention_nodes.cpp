#include "ops/attention_nodes.h"

#include <cmath>
#include <vector>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "ops/attention_op.h"
#include "ops/shape.h"

namespace tessera::detail {

cuda::attention::Attention AttentionOp::on_gpu(std::span<const Array> in) const {
  const auto rows = [](const Array& x) {
    return cuda::attention::Rows{x.data, x.shape[1], x.shape[2]};
  };
  cuda::attention::Attention a{.heads = in[0].shape[0],
                               .scale = options_.scale,
                               .causal = options_.causal,
                               .q = rows(in[0]),
                               .k = rows(in[1]),
                               .v = rows(in[2])};
  if (masked_) {
    const Shape& shape = in[3].shape;
    (in[3].dtype == bool_ ? a.mask.allowed : a.mask.added) = in[3].data;
    a.mask.head = shape[0] == 1 ? 0 : shape[1] * shape[2];
    a.mask.query = shape[1] == 1 ? 0 : shape[2];
    a.mask.key = shape[2] == 1 ? 0 : 1;
  }
  if (in.size() > rest_at()) {
    const Array &row = in[rest_at()], &dy = in[rest_at() + 1];
    const AttentionRow parts(in[0].shape, in[2].shape, row.dtype);
    a.y = {row.data, a.q.rows, a.v.width};
    a.log_sums = row.data + parts.sums * size_of(row.dtype);
    a.dy = {dy.data, a.q.rows, a.v.width};
  }
  return a;
}

bool AttentionOp::by_library(cuda::Stream& stream, cuda::Attention::Kind kind,
                             std::span<const Array> in, const Array& out) const {
  if (masked_ || !is_half(out.dtype)) return false;
  cuda::Attentions* const library = stream.attentions();
  if (!library) return false;
  const bool forward = kind == cuda::Attention::Kind::forward;
  const AttentionRow parts(in[0].shape, in[2].shape, out.dtype);
  const Array& row = forward ? out : in[rest_at()];
  cuda::Attention a{.kind = kind, .type = out.dtype, .causal = options_.causal};
  a.scale = options_.scale;
  a.heads = in[0].shape[0];
  a.queries = in[0].shape[1];
  a.keys = in[1].shape[1];
  a.width = in[0].shape[2];
  a.value_width = in[2].shape[2];
  a.q = in[0].data;
  a.k = in[1].data;
  a.v = in[2].data;
  a.y = row.data;
  a.log_sums = row.data + parts.sums * size_of(row.dtype);
  if (!forward) {
    a.dy = in[rest_at() + 1].data;
    a.dq = out.data;
    a.dk = a.dq + in[0].numel() * size_of(out.dtype);
    a.dv = a.dk + in[1].numel() * size_of(out.dtype);
  }
  return library->run(stream, a);
}

void AttentionOp::launch(cuda::Stream& stream, const char* kernel, DType type, const char* options,
                         const cuda::attention::Rows& own, int64_t width,
                         const cuda::attention::Attention& a) {
  const auto blocks = [](int64_t n) { return (n + cuda::tiles::kTile - 1) / cuda::tiles::kTile; };
  stream.launch("ops/attention.cu.inc",
                fmt::format("cuda::attention::{}<{}{}>", kernel, cuda::c_type(type), options),
                {a.heads * blocks(own.rows), blocks(width)}, a);
}

namespace {

class FlashAttentionOp final : public AttentionOp {
 public:
  using AttentionOp::AttentionOp;
  std::string_view name() const override { return "flash_attention"; }
  Cost cost(const Node& node) const override {
    const Node &q = *node.input(0), &v = *node.input(2);
    return {2.0 * static_cast<double>(q.shape[0] * q.shape[1] * v.shape[1]) *
            static_cast<double>(q.shape[2] + v.shape[2])};
  }

  void run(std::span<const Array> in, const Array& out) const override {
    cpu::for_real(out.dtype, [&]<class T>(T) {
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      const RealRows<T> all_q(in[0]), all_k(in[1]), all_v(in[2]);
      const Rows<T>&q = all_q.rows, &k = all_k.rows, &v = all_v.rows;
      const int64_t H = in[0].shape[0], L = q.rows, Ev = v.width;
      const cpu::Reals result(out.data, out.dtype);
      const AttentionRow parts(in[0].shape, in[2].shape, out.dtype);
      T* const log_sums = reinterpret_cast<T*>((result + parts.sums).data);
      const Panels<T> keys(k, H, kKeys, true), values(v, H, kKeys, false);
      const int64_t row_blocks = (L + kQueries - 1) / kQueries, sum_row = values.columns();
      cpu::parallel_for(H * row_blocks, false, [&](int64_t item) {
        const int64_t head = item / row_blocks, first = item % row_blocks * kQueries;
        const int64_t count = std::min(kQueries, L - first);
        std::vector<T> scores(kQueries * kKeys), sums(static_cast<size_t>(kQueries * sum_row));
        T greatest[kQueries], total[kQueries] = {};
        std::fill_n(greatest, kQueries, -kInfinity);
        for (int64_t c = 0; c < k.rows; c += kKeys) {
          if (options_.causal && c >= first + count) break;
          const int64_t n = std::min(kKeys, k.rows - c), block = c / kKeys;
          keys.multiply(head, block, count, q.width, {q.at(head, first), q.stride, 1},
                        scores.data(), kKeys, false);
          for (int64_t r = 0; r < count; ++r) {
            T* const row = scores.data() + r * kKeys;
            finish(in, head, first + r, c, n, row);
            const T factor = attention_kernels<T>().join(n, row, &greatest[r], &total[r]);
            T* const sum = sums.data() + r * sum_row;
            if (c > 0 && factor != 1) attention_kernels<T>().multiply(Ev, factor, sum, sum);
          }
          values.multiply(head, block, count, n, {scores.data(), kKeys, 1}, sums.data(), sum_row,
                          c > 0);
        }
        std::vector<T> line(static_cast<size_t>(Ev));
        for (int64_t r = 0; r < count; ++r) {
          const int64_t query = head * L + first + r;
          const cpu::Reals place = result + query * Ev;
          T* const y = place.room(line.data());
          const T sum = total[r];
          attention_kernels<T>().multiply(Ev, sum == 0 ? T(0) : 1 / sum, sums.data() + r * sum_row,
                                          y);
          place.take(Ev, y);
          log_sums[query] = sum == 0 ? kInfinity : greatest[r] + std::log(sum);
        }
      });
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    if (by_library(stream, cuda::Attention::Kind::forward, in, out)) return true;
    cuda::attention::Attention a = on_gpu(in);
    const AttentionRow parts(in[0].shape, in[2].shape, out.dtype);
    a.result = out.data;
    a.log_sums = out.data + parts.sums * size_of(out.dtype);
    launch(stream, "forward", out.dtype, "", a.q, a.v.width, a);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs.push_back(detached(y));
    inputs.push_back(dy);
    const Tensor all = flash_attention_backward(inputs, options_, masked_);
    int64_t first = 0;
    for (size_t i = 0; i < 3; ++i) {
      dx[i] = reshape(slice(all, 0, {.start = first, .stop = first + x[i].numel()}), x[i].shape());
      first += x[i].numel();
    }
    return dx;
  }
};

}  // namespace

Tensor flash_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                       const FlashAttentionOptions& options) {
  const auto fits = [&](const Tensor& x) {
    return x.defined() && x.dtype() == q.dtype() && x.ndim() == 3 && x.numel() > 0 &&
           x.shape(0) == q.shape(0);
  };
  require(
      q.defined() && is_floating(q.dtype()) && fits(q) && fits(k) && fits(v) &&
          q.shape(2) == k.shape(2) && k.shape(1) == v.shape(1),
      "flash_attention: q [H, L, E], k [H, S, E] and v [H, S, Ev] must be floating, of positive "
      "extents");
  if (mask.defined()) {
    const Shape whole = {q.shape(0), q.shape(1), k.shape(1)};
    const DType type = compute_type(q.dtype());
    bool covers = mask.ndim() == 3 && (mask.dtype() == bool_ || mask.dtype() == type);
    for (int axis = 0; covers && axis < 3; ++axis)
      covers = mask.shape(axis) == 1 || mask.shape(axis) == whole[axis];
    require(covers && !options.causal,
            "flash_attention: mask must be bool or {}, of shape {} or with 1s in it, and without "
            "causal, got {} {}",
            type, whole, mask.dtype(), mask.shape());
  }
  Tensors inputs = {q, k, v};
  if (mask.defined()) inputs.push_back(mask);
  const AttentionRow parts(q.shape(), v.shape(), q.dtype());
  const Tensor row = make_node(std::make_shared<FlashAttentionOp>(options, mask.defined()), inputs,
                               {parts.size}, q.dtype());
  return reshape(slice(row, 0, {.stop = parts.y}), {q.shape(0), q.shape(1), v.shape(2)});
}

}  // namespace tessera::detail
