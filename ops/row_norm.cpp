#include "ops/row_norm.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/norm_parts.h"
#include "ops/reduce.h"
#include "ops/row_norm.cu.inc"
#include "ops/row_norm_kernels.h"
#include "ops/shape.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::RowNormKernels<float> row_norm_f32;
                     extern const tessera::detail::RowNormKernels<double> row_norm_f64)

namespace tessera::detail {

namespace {

TESSERA_REAL_KERNELS(RowNormKernels, row_norm)

int64_t rows_at_a_time(int64_t n) {
  constexpr int64_t kElements = 1 << 14;
  return std::max<int64_t>(1, kElements / n);
}

// The ops share their attributes and first inputs: x, weight, bias; those that are missing are left
// out.
class RowOp : public KernelOp {
 public:
  struct Options {
    RowNormOptions norm;
    bool weight, bias;
  };
  explicit RowOp(const Options& options) : options_(options) {}
  void key(std::string& out) const override {
    append_key(out, options_.norm.eps, options_.norm.centered, options_.weight, options_.bias);
  }
  bool may_fail() const override { return false; }

 protected:
  size_t bias_at() const { return options_.weight ? 2 : 1; }
  size_t dy_at() const { return bias_at() + (options_.bias ? 1 : 0); }

  template <class T>
  RowNorm<T> norm(std::span<const Array> in) const {
    return {options_.weight ? in[1].as<T>() : nullptr,
            options_.bias ? in[bias_at()].as<T>() : nullptr, options_.norm.eps,
            options_.norm.centered};
  }
  NormParts parts(const Tensors& x) const {
    return {x[0],
            {1},
            options_.weight ? x[1] : Tensor(),
            options_.bias ? x[bias_at()] : Tensor(),
            x[dy_at()],
            {.eps = options_.norm.eps, .centered = options_.norm.centered}};
  }

  cuda::row_norm::Rows on_gpu(std::span<const Array> in, const Array& out) const {
    cuda::row_norm::Rows rows{.rows = in[0].shape[0], .n = in[0].shape[1]};
    rows.centered = options_.norm.centered;
    rows.eps = options_.norm.eps;
    rows.x = in[0].data;
    if (options_.weight) rows.weight = in[1].data;
    if (options_.bias) rows.bias = in[bias_at()].data;
    if (in.size() > dy_at()) rows.dy = in[dy_at()].data;
    rows.result = out.data;
    return rows;
  }
  // Launches a kernel of ops/row_norm.cu.inc.
  static void launch(cuda::Stream& stream, const std::string& kernel, cuda::Blocks blocks,
                     const cuda::row_norm::Rows& rows) {
    stream.launch("ops/row_norm.cu.inc", "cuda::row_norm::" + kernel, blocks, rows);
  }
  static void launch_on_rows(cuda::Stream& stream, const char* kernel, DType type,
                             cuda::row_norm::Rows rows) {
    const int width = cuda::pack_width(type, rows.n);
    rows.lanes = cuda::lanes_for(rows.n / width);
    launch(stream, fmt::format("{}<{}, {}>", kernel, cuda::c_type(type), width),
           cuda::blocks_for(rows.rows * rows.lanes), rows);
  }

