#include "ops/softmax_nodes.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/softmax.cu.inc"
#include "ops/softmax_kernels.h"
#include "ops/unary.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::SoftmaxKernels<float> softmax_f32;
                     extern const tessera::detail::SoftmaxKernels<double> softmax_f64)

namespace tessera::detail {

namespace {

TESSERA_REAL_KERNELS(SoftmaxKernels, softmax)

// Calls f(lines, first element, number of the first line) for all lines of x along an axis, in
// blocks that stay in the first-level cache where they can.
template <class F>
void for_each_block(const Shape& x, int axis, F&& f) {
  constexpr int64_t kElements = 8192, kGrain = 1 << 15, kLeast = 16;
  const int64_t n = x[axis], outer = x.slice(0, axis).numel(),
                inner = x.slice(axis + 1, x.ndim()).numel();
  const int64_t width =
      std::min(inner, std::clamp(kElements / n / kLeast * kLeast, kLeast, kMaxLines));
  const int64_t blocks = (inner + width - 1) / width;
  cpu::parallel_ranges(outer * blocks, std::max<int64_t>(1, kGrain / (n * width)),
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           const int64_t o = i / blocks, first = i % blocks * width;
                           f(Lines{n, inner, std::min(width, inner - first)}, o * n * inner + first,
                             o * inner + first);
                         }
                       });
}

class LineOp : public KernelOp {
 public:
  LineOp(int axis, bool log) : axis_(axis), log_(log) {}
  void key(std::string& out) const override { append_key(out, axis_, log_); }
  bool may_fail() const override { return false; }

 protected:
  template <class F>
  void for_each(const Array& x, F&& f) const {
    cpu::for_real(x.dtype, [&]<class T>(T) {
      for_each_block(x.shape, axis_, [&](const Lines& lines, int64_t at, int64_t line) {
        f(T{}, lines, at, line);
      });
    });
  }
  Tensor total(const Tensor& x) const { return sum(x, {axis_}, true); }

  // Launches a kernel of ops/softmax.cu.inc for the lines of x.
  void launch(cuda::Stream& stream, const char* kernel, const Array& x, const Array& second,
              const Array& out, const Array& index = {}) const {
    const int64_t n = x.shape[axis_], inner = x.shape.slice(axis_ + 1, x.shape.ndim()).numel();
    const int64_t count = x.shape.slice(0, axis_).numel() * inner;
    const cuda::softmax::Lines lines{x.data, second.data, out.data, n,
                                     inner,  count,       log_,     index.as<int64_t>()};
    const int lanes = inner == 1 ? cuda::lanes_for(n) : 1;
    stream.launch("ops/softmax.cu.inc",
                  fmt::format("cuda::softmax::{}<{}, {}>", kernel, cuda::c_type(out.dtype), lanes),
                  cuda::blocks_for(count * lanes), lines);
  }

  int axis_;
  bool log_;
};

// From y and dy.
class SoftmaxBackwardOp final : public LineOp {
 public:
  using LineOp::LineOp;
  std::string_view name() const override {
    return log_ ? "log_softmax_backward" : "softmax_backward";
  }
  void run(std::span<const Array> in, const Array& dx) const override {
    for_each(dx, [&]<class T>(T, const Lines& lines, int64_t at, int64_t) {
      softmax_kernels<T>().backward(lines, log_, in[0].as<T>() + at, in[1].as<T>() + at,
                                    dx.as<T>() + at);
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    launch(stream, "backward", in[0], in[1], dx);
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Tensor &y = x[0], &dy = x[1];
    if (log_) {
      const Tensor p = exp(y);
      return {-u * p * total(dy), u - total(u * p)};
    }
    return {u * (dy - total(y * dy)) - dy * total(u * y), y * (u - total(y * u))};
  }
};

class SoftmaxOp final : public LineOp {
 public:
  using LineOp::LineOp;
  std::string_view name() const override { return log_ ? "log_softmax" : "softmax"; }
  void run(std::span<const Array> in, const Array& y) const override {
    for_each(y, [&]<class T>(T, const Lines& lines, int64_t at, int64_t) {
      softmax_kernels<T>().forward(lines, log_, in[0].as<T>() + at, y.as<T>() + at);
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    launch(stream, "forward", in[0], {}, y);
    return true;
  }
  Tensors vjp(const Tensors&, const Tensor& y, const Tensor& dy, Needed) const override {
    return {
        make_node(std::make_shared<SoftmaxBackwardOp>(axis_, log_), {y, dy}, y.shape(), y.dtype())};
  }
};

// From x, the index, and dloss.
class CrossEntropyBackwardOp final : public LineOp {
 public:
  explicit CrossEntropyBackwardOp(int axis) : LineOp(axis, true) {}
  std::string_view name() const override { return "cross_entropy_backward"; }
  void run(std::span<const Array> in, const Array& dx) const override {
    for_each(dx, [&]<class T>(T, const Lines& lines, int64_t at, int64_t line) {
      softmax_kernels<T>().cross_entropy_backward(lines, in[0].as<T>() + at,
                                                  in[1].as<int64_t>() + line, in[2].as<T>() + line,
                                                  dx.as<T>() + at);
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    launch(stream, "cross_entropy_backward", in[0], in[2], dx, in[1]);
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Tensor p = softmax_node(x[0], axis_, false), counts = ge(x[1], 0);
    const Tensor mean = total(u * p);
    const Shape along = Shape::filled(u.ndim(), 1).with(axis_, u.shape(axis_));
    const Tensor own = total(where(eq(iota(along), x[1]), u, 0));
    return {where(counts, x[2], 0) * p * (u - mean), {}, where(counts, mean - own, 0)};
  }
};

class CrossEntropyOp final : public LineOp {
 public:
  explicit CrossEntropyOp(int axis) : LineOp(axis, true) {}
  std::string_view name() const override { return "cross_entropy"; }
  void run(std::span<const Array> in, const Array& loss) const override {
    for_each(in[0], [&]<class T>(T, const Lines& lines, int64_t at, int64_t line) {
      softmax_kernels<T>().cross_entropy(lines, in[0].as<T>() + at, in[1].as<int64_t>() + line,
                                         loss.as<T>() + line);
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& loss) const override {
    launch(stream, "cross_entropy", in[0], {}, loss, in[1]);
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dloss, Needed) const override {
    return {make_node(std::make_shared<CrossEntropyBackwardOp>(axis_), {x[0], x[1], dloss},
                      x[0].shape(), x[0].dtype()),
            {}};
  }
};

}  // namespace

Tensor softmax_node(const Tensor& x, int axis, bool log) {
  return make_node(std::make_shared<SoftmaxOp>(axis, log), {x}, x.shape(), x.dtype());
}

Tensor cross_entropy_node(const Tensor& x, const Tensor& index, int axis) {
  if (x.numel() == 0) return sum(x, {axis}, true);
  return make_node(std::make_shared<CrossEntropyOp>(axis), {x, index}, index.shape(), x.dtype());
}

}  // namespace tessera::detail
