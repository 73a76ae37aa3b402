#include "ops/attention_nodes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/core.h>

#include "core/buffer.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/attention.cu.inc"
#include "ops/attention.h"
#include "ops/attention_kernels.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/pad.h"
#include "ops/reduce.h"
#include "ops/shape.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::AttentionKernels<float> attention_f32;
                     extern const tessera::detail::AttentionKernels<double> attention_f64)

namespace tessera::detail {

namespace {

using cpu::GemmKernel;

constexpr int64_t kRows = 48, kColumns = 128;  // of a block of scores

TESSERA_REAL_KERNELS(AttentionKernels, attention)

// Rows of `width` elements, `stride` apart, rows * stride for each head.
template <class T>
struct Rows {
  const T* data;
  int64_t rows, width, stride;
  const T* at(int64_t head, int64_t row) const { return data + (head * rows + row) * stride; }
};

// The blocks of kColumns rows of all heads in the form the matrix kernel wants its right side:
// either the rows themselves, or `transposed`, in panels of a kernel's columns.
template <class T>
class Panels {
 public:
  Panels(const Rows<T>& x, int64_t heads, bool transposed)
      : kernel_(&cpu::gemm_kernel<T>(transposed ? kColumns : x.width)),
        blocks_((x.rows + kColumns - 1) / kColumns),
        columns_(rounded(transposed ? kColumns : x.width)),
        size_((transposed ? x.width : kColumns) * columns_),
        memory_(allocate(heads * blocks_ * size_ * static_cast<int64_t>(sizeof(T)))) {
    cpu::parallel_for(heads * blocks_, false, [&](int64_t i) {
      const int64_t first = i % blocks_ * kColumns, count = std::min(kColumns, x.rows - first);
      pack(x.at(i / blocks_, first), x.stride, count, x.width, transposed, values() + i * size_);
    });
  }

  // c = a times block (head, number), or c += it; c has rows of at least columns().
  void multiply(int64_t head, int64_t block, int64_t rows, int64_t depth, const T* a, int64_t a_row,
                T* c, int64_t c_row, bool accumulate) const {
    const T* const panels = values() + (head * blocks_ + block) * size_;
    const int64_t full = size_ / columns_;  // depth of the panels
    for (int64_t j = 0; j < columns_; j += kernel_->columns) {
      for (int64_t i = 0; i < rows; i += kernel_->rows) {
        kernel_->run(std::min(kernel_->rows, rows - i), depth, a + i * a_row, a_row, 1,
                     panels + j * full, c + i * c_row + j, c_row, accumulate);
      }
    }
  }
  int64_t columns() const { return columns_; }

 private:
  T* values() const { return reinterpret_cast<T*>(memory_->data); }
  int64_t rounded(int64_t columns) const {
    return (columns + kernel_->columns - 1) / kernel_->columns * kernel_->columns;
  }
  void pack(const T* x, int64_t stride, int64_t count, int64_t width, bool transposed,
            T* out) const {
    std::fill_n(out, size_, T(0));
    const int64_t lanes = kernel_->columns, depth = size_ / columns_;
    for (int64_t r = 0; r < count; ++r) {
      for (int64_t e = 0; e < width; ++e) {
        const int64_t p = transposed ? e : r, j = transposed ? r : e;
        out[j / lanes * lanes * depth + p * lanes + j % lanes] = x[r * stride + e];
      }
    }
  }

  const GemmKernel<T>* kernel_;
  int64_t blocks_, columns_, size_;
  Ref<Buffer> memory_;
};

// The ops share their attributes and first inputs: q, k, v and, if there is one, the mask.
class AttentionOp : public KernelOp {
 public:
  AttentionOp(const FlashAttentionOptions& options, bool masked)
      : options_(options), masked_(masked) {}
  void key(std::string& out) const override {
    append_key(out, options_.scale, options_.causal, masked_);
  }

 protected:
  size_t rest_at() const { return masked_ ? 4 : 3; }