  Options options_;
};

// [2, D]: the gradients of weight and bias. One more input: dy.
class RowNormSumsOp final : public RowOp {
 public:
  using RowOp::RowOp;
  std::string_view name() const override { return "row_norm_sums"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const int64_t rows = in[0].shape[0], n = in[0].shape[1];
    cpu::for_real(out.dtype, [&]<class T>(T) {
      const T *x = in[0].as<T>(), *dy = in[dy_at()].as<T>();
      const RowNorm<T> norm = this->norm<T>(in);
      // As few as are worth waking a thread for, and no more than 32, of partial sums.
      const int64_t each = std::max(rows_at_a_time(n), (rows + 31) / 32);
      const int64_t parts = (rows + each - 1) / each;
      std::vector<T> partial(static_cast<size_t>(parts * 2 * n));
      cpu::parallel_ranges(rows, each, [&](int64_t begin, int64_t end) {
        T* const sums = partial.data() + begin / each * 2 * n;
        for (int64_t row = begin; row < end; ++row) {
          row_norm_kernels<T>().sums(norm, x + row * n, dy + row * n, n, sums, sums + n);
        }
      });
      std::vector<double> total(static_cast<size_t>(2 * n));
      for (size_t i = 0; i < partial.size(); ++i) {
        total[i % total.size()] += static_cast<double>(partial[i]);
      }
      for (size_t i = 0; i < total.size(); ++i) out.as<T>()[i] = static_cast<T>(total[i]);
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    cuda::row_norm::Rows rows = on_gpu(in, out);
    const DType type = in[0].dtype;
    const int64_t columns = (rows.n + 31) / 32;  // of blocks
    rows.number_of_parts = cuda::parts_for(columns, rows.rows, 8);
    rows.each = (rows.rows + rows.number_of_parts - 1) / rows.number_of_parts;
    const auto statistics = stream.scratch(rows.rows * 2 * size_of(out.dtype));
    const auto parts = stream.scratch(rows.number_of_parts * 2 * rows.n * size_of(f64));
    rows.statistics = statistics.data();
    rows.parts = parts.data();
    launch_on_rows(stream, "statistics", type, rows);
    const char *each = cuda::c_type(type), *sum = cuda::c_type(compute_type(type));
    launch(stream, fmt::format("column_sums<{}>", each), {columns, rows.number_of_parts}, rows);
    launch(stream, fmt::format("join_parts<{}>", sum), cuda::blocks_for(2 * rows.n), rows);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const NormParts::Gradients of =
        parts(x).of_sums(slice(u, 0, {.start = 1}), slice(u, 0, {.stop = 1}));
    Tensors dx(x.size());
    dx[0] = of.x;
    dx[dy_at()] = of.dy;
    return dx;
  }
};

// dx. One more input: dy.
class RowNormBackwardOp final : public RowOp {
 public:
  using RowOp::RowOp;
  std::string_view name() const override { return "row_norm_backward"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const int64_t n = in[0].shape[1];
    cpu::for_real(out.dtype, [&]<class T>(T) {
      const T *x = in[0].as<T>(), *dy = in[dy_at()].as<T>();
      const RowNorm<T> norm = this->norm<T>(in);
      cpu::parallel_ranges(in[0].shape[0], rows_at_a_time(n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * n; i < end * n; i += n) {
          row_norm_kernels<T>().backward(norm, x + i, dy + i, n, out.as<T>() + i);
        }
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    launch_on_rows(stream, "backward", out.dtype, on_gpu(in, out));
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const NormParts::Gradients of = parts(x).of_backward(u);
    Tensors dx(x.size());
    dx[0] = of.x;
    if (options_.weight) dx[1] = sum(of.weight, {0});
    dx[dy_at()] = of.dy;
    return dx;
  }
};

class RowNormOp final : public RowOp, public detail::Repeatable {
 public:
  using RowOp::RowOp;
  bool keeps_inputs() const override { return true; }
  std::string_view name() const override {
    return options_.norm.centered ? "layer_norm" : "rms_norm";
  }

  void run(std::span<const Array> in, const Array& out) const override {
    const int64_t n = in[0].shape[1];
    cpu::for_real(out.dtype, [&]<class T>(T) {
      const RowNorm<T> norm = this->norm<T>(in);
      cpu::parallel_ranges(in[0].shape[0], rows_at_a_time(n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * n; i < end * n; i += n) {
          row_norm_kernels<T>().forward(norm, in[0].as<T>() + i, n, out.as<T>() + i);
        }
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    launch_on_rows(stream, "forward", out.dtype, on_gpu(in, out));
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs.push_back(dy);
    if (options_.weight || options_.bias) {
      const Shape &shape = x[0].shape(), each = {shape[1]};
      const Tensor sums =
          make_node(std::make_shared<RowNormSumsOp>(options_), inputs, {2, shape[1]}, x[0].dtype());
      if (options_.weight) dx[1] = reshape(slice(sums, 0, {.stop = 1}), each);
      if (options_.bias) dx[bias_at()] = reshape(slice(sums, 0, {.start = 1}), each);
    }
    if (needed[0]) {
      dx[0] = make_node(std::make_shared<RowNormBackwardOp>(options_), inputs, x[0].shape(),
                        x[0].dtype());
    }
    return dx;
  }
};

}  // namespace

Tensor row_norm_node(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const RowNormOptions& options) {
  Tensors inputs = {x};
  if (weight.defined()) inputs.push_back(weight);
  if (bias.defined()) inputs.push_back(bias);
  const RowOp::Options all = {options, weight.defined(), bias.defined()};
  return make_node(std::make_shared<RowNormOp>(all), inputs, x.shape(), x.dtype());
}

}  // namespace tessera::detail
