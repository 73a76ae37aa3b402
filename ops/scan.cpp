#include "ops/scan.h"

#include <fmt/core.h>
#include "core/amp.h"

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/scan.cu.inc"
#include "ops/shape.h"

namespace tessera {

namespace {

// An array as [outer, extent, inner] around the scanned axis.
struct Lines {
  int64_t outer = 1, extent = 1, inner = 1;
  Lines(const Shape& shape, int axis) : extent(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.ndim(); ++i) inner *= shape[i];
  }
};

// Calls line(first, stride) for every line along the axis: its elements are first + i * stride.
// Neighbouring lines are one work item, so that memory is walked in order where it can be.
template <class F>
void for_each_line(const Lines& lines, bool reverse, F&& line) {
  constexpr int64_t kGrain = 16384;
  if (lines.extent == 0) return;
  const int64_t start = reverse ? (lines.extent - 1) * lines.inner : 0;
  const int64_t stride = reverse ? -lines.inner : lines.inner;
  const int64_t grain = kGrain / lines.extent + 1;
  cpu::parallel_ranges(lines.outer * lines.inner, grain, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k)
      line(k / lines.inner * lines.extent * lines.inner + k % lines.inner + start, stride);
  });
}

// Launches ops/scan.cu.inc with a state of it: "Sum".
void scan_on_gpu(cuda::Stream& stream, const char* state, const Array& x, const Array& y, int axis,
                 cuda::scan::Lines lines) {
  const Lines shape(y.shape, axis);
  lines.outer = shape.outer;
  lines.extent = shape.extent;
  lines.inner = shape.inner;
  // Threads of a line that is not contiguous would be far apart in memory: it has one.
  lines.lanes = shape.inner == 1 ? cuda::lanes_for(shape.extent) : 1;
  lines.x = x.data;
  lines.result = y.data;
  stream.launch(
      "ops/scan.cu.inc",
      fmt::format("cuda::scan::lines<{0}, cuda::scan::{1}<{0}>>", cuda::c_type(y.dtype), state),
      cuda::blocks_for(shape.outer * shape.inner * lines.lanes), lines);
}

// y_i = x_(i-1), with `first` in front; the same from the other end in reverse.
Tensor shifted(const Tensor& x, int axis, bool reverse) {
  if (x.shape(axis) == 0) return x;
  Shape before = Shape::filled(x.ndim(), 0), after = before;
  before[axis] = reverse ? -1 : 1;
  after[axis] = reverse ? 1 : -1;
  return pad_zeros(x, before, after);
}

class LinearRecurrenceOp final : public KernelOp {
 public:
  LinearRecurrenceOp(int axis, bool reverse) : axis_(axis), reverse_(reverse) {}
  std::string_view name() const override { return "linear_recurrence"; }
  void key(std::string& out) const override { append_key(out, axis_, reverse_); }
  bool may_fail() const override { return false; }
  Cost cost(const Node& node) const override { return {2.0 * static_cast<double>(node.numel())}; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    const auto scan = [&]<class T>(T) {
      const T *a = inputs[0].as<T>(), *b = inputs[1].as<T>();
      T* h = output.as<T>();
      const Lines lines(output.shape, axis_);
      for_each_line(lines, reverse_, [&](int64_t first, int64_t stride) {
        double state = b[first];
        h[first] = b[first];
        for (int64_t i = 1; i < lines.extent; ++i) {
          const int64_t at = first + i * stride;
          state = a[at] * state + b[at];
          h[at] = static_cast<T>(state);
        }
      });
    };
    output.dtype == f32 ? scan(float{}) : scan(double{});
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    scan_on_gpu(stream, "Recurrence", in[1], y, axis_, {.reverse = reverse_, .a = in[0].data});
    return true;
  }

  // db is the same recurrence from the other end, dh_i arriving through every later element.
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    const Tensor next = shifted(x[0], axis_, !reverse_);
    const Tensor db = linear_recurrence(next, dy, axis_, !reverse_);
    return {db * shifted(y, axis_, reverse_), db};
  }

 private:
  int axis_;
  bool reverse_;
};

struct ScanSettings {
  int axis;
  bool exclusive, reverse;
};

