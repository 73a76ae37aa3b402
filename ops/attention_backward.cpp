#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "ops/attention.h"
#include "ops/attention_op.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/pad.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tessera::detail {

namespace {

// The gradients of q, k and v, one after the other in one row. Three more inputs: what
// FlashAttentionOp gave, which follows from the others, so that no gradient flows through it, and
// the gradient of that, of which only y's counts.
class FlashAttentionBackwardOp final : public AttentionOp {
 public:
  using AttentionOp::AttentionOp;
  std::string_view name() const override { return "flash_attention_backward"; }
  Cost cost(const Node& node) const override {
    const Node &q = *node.input(0), &v = *node.input(2);
    return {2.0 * static_cast<double>(q.numel() * v.shape[1]) *
            (5 + 2 * static_cast<double>(v.shape[2]) / static_cast<double>(q.shape[2]))};
  }

  void run(std::span<const Array> in, const Array& out) const override {
    cpu::for_real(out.dtype, [&]<class T>(T) {
      const RealRows<T> q(in[0]), k(in[1]), v(in[2]);
      const Array& row = in[rest_at()];
      const AttentionRow parts(in[0].shape, in[2].shape, row.dtype);
      const int64_t H = in[0].shape[0], L = q.rows.rows, Ev = v.rows.width;
      const RealRows<T> y(row.data, row.dtype, {H, L, Ev}),
          dy(in[rest_at() + 1].data, row.dtype, {H, L, Ev});
      const T* const log_sums =
          reinterpret_cast<const T*>(row.data + parts.sums * size_of(row.dtype));
      std::vector<T> means(static_cast<size_t>(H * L));
      cpu::parallel_ranges(H * L, 256, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T *a = y.rows.data + i * Ev, *b = dy.rows.data + i * Ev;
          T sum = 0;
          for (int64_t e = 0; e < Ev; ++e) sum += a[e] * b[e];
          means[static_cast<size_t>(i)] = sum;
        }
      });
      const cpu::Reals result(out.data, out.dtype);
      std::vector<T> memory(static_cast<size_t>(out.dtype == dtype_of<T> ? 0 : out.numel()));
      T* const room = result.room(memory.data());
      gradients<T>({in, q.rows, k.rows, v.rows, dy.rows, log_sums, means}, room);
      result.take(out.numel(), room);
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    if (by_library(stream, cuda::Attention::Kind::backward, in, out)) return true;
    cuda::attention::Attention a = on_gpu(in);
    const int64_t queries = a.heads * a.q.rows;
    const auto means = stream.scratch(queries * size_of(compute_type(out.dtype)));
    a.means = means.data();
    stream.launch("ops/attention.cu.inc",
                  fmt::format("cuda::attention::means<{}>", cuda::c_type(out.dtype)),
                  cuda::blocks_for(queries), a);
    std::byte* place = out.data;
    const auto gradient = [&](const char* options, const cuda::attention::Rows& own) {
      a.result = place;
      launch(stream, "backward", out.dtype, options, own, own.width, a);
      place += a.heads * own.rows * own.width * size_of(out.dtype);
    };
    gradient(", false, true", a.q);
    gradient(", true, true", a.k);
    gradient(", true, false", a.v);
    return true;
  }

  // From the gradients of dq, dk and dv, where P = softmax(S), dP = dy v^T and
  // dS = P (dP - sum(P dP)), and scale dS k, scale dS^T q and P^T dy are the results.
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& given_u, Needed) const override {
    const DType type = compute_type(x[0].dtype());
    const Tensor q = cast(x[0], type), k = cast(x[1], type), v = cast(x[2], type),
                 u = cast(given_u, type), row_slopes = cast(x[rest_at() + 1], type);
    const AttentionRow parts(q.shape(), v.shape(), x[0].dtype());
    const Shape shape = {q.shape(0), q.shape(1), v.shape(2)};
    const Tensor dy = reshape(slice(row_slopes, 0, {.stop = parts.y}), shape);
    const auto part = [&](int64_t first, const Tensor& like) {
      return reshape(slice(u, 0, {.start = first, .stop = first + like.numel()}), like.shape());
    };
    const Tensor uq = part(0, q), uk = part(q.numel(), k), uv = part(q.numel() + k.numel(), v);
    const auto row_sum = [](const Tensor& a) { return sum(a, {2}, true); };
    const auto across = [](const Tensor& a, const Tensor& b) {
      return matmul(a, b, {.transpose_b = true});
    };
    const auto down = [](const Tensor& a, const Tensor& b) {
      return matmul(a, b, {.transpose_a = true});
    };
    const Tensor p = weights(q, k, masked_ ? x[3] : Tensor()), dp = across(dy, v);
    const Tensor ds = p * (dp - row_sum(p * dp));
    const Tensor of_ds = (across(uq, k) + across(q, uk)) * options_.scale;
    const Tensor of_dp = p * (of_ds - row_sum(of_ds * p));
    const Tensor of_p = across(dy, uv) + of_ds * (dp - row_sum(p * dp)) - row_sum(of_ds * p) * dp;
    const Tensor of_s = p * (of_p - row_sum(of_p * p)) * options_.scale,
                 slope = ds * options_.scale;
    Tensors dx(x.size());
    dx[0] = matmul(of_s, k) + matmul(slope, uk);
    dx[1] = down(of_s, q) + down(slope, uq);
    dx[2] = down(of_dp, dy);
    const Tensor of_dy = matmul(p, uv) + matmul(of_dp, v);
    dx[rest_at() + 1] = pad(reshape(of_dy, {parts.y}), {0, parts.size - parts.y});
    for (Tensor& each : dx)
      if (each.defined()) each = cast(each, x[0].dtype());
    return dx;
  }

