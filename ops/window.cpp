#include "ops/window.h"

#include <algorithm>
#include <limits>

#include "core/cpu/isa.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/window_cuda.h"
#include "ops/window_kernels.h"
#include "ops/window_planes.h"

namespace tessera::detail {

namespace {

template <class T>
constexpr T lowest() {
  using Limits = std::numeric_limits<T>;
  return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
}

class WindowOp : public KernelOp {
 public:
  explicit WindowOp(const Window& window) : window_(window) {}
  void key(std::string& out) const override {
    append_key(out, window_.ndim);
    for (const WindowAxis& a : window_.axis) {
      append_key(out, a.extent, a.outputs, a.kernel, a.stride, a.dilation, a.before, a.after,
                 a.adaptive);
    }
  }
  bool may_fail() const override { return false; }
  Formats formats() const override { return Formats::either; }
  // One operation for each element that a window sees.
  Cost cost(const Node& node) const override {
    auto seen = static_cast<double>(planes_of(node.shape, window_));
    for (const std::vector<Span>& spans : window_.spans()) {
      int64_t along = 0;
      for (const Span& span : spans) along += span.inside();
      seen *= static_cast<double>(along);
    }
    return {seen};
  }

 protected:
  // The kernels for GPUs, for windows of x: `result` has the format of all arrays.
  GpuWindows on_gpu(cuda::Stream& stream, const Array& x, const Array& v,
                    const Array& result) const {
    const Shape leading = result.shape.slice(0, result.shape.ndim() - window_.ndim);
    GpuWindows gpu(stream, window_, leading, result.format, x.data ? x.dtype : result.dtype);
    gpu.parameters.x = x.data;
    gpu.parameters.v = v.data;
    gpu.parameters.result = result.data;
    return gpu;
  }

  const Window window_;
};

// The family of max: none of them stores where the maxima are, they find them again in x. As maps
// of their last argument, gather and backward are linear and each other's adjoint.
Tensor max_backward(const Tensor& x, const Tensor& dy, const Window& window);

// v at the maxima of x.
class MaxGatherOp final : public WindowOp {
 public:
  using WindowOp::WindowOp;
  std::string_view name() const override { return "max_pool_gather"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T *x = plane.in(inputs[0]), *v = plane.in(inputs[1]);
      T* y = plane.out(output);
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) { y[o] = i < 0 ? T{} : v[i]; });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    on_gpu(stream, in[0], in[1], y).launch_on_windows("gather", "max_parts");
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {{}, max_backward(x[0], dy, window_)};
  }
};

// Sums each dy into the maximum of its window.
class MaxBackwardOp final : public WindowOp {
 public:
  using WindowOp::WindowOp;
  std::string_view name() const override { return "max_pool_backward"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T *x = plane.in(inputs[0]), *dy = plane.in(inputs[1]);
      T* dx = plane.out(output);
      if (const PairKernels<T>* const pairs = pair_kernels<T>(window_)) {
        for_each_pair_of_rows(window_, [&](int64_t o, int64_t top, int64_t bottom) {
          pairs->max_backward(x + top, x + bottom, dy + o, window_.axis[2].outputs, dx + top,
                              dx + bottom);
        });
        clear_behind_pairs(window_, dx);
        return;
      }
      std::fill_n(dx, window_.extent(), T{});
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) {
        if (i >= 0) dx[i] = static_cast<T>(dx[i] + dy[o]);
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    GpuWindows gpu = on_gpu(stream, in[0], in[1], dx);
    if (tile() && cuda::lanes_for(window_.axis[2].kernel) == 1) {
      gpu.launch_on_small_windows("max_backward_of_tiles");
      return true;
    }
    const auto chosen = stream.scratch(in[1].numel() * size_of(i64));
    gpu.parameters.result = chosen.data();
    gpu.launch_on_windows("argmax", "max_parts");
    gpu.parameters.chosen = reinterpret_cast<const int64_t*>(chosen.data());
    gpu.parameters.result = dx.data;
    gpu.launch_on_elements("max_backward");
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    return {{},
            make_node(std::make_shared<MaxGatherOp>(window_), {x[0], dy}, x[1].shape(), y.dtype())};
  }

 private:
  // Whether every element belongs to exactly one window.
  bool tile() const {
    return std::ranges::all_of(window_.axis, [](const WindowAxis& a) {
      return !a.adaptive && a.kernel == a.stride && a.dilation == 1 && a.before == 0 &&
             a.outputs * a.kernel == a.extent;
    });
  }
};

Tensor max_backward(const Tensor& x, const Tensor& dy, const Window& window) {
  return make_node(std::make_shared<MaxBackwardOp>(window), {x, dy}, x.shape(), x.dtype());
}