template <class Join>
void run_scan(const ScanSettings& s, const Array& input, const Array& output, double identity,
              Join&& join) {
  const auto scan = [&]<class T, class A>(T, A) {
    const T* x = input.as<T>();
    T* y = output.as<T>();
    const Lines lines(output.shape, s.axis);
    for_each_line(lines, s.reverse, [&](int64_t first, int64_t stride) {
      A state = static_cast<A>(identity);
      for (int64_t i = 0; i < lines.extent; ++i) {
        const int64_t at = first + i * stride;
        const A next = join(state, static_cast<A>(x[at]));
        y[at] = static_cast<T>(s.exclusive ? state : next);
        state = next;
      }
    });
  };
  switch (output.dtype) {
    case f32:
      return scan(float{}, double{});
    case f64:
      return scan(double{}, double{});
    default:
      return scan(int64_t{}, uint64_t{});  // wraps around
  }
}

class ScanOp : public KernelOp {
 public:
  explicit ScanOp(const ScanSettings& s) : s_(s) {}
  void key(std::string& out) const override { append_key(out, s_.axis, s_.exclusive, s_.reverse); }
  bool may_fail() const override { return false; }

 protected:
  bool launch(cuda::Stream& stream, const char* state, const Array& x, const Array& y) const {
    scan_on_gpu(stream, state, x, y, s_.axis, {.reverse = s_.reverse, .exclusive = s_.exclusive});
    return true;
  }
  ScanSettings s_;
};

class CumsumOp final : public ScanOp {
 public:
  using ScanOp::ScanOp;
  std::string_view name() const override { return "cumsum"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_scan(s_, inputs[0], output, 0, [](auto a, auto b) { return a + b; });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    return launch(stream, "Sum", in[0], y);
  }
  Tensors vjp(const Tensors&, const Tensor&, const Tensor& dy, Needed) const override {
    return {cumsum(dy, s_.axis, {.exclusive = s_.exclusive, .reverse = !s_.reverse})};
  }
};

class CumprodOp final : public ScanOp {
 public:
  using ScanOp::ScanOp;
  std::string_view name() const override { return "cumprod"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_scan(s_, inputs[0], output, 1, [](auto a, auto b) { return a * b; });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    return launch(stream, "Product", in[0], y);
  }
  // dx_k = (product before k) * r_k, where r_k = dy_k + x_(k+1) r_(k+1) gathers what later results
  // get through x_k: no division, so zeros are nothing special.
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    const Tensor before = cumprod(x[0], s_.axis, {.exclusive = true, .reverse = s_.reverse});
    const Tensor arriving = s_.exclusive ? shifted(dy, s_.axis, !s_.reverse) : dy;
    const Tensor next = shifted(x[0], s_.axis, !s_.reverse);
    return {before * linear_recurrence(next, arriving, s_.axis, !s_.reverse)};
  }
};

template <class Scan>
Tensor scan_node(const char* op, const Operand& given, int64_t axis, const ScanOptions& o) {
  const Call call(op, given.where);
  const Operand x(detail::amp_full(given), given.where);
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  const Tensor input = cast(x, is_floating(x.dtype()) ? compute_type(x.dtype()) : i64);
  if (x.ndim() == 0) {  // as torch: an axis of one element
    normalize_axis(axis, 1, op);
    const Operand line(reshape(input, {1}), x.where);
    return reshape(scan_node<Scan>(op, line, 0, o), {});
  }
  const ScanSettings s{normalize_axis(axis, x.ndim(), op), o.exclusive, o.reverse};
  const Tensor y = make_node(std::make_shared<Scan>(s), {input}, x.shape(), input.dtype());
  return is_half(x.dtype()) ? cast(y, x.dtype()) : y;
}

}  // namespace

Tensor cumsum(const Operand& x, int64_t axis, const ScanOptions& options) {
  return scan_node<CumsumOp>("cumsum", x, axis, options);
}

Tensor cumprod(const Operand& x, int64_t axis, const ScanOptions& options) {
  return scan_node<CumprodOp>("cumprod", x, axis, options);
}

Tensor linear_recurrence(const Operand& a, const Tensor& b, int64_t axis, bool reverse) {
  const Call call("linear_recurrence", a.where);
  require(a.defined() && b.defined(), "linear_recurrence: an argument is an undefined tensor");
  require(a.shape() == b.shape() && a.dtype() == b.dtype() && is_floating(a.dtype()),
          "linear_recurrence: a and b must have one shape and one floating dtype, got {} {} and "
          "{} {}",
          a.dtype(), a.shape(), b.dtype(), b.shape());
  const int along = normalize_axis(axis, a.ndim(), "linear_recurrence");
  const DType type = compute_type(a.dtype());
  const Tensor h = make_node(std::make_shared<LinearRecurrenceOp>(along, reverse),
                             {cast(a, type), cast(b, type)}, a.shape(), type);
  return cast(h, a.dtype());
}

}  // namespace tessera