  template <class T>
  static Rows<T> rows(const Array& x) {
    return {x.as<T>(), x.shape[1], x.shape[2], x.shape[2]};
  }

  // The scores of the row of one query with n keys, or with `by_key` of one key with n queries,
  // scaled and masked.
  template <class T>
  void finish(std::span<const Array> in, int64_t head, int64_t row, int64_t first, int64_t n,
              bool by_key, T* s) const {
    MaskRow<T> mask;
    if (masked_) {
      const Shape& shape = in[3].shape;
      const int64_t key = shape[2] == 1 ? 0 : 1, query = shape[1] == 1 ? 0 : shape[2];
      const int64_t at = (shape[0] == 1 ? 0 : head) * shape[1] * shape[2] +
                         row * (by_key ? key : query) + first * (by_key ? query : key);
      mask.stride = by_key ? query : key;
      (in[3].dtype == bool_) ? void(mask.allowed = in[3].as<bool>() + at)
                             : void(mask.added = in[3].as<T>() + at);
    }
    attention_kernels<T>().mask(n, static_cast<T>(options_.scale), mask, s);
    if (!options_.causal) return;
    constexpr T kNever = -std::numeric_limits<T>::infinity();
    if (by_key) {
      std::fill(s, s + std::clamp<int64_t>(row - first, 0, n), kNever);
    } else {
      std::fill(s + std::clamp<int64_t>(row + 1 - first, 0, n), s + n, kNever);
    }
  }

  cuda::attention::Attention on_gpu(std::span<const Array> in) const {
    const auto rows = [](const Array& x, int64_t width) {
      return cuda::attention::Rows{x.data, x.shape[1], width, x.shape[2]};
    };
    cuda::attention::Attention a{.heads = in[0].shape[0],
                                 .scale = options_.scale,
                                 .causal = options_.causal,
                                 .q = rows(in[0], in[0].shape[2]),
                                 .k = rows(in[1], in[1].shape[2]),
                                 .v = rows(in[2], in[2].shape[2])};
    if (masked_) {
      const Shape& shape = in[3].shape;
      (in[3].dtype == bool_ ? a.mask.allowed : a.mask.added) = in[3].data;
      a.mask.head = shape[0] == 1 ? 0 : shape[1] * shape[2];
      a.mask.query = shape[1] == 1 ? 0 : shape[2];
      a.mask.key = shape[2] == 1 ? 0 : 1;
    }
    if (in.size() > rest_at()) {
      a.y = rows(in[rest_at()], in[2].shape[2]);
      a.dy = rows(in[rest_at() + 1], in[2].shape[2]);
    }
    return a;
  }
  // Launches a kernel of ops/attention.cu.inc that makes rows of `width` elements for those of
  // `own`.
  static void launch(cuda::Stream& stream, const char* kernel, DType type, const char* options,
                     const cuda::attention::Rows& own, int64_t width,
                     const cuda::attention::Attention& a) {
    const auto blocks = [](int64_t n) { return (n + cuda::tiles::kTile - 1) / cuda::tiles::kTile; };
    stream.launch("ops/attention.cu.inc",
                  fmt::format("cuda::attention::{}<{}{}>", kernel, cuda::c_type(type), options),
                  {a.heads * blocks(own.rows), blocks(width)}, a);
  }

