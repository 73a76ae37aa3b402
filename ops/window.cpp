#include "ops/window.h"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/reals.h"
#include "core/cpu/scratch.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/window.cu.inc"
#include "ops/window_kernels.h"
#include "ops/window_planes.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::PairKernels<float> pairs_f32;
                     extern const tessera::detail::PairKernels<double> pairs_f64)

namespace tessera::detail {

namespace {

int64_t planes_of(const Shape& shape, const Window& window) {
  return shape.slice(0, shape.ndim() - window.ndim).numel();
}

// Calls f(WindowPlane<T>) for each plane of an output. The plane is the unit of parallel work, so
// that no two threads add to one element.
template <class F>
void for_each_plane(const Window& window, DType dtype, const Array& output, F&& f) {
  if (output.numel() == 0) return;
  constexpr int64_t few = 1 << 14;
  const WindowSpans spans = window.spans();
  const int64_t planes = planes_of(output.shape, window);
  const bool serial = planes * std::max(window.extent(), window.outputs()) < few;
  dispatch(compute_type(dtype), [&]<class T>(T) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      cpu::parallel_for(planes, serial, [&](int64_t i) {
        WindowPlane<T> plane(window, spans, i, planes);
        f(plane);
        plane.finish(output);
      });
    }
  });
}

template <class T>
constexpr T lowest() {
  using Limits = std::numeric_limits<T>;
  return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
}