 private:
  // The softmax as a composition.
  Tensor weights(const Tensor& q, const Tensor& k, const Tensor& mask) const {
    const Tensor scores = matmul(q * options_.scale, k, {.transpose_b = true});
    if (options_.causal) return masked_softmax(scores, causal_mask(q.shape(1), k.shape(1)));
    return masked_softmax(scores, mask.defined() ? mask : scalar(0.0, q.dtype()));
  }

  template <class T>
  struct Known {
    std::span<const Array> in;
    const Rows<T>&q, &k, &v, &dy;
    const T* log_sums;
    const std::vector<T>& means;
  };

  // With the scores of a block of queries and a block of keys at hand, all three gradients take
  // what they give. A work item is some blocks of keys of one head; dq is the sum of the parts that
  // the items of a head give, so many as keep the cores busy, whatever their number.
  template <class T>
  void gradients(const Known<T>& x, T* dq) const {
    constexpr int64_t kItems = 16;
    const int64_t H = x.in[0].shape[0], L = x.q.rows, S = x.k.rows;
    const int64_t blocks = (S + kKeys - 1) / kKeys;
    const int64_t parts = std::min(blocks, (kItems + H - 1) / H);
    const Panels<T> keys(x.k, H, kKeys, true), values(x.v, H, kKeys, true),
        rows_of_k(x.k, H, kKeys, false), queries(x.q, H, kQueries, false),
        slopes(x.dy, H, kQueries, false);
    const int64_t row = rows_of_k.columns(), E = x.q.width;
    const Ref<Buffer> memory = allocate(H * parts * L * row * static_cast<int64_t>(sizeof(T)));
    T* const partial = reinterpret_cast<T*>(memory->data);  // [H, parts, L, row]
    T* const dk = dq + H * L * E;
    T* const dv = dk + H * S * E;
    cpu::parallel_for(H * parts, false, [&](int64_t item) {
      const int64_t head = item / parts, part = item % parts;
      T* const to = partial + item * L * row;
      std::fill_n(to, L * row, T(0));
      std::vector<T> p(kQueries * kKeys), ds(kQueries * kKeys),
          of_keys(static_cast<size_t>(kKeys * queries.columns())),
          of_values(static_cast<size_t>(kKeys * slopes.columns()));
      for (int64_t block = blocks * part / parts; block < blocks * (part + 1) / parts; ++block) {
        const int64_t first_key = block * kKeys, n = std::min(kKeys, S - first_key);
        std::fill(of_keys.begin(), of_keys.end(), T(0));
        std::fill(of_values.begin(), of_values.end(), T(0));
        for (int64_t first = 0; first < L; first += kQueries) {
          const int64_t count = std::min(kQueries, L - first), number = first / kQueries;
          if (options_.causal && first_key >= first + count) continue;
          keys.multiply(head, block, count, E, {x.q.at(head, first), x.q.stride, 1}, p.data(),
                        kKeys, false);
          values.multiply(head, block, count, x.v.width, {x.dy.at(head, first), x.dy.stride, 1},
                          ds.data(), kKeys, false);
          for (int64_t r = 0; r < count; ++r) {
            T* const scores = p.data() + r * kKeys;
            const auto query = static_cast<size_t>(head * L + first + r);
            finish(x.in, head, first + r, first_key, n, scores);
            attention_kernels<T>().probabilities(n, scores, x.log_sums[query]);
            attention_kernels<T>().slopes(n, scores, static_cast<T>(options_.scale), x.means[query],
                                          ds.data() + r * kKeys);
          }
          rows_of_k.multiply(head, block, count, n, {ds.data(), kKeys, 1}, to + first * row, row,
                             true);
          queries.multiply(head, number, n, count, {ds.data(), 1, kKeys}, of_keys.data(),
                           queries.columns(), true);
          slopes.multiply(head, number, n, count, {p.data(), 1, kKeys}, of_values.data(),
                          slopes.columns(), true);
        }
        for (int64_t j = 0; j < n; ++j) {
          const int64_t key = head * S + first_key + j;
          std::copy_n(of_keys.data() + j * queries.columns(), E, dk + key * E);
          std::copy_n(of_values.data() + j * slopes.columns(), x.v.width, dv + key * x.v.width);
        }
      }
    });
    cpu::parallel_ranges(H * L, 256, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* const from = partial + (i / L * parts * L + i % L) * row;
        for (int64_t e = 0; e < E; ++e) {
          T sum = from[e];
          for (int64_t part = 1; part < parts; ++part) sum += from[part * L * row + e];
          dq[i * E + e] = sum;
        }
      }
    });
  }
};

}  // namespace

Tensor flash_attention_backward(const Tensors& inputs, const FlashAttentionOptions& options,
                                bool masked) {
  const int64_t total = inputs[0].numel() + inputs[1].numel() + inputs[2].numel();
  return make_node(std::make_shared<FlashAttentionBackwardOp>(options, masked), inputs, {total},
                   inputs[0].dtype());
}

}  // namespace tessera::detail