  FlashAttentionOptions options_;
  bool masked_;
};

// What a backward pass sums along one side of the matrix of scores: for queries `a` = q and dy meet
// k and v, and dS k is summed; for keys k and v meet q and dy, and dS q and P dy are.
template <class T>
struct Side {
  const Rows<T>&a, &b;
  const Panels<T>&with_a, &with_b, &slopes_by;
  const Panels<T>* weights_by;  // or null
  T *slopes_sum, *weights_sum;
  bool by_key;
};

// The gradients of q, k and v, one after the other in one row. Three more inputs: what
// FlashAttentionOp gave, which follows from the others, so that no gradient flows through it, and
// dy with a column more, which is ignored.
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
      const Rows<T> q = rows<T>(in[0]), k = rows<T>(in[1]), v = rows<T>(in[2]);
      const int64_t H = in[0].shape[0], L = q.rows, Ev = v.width;
      const Rows<T> y{in[rest_at()].as<T>(), L, Ev, Ev + 1},
          dy{in[rest_at() + 1].as<T>(), L, Ev, Ev + 1};
      std::vector<T> log_sums(static_cast<size_t>(H * L)), means(log_sums.size());
      cpu::parallel_ranges(H * L, 256, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T *a = y.data + i * y.stride, *b = dy.data + i * y.stride;
          T sum = 0;
          for (int64_t e = 0; e < Ev; ++e) sum += a[e] * b[e];
          means[static_cast<size_t>(i)] = sum;
          log_sums[static_cast<size_t>(i)] = a[Ev];
        }
      });
      T* const dq = out.as<T>();
      T* const dk = dq + H * L * q.width;
      T* const dv = dk + H * k.rows * k.width;
      {
        const Panels<T> keys(k, H, true), values(v, H, true), plain(k, H, false);
        side<T>(in, log_sums, means, {q, dy, keys, values, plain, nullptr, dq, nullptr, false});
      }
      const Panels<T> queries(q, H, true), slopes(dy, H, true), plain(q, H, false),
          plain_slopes(dy, H, false);
      side<T>(in, log_sums, means, {k, v, queries, slopes, plain, &plain_slopes, dk, dv, true});
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    cuda::attention::Attention a = on_gpu(in);
    const int64_t queries = a.heads * a.q.rows;
    const auto means = stream.scratch(queries * size_of(out.dtype));
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
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Tensor &q = x[0], &k = x[1], &v = x[2];
    const Tensor dy = slice(x[rest_at() + 1], 2, {.stop = v.shape(2)});
    const Tensor flat = reshape(u, {u.numel()});
    const auto part = [&](int64_t first, const Tensor& like) {
      return reshape(slice(flat, 0, {.start = first, .stop = first + like.numel()}), like.shape());
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
    dx[rest_at() + 1] = pad(of_dy, {0, 1});
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
  void side(std::span<const Array> in, const std::vector<T>& log_sums, const std::vector<T>& means,
            const Side<T>& s) const {
    const int64_t H = in[0].shape[0], rows = s.a.rows;
    const int64_t columns = s.by_key ? in[0].shape[1] : in[1].shape[1];
    const int64_t row_blocks = (rows + kRows - 1) / kRows;
    const int64_t slope_row = s.slopes_by.columns();
    const int64_t weight_row = s.weights_by ? s.weights_by->columns() : 0;
    const T scale = static_cast<T>(options_.scale);
    cpu::parallel_for(H * row_blocks, false, [&](int64_t item) {
      const int64_t head = item / row_blocks, first = item % row_blocks * kRows;
      const int64_t count = std::min(kRows, rows - first);
      std::vector<T> p(kRows * kColumns), dp(kRows * kColumns),
          slopes(static_cast<size_t>(kRows * slope_row)),
          weights(static_cast<size_t>(kRows * weight_row));
      const T* const of_head = log_sums.data() + head * in[0].shape[1];
      const T* const mean_of_head = means.data() + head * in[0].shape[1];
      for (int64_t c = 0; c < columns; c += kColumns) {
        const int64_t n = std::min(kColumns, columns - c), block = c / kColumns;
        if (options_.causal && (s.by_key ? c + n <= first : c >= first + count)) continue;
        s.with_a.multiply(head, block, count, s.a.width, s.a.at(head, first), s.a.stride, p.data(),
                          kColumns, false);
        s.with_b.multiply(head, block, count, s.b.width, s.b.at(head, first), s.b.stride, dp.data(),
                          kColumns, false);
        for (int64_t r = 0; r < count; ++r) {
          T* const row = p.data() + r * kColumns;
          const int64_t at = s.by_key ? c : first + r, stride = s.by_key ? 1 : 0;
          finish(in, head, first + r, c, n, s.by_key, row);
          attention_kernels<T>().probabilities(n, row, of_head + at, stride);
          attention_kernels<T>().slopes(n, row, scale, mean_of_head + at, stride,
                                        dp.data() + r * kColumns);
        }
        s.slopes_by.multiply(head, block, count, n, dp.data(), kColumns, slopes.data(), slope_row,
                             true);
        if (s.weights_by) {
          s.weights_by->multiply(head, block, count, n, p.data(), kColumns, weights.data(),
                                 weight_row, true);
        }
      }
      const auto write = [&](const std::vector<T>& sums, int64_t row, int64_t width, T* to) {
        for (int64_t r = 0; r < count; ++r) {
          std::copy_n(sums.data() + r * row, width, to + (head * rows + first + r) * width);
        }
      };
      write(slopes, slope_row, s.a.width, s.slopes_sum);
      if (s.weights_by) write(weights, weight_row, s.b.width, s.weights_sum);
    });
  }
};