class MaxOp final : public WindowOp {
 public:
  using WindowOp::WindowOp;
  std::string_view name() const override { return "max_pool"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T* x = plane.in(inputs[0]);
      T* y = plane.out(output);
      if (const PairKernels<T>* const pairs = pair_kernels<T>(window_)) {
        for_each_pair_of_rows(window_, [&](int64_t o, int64_t top, int64_t bottom) {
          pairs->max(x + top, x + bottom, window_.axis[2].outputs, y + o);
        });
        return;
      }
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) { y[o] = i < 0 ? lowest<T>() : x[i]; });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    on_gpu(stream, in[0], {}, y).launch_on_windows("max", "max_parts");
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {max_backward(again(x[0]), dy, window_)};
  }
};

class ArgmaxOp final : public WindowOp {
 public:
  using WindowOp::WindowOp;
  std::string_view name() const override { return "max_pool_indices"; }
  bool differentiable() const override { return false; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, inputs[0].dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T* x = plane.in(inputs[0]);
      auto* y = plane.template out<int64_t>(output);
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) { y[o] = i < 0 ? window_.extent() : i; });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    on_gpu(stream, in[0], {}, y).launch_on_windows("argmax", "max_parts");
    return true;
  }
};

// Averages are linear; the two ops are each other's adjoint.
class AverageOp : public WindowOp {
 public:
  AverageOp(const Window& window, const Divisor& divisor) : WindowOp(window), divisor_(divisor) {}
  std::string_view name() const override { return "avg_pool"; }
  void key(std::string& out) const override {
    WindowOp::key(out);
    append_key(out, divisor_.number, divisor_.count_padding);
  }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T* x = plane.in(inputs[0]);
      T* y = plane.out(output);
      if (const PairKernels<T>* const pairs = pair_kernels<T>(window_)) {
        for_each_pair_of_rows(window_, [&](int64_t o, int64_t top, int64_t bottom) {
          pairs->average(x + top, x + bottom, window_.axis[2].outputs, divided_by(4), y + o);
        });
        return;
      }
      if constexpr (std::is_floating_point_v<T>) {
        if (plane.grid.by_rows) return average_rows(plane, x, y);
      }
      plane.for_each_window([&](int64_t o, const WindowView& view) {
        double sum = 0;
        view.for_each([&](int64_t i) { sum += static_cast<double>(x[i]); });
        y[o] = static_cast<T>(sum / divided_by(view));
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    divided(on_gpu(stream, in[0], {}, y)).launch_on_windows("average", "average_parts");
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override;

 protected:
  GpuWindows divided(GpuWindows gpu) const {
    gpu.parameters.divisor = divisor_.number;
    gpu.parameters.count_padding = divisor_.count_padding;
    return gpu;
  }
  // Positions of a window along an axis that count, and what the sum over so many is divided by.
  int64_t seen(const Span& span) const {
    return divisor_.count_padding ? span.padded : span.inside();
  }
  double divided_by(int64_t seen) const {
    return static_cast<double>(divisor_.number != 0 ? divisor_.number : std::max<int64_t>(1, seen));
  }
  double divided_by(const WindowView& view) const {
    return divided_by(seen(view.d) * seen(view.h) * seen(view.w));
  }
  // Calls f(first output, its divisors, its taps) for each row of windows.
  template <class T, class F>
  void for_each_row(WindowPlane<T>& plane, F&& f) const {
    std::vector<double> divisors(plane.grid.spans[2].size());
    int64_t before = -1;
    plane.for_each_row(
        [&](int64_t output, const Span& d, const Span& h, const std::vector<WindowTap>& taps) {
          const int64_t lines = seen(d) * seen(h);
          for (size_t o = 0; o < divisors.size() && lines != before; ++o)
            divisors[o] = divided_by(lines * seen(plane.grid.spans[2][o]));
          before = lines;
          f(output, divisors.data(), taps);
        });
  }
  const Divisor divisor_;

 private:
  template <class T>
  void average_rows(WindowPlane<T>& plane, const T* x, T* y) const {
    const AverageKernels<T>& kernels = averages_kernels<T>();
    const int64_t n = window_.axis[2].outputs, stride = window_.axis[2].stride;
    std::vector<double> sums(static_cast<size_t>(n));
    for_each_row(plane,
                 [&](int64_t output, const double* divisors, const std::vector<WindowTap>& taps) {
                   std::fill(sums.begin(), sums.end(), 0);
                   for (const WindowTap& tap : taps)
                     kernels.add_tap(x + tap.position + tap.begin * stride, stride,
                                     tap.end - tap.begin, sums.data() + tap.begin);
                   kernels.divide(sums.data(), divisors, n, y + output);
                 });
  }
};

class AverageBackwardOp final : public AverageOp {
 public:
  using AverageOp::AverageOp;
  std::string_view name() const override { return "avg_pool_backward"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T* dy = plane.in(inputs[0]);
      T* dx = plane.out(output);
      if (const PairKernels<T>* const pairs = pair_kernels<T>(window_)) {
        for_each_pair_of_rows(window_, [&](int64_t o, int64_t top, int64_t bottom) {
          pairs->average_backward(dy + o, window_.axis[2].outputs, divided_by(4), dx + top,
                                  dx + bottom);
        });
        clear_behind_pairs(window_, dx);
        return;
      }
      std::fill_n(dx, window_.extent(), T{});
      if constexpr (std::is_floating_point_v<T>) {
        if (plane.grid.by_rows) return spread_rows(plane, dy, dx);
      }
      plane.for_each_window([&](int64_t o, const WindowView& view) {
        const T share = static_cast<T>(static_cast<double>(dy[o]) / divided_by(view));
        view.for_each([&](int64_t i) { dx[i] = static_cast<T>(dx[i] + share); });
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    divided(on_gpu(stream, {}, in[0], dx)).launch_on_elements("average_backward");
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {
        make_node(std::make_shared<AverageOp>(window_, divisor_), {dy}, x[0].shape(), dy.dtype())};
  }

 private:
  template <class T>
  void spread_rows(WindowPlane<T>& plane, const T* dy, T* dx) const {
    const AverageKernels<T>& kernels = averages_kernels<T>();
    const int64_t n = window_.axis[2].outputs, stride = window_.axis[2].stride;
    std::vector<T> shares(static_cast<size_t>(n));
    for_each_row(plane,
                 [&](int64_t output, const double* divisors, const std::vector<WindowTap>& taps) {
                   kernels.divide_shares(dy + output, divisors, n, shares.data());
                   // The last tap first: each element takes from one window after the other.
                   for (auto tap = taps.rbegin(); tap != taps.rend(); ++tap)
                     kernels.spread_tap(shares.data() + tap->begin, stride, tap->end - tap->begin,
                                        dx + tap->position + tap->begin * stride);
                 });
  }
};

Tensors AverageOp::vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const {
  return {make_node(std::make_shared<AverageBackwardOp>(window_, divisor_), {dy}, x[0].shape(),
                    dy.dtype())};
}

Tensor window_node(std::shared_ptr<const Op> op, const Tensor& x, const Window& window,
                   DType dtype) {
  Shape shape = x.shape().slice(0, x.ndim() - window.ndim);
  for (size_t a = 3 - static_cast<size_t>(window.ndim); a < 3; ++a)
    shape.push_back(window.axis[a].outputs);
  return make_node(std::move(op), {x}, shape, dtype);
}

}  // namespace

std::array<std::vector<Span>, 3> Window::spans() const {
  std::array<std::vector<Span>, 3> result;
  for (size_t a = 0; a < 3 && outputs() > 0; ++a) {
    for (int64_t i = 0; i < axis[a].outputs; ++i) result[a].push_back(axis[a].span(i));
  }
  return result;
}

int64_t Window::extent() const {
  return axis[0].extent * axis[1].extent * axis[2].extent;
}

int64_t Window::outputs() const {
  return axis[0].outputs * axis[1].outputs * axis[2].outputs;
}

void check_pooled(const char* op, int ndim, const Tensor& x) {
  require(x.defined(), "{}: x is an undefined tensor", op);
  require(x.ndim() == ndim + 1 || x.ndim() == ndim + 2,
          "{}: x must be [C, ...] or [N, C, ...] with {} spatial axes, got {}", op, ndim,
          x.shape());
  for (const int64_t extent : x.shape().slice(x.ndim() - ndim, x.ndim())) {
    require(extent > 0 && extent < int64_t{1} << 31,
            "{}: the spatial axes of x must not be empty, and less than 2^31 long, got {}", op,
            x.shape());
  }
}

Tensor max_windows(const Tensor& x, const Window& window) {
  return window_node(std::make_shared<MaxOp>(window), x, window, x.dtype());
}

Tensor argmax_windows(const Tensor& x, const Window& window) {
  return window_node(std::make_shared<ArgmaxOp>(window), x, window, i64);
}

Tensor average_windows(const Tensor& x, const Window& window, const Divisor& divisor) {
  return window_node(std::make_shared<AverageOp>(window, divisor), x, window, x.dtype());
}

}  // namespace tessera::detail