// The kernels of windows 2 x 2, side by side, of a dtype that has them; otherwise null.
template <class T>
const PairKernels<T>* pair_kernels(const Window& window) {
  for (int a = 1; a < 3; ++a) {
    const WindowAxis& axis = window.axis[static_cast<size_t>(a)];
    if (axis.adaptive || axis.kernel != 2 || axis.stride != 2 || axis.dilation != 1 ||
        axis.before != 0 || 2 * axis.outputs > axis.extent)
      return nullptr;
  }
  if (window.axis[0].extent != 1 || window.axis[0].outputs != 1) return nullptr;
  if constexpr (std::is_same_v<T, float>) return &TESSERA_SELECT(pairs_f32);
  if constexpr (std::is_same_v<T, double>) return &TESSERA_SELECT(pairs_f64);
  return nullptr;
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
  // The parameters of ops/window.cu.inc, for the windows of planes of x.
  cuda::window::Windows on_gpu(const Array& x, const Array& v, const Array& result) const {
    cuda::window::Windows w{.planes = planes_of(result.shape, window_), .lanes = 1};
    int64_t row = 1;  // the longest along the last axis
    for (size_t a = 0; a < 3; ++a) w.axis[a] = window_.axis[a];
    for (int64_t i = 0; i < w.axis[2].outputs; ++i) row = std::max(row, w.axis[2].span(i).inside());
    w.lanes = cuda::lanes_for(row);
    w.x = x.data;
    w.v = v.data;
    w.result = result.data;
    return w;
  }
  static void launch(cuda::Stream& stream, const char* kernel, DType type, int64_t threads,
                     const cuda::window::Windows& windows) {
    stream.launch("ops/window.cu.inc",
                  fmt::format("cuda::window::{}<{}>", kernel, cuda::c_type(type)),
                  cuda::blocks_for(threads), windows);
  }
  // A kernel that is given a window for each windows.lanes threads; one that is given an element.
  void launch_on_windows(cuda::Stream& stream, const char* kernel, DType type,
                         const cuda::window::Windows& windows) const {
    launch(stream, kernel, type, windows.planes * window_.outputs() * windows.lanes, windows);
  }
  void launch_on_elements(cuda::Stream& stream, const char* kernel, DType type,
                          const cuda::window::Windows& windows) const {
    launch(stream, kernel, type, windows.planes * window_.extent(), windows);
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
    launch_on_windows(stream, "gather", y.dtype, on_gpu(in[0], in[1], y));
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
        run_pairs(*pairs, x, dy, dx);
        return;
      }
      std::fill_n(dx, window_.extent(), T{});
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) {
        if (i >= 0) dx[i] = static_cast<T>(dx[i] + dy[o]);
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    cuda::window::Windows windows = on_gpu(in[0], in[1], dx);
    if (tile()) {
      launch_on_windows(stream, "max_backward_of_tiles", dx.dtype, windows);
      return true;
    }
    const auto chosen = stream.scratch(in[1].numel() * size_of(i64));
    windows.result = chosen.data();
    launch_on_windows(stream, "argmax", dx.dtype, windows);
    windows.chosen = reinterpret_cast<const int64_t*>(chosen.data());
    windows.result = dx.data;
    launch_on_elements(stream, "max_backward", dx.dtype, windows);
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
  template <class T>
  void run_pairs(const PairKernels<T>& pairs, const T* x, const T* dy, T* dx) const {
    const WindowAxis &down = window_.axis[1], &across = window_.axis[2];
    const int64_t W = across.extent, Wo = across.outputs;
    for (int64_t h = 0; h < down.outputs; ++h) {
      const int64_t top = 2 * h * W, bottom = top + W;
      pairs.max_backward(x + top, x + bottom, dy + h * Wo, Wo, dx + top, dx + bottom);
      std::fill(dx + top + 2 * Wo, dx + bottom, T{});  // a column that no window sees
      std::fill(dx + bottom + 2 * Wo, dx + bottom + W, T{});
    }
    std::fill(dx + 2 * down.outputs * W, dx + down.extent * W, T{});
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
        const int64_t W = window_.axis[2].extent, Wo = window_.axis[2].outputs;
        for (int64_t h = 0; h < window_.axis[1].outputs; ++h)
          pairs->max(x + 2 * h * W, x + (2 * h + 1) * W, Wo, y + h * Wo);
        return;
      }
      plane.for_each_maximum(x, [&](int64_t o, int64_t i) { y[o] = i < 0 ? lowest<T>() : x[i]; });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    launch_on_windows(stream, "max", y.dtype, on_gpu(in[0], {}, y));
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
    launch_on_windows(stream, "argmax", in[0].dtype, on_gpu(in[0], {}, y));
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
      plane.for_each_window([&](int64_t o, const WindowView& view) {
        double sum = 0;
        view.for_each([&](int64_t i) { sum += static_cast<double>(x[i]); });
        y[o] = static_cast<T>(sum / divided_by(view));
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    launch_on_windows(stream, "average", y.dtype, divided(on_gpu(in[0], {}, y)));
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override;

 protected:
  cuda::window::Windows divided(cuda::window::Windows windows) const {
    windows.divisor = divisor_.number;
    windows.count_padding = divisor_.count_padding;
    return windows;
  }
  double divided_by(const WindowView& view) const {
    if (divisor_.number != 0) return static_cast<double>(divisor_.number);
    const int64_t count = divisor_.count_padding
                              ? view.d.padded * view.h.padded * view.w.padded
                              : view.d.inside() * view.h.inside() * view.w.inside();
    return static_cast<double>(std::max<int64_t>(1, count));
  }
  const Divisor divisor_;
};

class AverageBackwardOp final : public AverageOp {
 public:
  using AverageOp::AverageOp;
  std::string_view name() const override { return "avg_pool_backward"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    for_each_plane(window_, output.dtype, output, [&]<class T>(WindowPlane<T>& plane) {
      const T* dy = plane.in(inputs[0]);
      T* dx = plane.out(output);
      std::fill_n(dx, window_.extent(), T{});
      plane.for_each_window([&](int64_t o, const WindowView& view) {
        const T share = static_cast<T>(static_cast<double>(dy[o]) / divided_by(view));
        view.for_each([&](int64_t i) { dx[i] = static_cast<T>(dx[i] + share); });
      });
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& dx) const override {
    launch_on_elements(stream, "average_backward", dx.dtype, divided(on_gpu({}, in[0], dx)));
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {
        make_node(std::make_shared<AverageOp>(window_, divisor_), {dy}, x[0].shape(), dy.dtype())};
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