// [H, L, Ev + 1]: y, and behind each row the logarithm of the sum of its softmax, inf where nothing
// is allowed.
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
      const Rows<T> q = rows<T>(in[0]), k = rows<T>(in[1]), v = rows<T>(in[2]);
      const int64_t H = in[0].shape[0], L = q.rows, Ev = v.width;
      const Panels<T> keys(k, H, true), values(v, H, false);
      const int64_t row_blocks = (L + kRows - 1) / kRows, sum_row = values.columns();
      cpu::parallel_for(H * row_blocks, false, [&](int64_t item) {
        const int64_t head = item / row_blocks, first = item % row_blocks * kRows;
        const int64_t count = std::min(kRows, L - first);
        std::vector<T> scores(kRows * kColumns), sums(static_cast<size_t>(kRows * sum_row));
        T greatest[kRows], total[kRows] = {};
        std::fill_n(greatest, kRows, -kInfinity);
        for (int64_t c = 0; c < k.rows; c += kColumns) {
          if (options_.causal && c >= first + count) break;
          const int64_t n = std::min(kColumns, k.rows - c), block = c / kColumns;
          keys.multiply(head, block, count, q.width, q.at(head, first), q.stride, scores.data(),
                        kColumns, false);
          for (int64_t r = 0; r < count; ++r) {
            T* const row = scores.data() + r * kColumns;
            finish(in, head, first + r, c, n, false, row);
            const T factor = attention_kernels<T>().join(n, row, &greatest[r], &total[r]);
            T* const sum = sums.data() + r * sum_row;
            if (c > 0 && factor != 1) attention_kernels<T>().multiply(Ev, factor, sum, sum);
          }
          values.multiply(head, block, count, n, scores.data(), kColumns, sums.data(), sum_row,
                          c > 0);
        }
        for (int64_t r = 0; r < count; ++r) {
          T* const y = out.as<T>() + (head * L + first + r) * (Ev + 1);
          const T sum = total[r];
          attention_kernels<T>().multiply(Ev, sum == 0 ? T(0) : 1 / sum, sums.data() + r * sum_row,
                                          y);
          y[Ev] = sum == 0 ? kInfinity : greatest[r] + std::log(sum);
        }
      });
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    cuda::attention::Attention a = on_gpu(in);
    a.result = out.data;
    launch(stream, "forward", out.dtype, "", a.q, a.v.width, a);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs.push_back(detached(y));
    inputs.push_back(dy);
    const int64_t total = x[0].numel() + x[1].numel() + x[2].numel();
    const Tensor all = make_node(std::make_shared<FlashAttentionBackwardOp>(options_, masked_),
                                 inputs, {total}, y.dtype());
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
  Tensors inputs = {q, k, v};
  if (mask.defined()) inputs.push_back(mask);
  const int64_t Ev = v.shape(2);
  const Tensor y = make_node(std::make_shared<FlashAttentionOp>(options, mask.defined()), inputs,
                             {q.shape(0), q.shape(1), Ev + 1}, q.dtype());
  return slice(y, 2, {.stop = Ev});
}

}  // namespace tessera::detail
