#include "ops/fold.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/index.h"
#include "core/op.h"
#include "ops/fold.cu.inc"
#include "ops/shape.h"

namespace tessera {

namespace {

using detail::at;

// The windows of one call, with as many spatial axes as `kernel` has. Arrays are planes
// [P, spatial...] and columns [P, kernel..., output...], P = N C.
struct Windows {
  Shape kernel, dilation, padding, stride;

  int axes() const { return kernel.ndim(); }
  void key(std::string& out) const { append_key(out, kernel, dilation, padding, stride); }
  Shape columns(const Shape& planes, const Shape& output) const {
    Shape shape{planes[0]};
    for (const int64_t extent : kernel) shape.push_back(extent);
    for (const int64_t extent : output) shape.push_back(extent);
    return shape;
  }
};

Tensor fold_node(const Tensor& columns, const Windows& windows, const Shape& planes);

class UnfoldOp final : public AccessOp {
 public:
  explicit UnfoldOp(const Windows& windows) : windows_(windows) {}
  std::string_view name() const override { return "unfold"; }
  void key(std::string& out) const override { windows_.key(out); }
  bool guarded() const override { return true; }
  Access access(const Node& node) const override {
    Access access{node.shape, node.input(0)->shape, {}};
    const int axes = windows_.axes();
    if (node.shape[0] != 1) access.axis[0].coef[0] = 1;
    for (int i = 0; i < axes; ++i) {
      Linear& form = access.axis[at(1 + i)];
      form.offset = -windows_.padding[i];
      if (node.shape[1 + i] != 1) form.coef[at(1 + i)] = windows_.dilation[i];
      if (node.shape[1 + axes + i] != 1) form.coef[at(1 + axes + i)] = windows_.stride[i];
    }
    return access;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {fold_node(dy, windows_, x[0].shape())};
  }

 private:
  Windows windows_;
};

Tensor unfold_node(const Tensor& planes, const Windows& windows, const Shape& output) {
  return make_node(std::make_shared<UnfoldOp>(windows), {planes},
                   windows.columns(planes.shape(), output), planes.dtype());
}

// Every plane is summed by itself, row after row of the columns.
class FoldOp final : public KernelOp {
 public:
  explicit FoldOp(const Windows& windows) : windows_(windows) {}
  std::string_view name() const override { return "fold"; }
  void key(std::string& out) const override { windows_.key(out); }
  bool may_fail() const override { return false; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    if (output.dtype == f64) return add<double>(inputs[0], output);
    add<float>(inputs[0], output);
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    const int axes = windows_.axes();
    cuda::fold::Folding folding{.planes = out.shape[0], .columns = in[0].data, .result = out.data};
    for (int i = 0; i < axes; ++i) {
      const int to = 3 - axes + i;
      folding.extent[to] = out.shape[1 + i];
      folding.kernel[to] = in[0].shape[1 + i];
      folding.windows[to] = in[0].shape[1 + axes + i];
      folding.stride[to] = windows_.stride[i];
      folding.dilation[to] = windows_.dilation[i];
      folding.padding[to] = windows_.padding[i];
    }
    stream.launch("ops/fold.cu.inc", fmt::format("cuda::fold::add<{}>", cuda::c_type(out.dtype)),
                  cuda::blocks_for(out.numel()), folding);
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    const int axes = windows_.axes();
    return {unfold_node(dy, windows_, x[0].shape().slice(1 + axes, 1 + 2 * axes))};
  }
  Cost cost(const Node& node) const override {
    return {static_cast<double>(node.input(0)->numel())};
  }

 private:
  template <class T>
  void add(const Array& columns, const Array& planes) const {
    const int64_t plane = planes.shape.slice(1, planes.shape.ndim()).numel();
    const int64_t column = columns.shape.slice(1, columns.shape.ndim()).numel();
    cpu::parallel_for(planes.shape[0], columns.numel() < 1 << 14, [&](int64_t p) {
      T* out = planes.as<T>() + p * plane;
      std::fill_n(out, plane, T{0});
      add_plane(columns.as<const T>() + p * column, columns.shape, out, planes.shape);
    });
  }

  template <class T>
  void add_plane(const T* from, const Shape& columns, T* out, const Shape& planes) const {
    const int axes = windows_.axes(), last = axes - 1;
    const Shape strides = row_major_strides(planes);
    const int64_t n = columns.back(), width = planes.back(), stride = windows_.stride[last];
    const int64_t rows = columns.slice(1, 2 * axes).numel();
    for (int64_t row = 0; row < rows; ++row, from += n) {
      // The row's window element and window, except for the position along the last axis.
      Shape index = columns;
      int64_t rest = row;
      for (int i = 2 * axes - 1; i > 0; --i) {
        index[i] = rest % columns[i];
        rest /= columns[i];
      }
      int64_t base = 0;
      bool inside = true;
      for (int i = 0; i < last; ++i) {
        const int64_t place = index[1 + axes + i] * windows_.stride[i] +
                              index[1 + i] * windows_.dilation[i] - windows_.padding[i];
        inside = inside && place >= 0 && place < planes[1 + i];
        base += place * strides[1 + i];
      }
      if (!inside) continue;
      const int64_t start = index[axes] * windows_.dilation[last] - windows_.padding[last];
      const int64_t begin = start < 0 ? (-start + stride - 1) / stride : 0;
      const int64_t end = start < width ? std::min(n, (width - 1 - start) / stride + 1) : 0;
      for (int64_t i = begin; i < end; ++i) out[base + start + i * stride] += from[i];
    }
  }

  Windows windows_;
};

Tensor fold_node(const Tensor& columns, const Windows& windows, const Shape& planes) {
  const DType dtype = columns.dtype();
  const Tensor y =
      make_node(std::make_shared<FoldOp>(windows), {is_half(dtype) ? cast(columns, f32) : columns},
                planes, is_half(dtype) ? f32 : dtype);
  return cast(y, dtype);
}

Windows windows_of(const char* op, const Shape& kernel, const FoldOptions& o) {
  const int axes = kernel.ndim();
  require(axes >= 1 && axes <= 3, "{}: the kernel must have 1 to 3 axes, got {}", op, kernel);
  return {PerAxis(kernel).resolve(axes, 1, op, "kernel"),
          o.dilation.resolve(axes, 1, op, "dilation"), o.padding.resolve(axes, 0, op, "padding"),
          o.stride.resolve(axes, 1, op, "stride")};
}

// Number of windows along each spatial axis.
Shape count_windows(const char* op, const Windows& w, const Shape& spatial) {
  Shape output;
  for (int i = 0; i < w.axes(); ++i) {
    const int64_t room = spatial[i] + 2 * w.padding[i] - w.dilation[i] * (w.kernel[i] - 1) - 1;
    require(spatial[i] >= 0 && room >= 0,
            "{}: a window of kernel {} and dilation {} must fit spatial extents {} with padding {}",
            op, w.kernel, w.dilation, spatial, w.padding);
    output.push_back(room / w.stride[i] + 1);
  }
  return output;
}

Shape joined(Shape first, const Shape& second) {
  for (const int64_t extent : second) first.push_back(extent);
  return first;
}

}  // namespace

Tensor unfold(const Operand& x, const Shape& kernel, const FoldOptions& o) {
  const Call call("unfold", x.where);
  const Windows windows = windows_of("unfold", kernel, o);
  const int batch = x.ndim() - windows.axes() - 1;
  require(batch == 0 || batch == 1,
          "unfold: x must be [N, C, ...] or [C, ...] with the {} axes of kernel {}, got {}",
          windows.axes(), kernel, x.shape());
  const Shape spatial = x.shape().slice(batch + 1, x.ndim());
  const Shape output = count_windows("unfold", windows, spatial);
  const int64_t planes = x.shape().slice(0, batch + 1).numel();
  const Tensor y = unfold_node(reshape(x, joined({planes}, spatial)), windows, output);
  Shape shape = x.shape().slice(0, batch);
  shape.push_back(joined({x.shape(batch)}, kernel).numel());
  shape.push_back(output.numel());
  return reshape(y, shape);
}

Tensor fold(const Operand& columns, const Shape& output_size, const Shape& kernel,
            const FoldOptions& o) {
  const Call call("fold", columns.where);
  const Windows windows = windows_of("fold", kernel, o);
  require(output_size.ndim() == windows.axes(),
          "fold: output_size and kernel must have equally many axes, got {} and {}", output_size,
          kernel);
  require(is_floating(columns.dtype()), "fold: columns must be floating, got {}", columns.dtype());
  const Shape output = count_windows("fold", windows, output_size);
  const int64_t taps = kernel.numel();
  require((columns.ndim() == 2 || columns.ndim() == 3) && columns.shape(-2) % taps == 0 &&
              columns.shape(-1) == output.numel(),
          "fold: columns must be [N, C * {}, {}] for kernel {} and {} windows, got {}", taps,
          output.numel(), kernel, output, columns.shape());
  Shape shape = columns.shape().slice(0, columns.ndim() - 2);
  shape.push_back(columns.shape(-2) / taps);
  const Shape planes = joined({shape.numel()}, output_size);
  const Tensor y = fold_node(reshape(columns, windows.columns(planes, output)), windows, planes);
  return reshape(y, joined(shape, output_size));
}

Tensor pixel_shuffle(const Operand& x, int64_t factor) {
  const Call call("pixel_shuffle", x.where);
  const int64_t r = factor;
  require(x.ndim() >= 3 && r >= 1 && r < (int64_t{1} << 16) && x.shape(-3) % (r * r) == 0,
          "pixel_shuffle: x must be [..., C * {}^2, H, W], got {}", r, x.shape());
  const int c = x.ndim() - 3;
  const int64_t H = x.shape(-2), W = x.shape(-1);
  const int64_t planes = x.shape().slice(0, c + 1).numel() / (r * r);
  const Tensor y = permute(reshape(x, {planes, r, r, H, W}), {0, 3, 1, 4, 2});
  Shape shape = x.shape().with(c, x.shape(c) / (r * r)).with(c + 1, H * r).with(c + 2, W * r);
  return reshape(y, shape);
}

Tensor pixel_unshuffle(const Operand& x, int64_t factor) {
  const Call call("pixel_unshuffle", x.where);
  const int64_t r = factor;
  require(x.ndim() >= 3 && r >= 1 && r < (int64_t{1} << 16) && x.shape(-2) % r == 0 &&
              x.shape(-1) % r == 0,
          "pixel_unshuffle: x must be [..., C, H * {}, W * {}], got {}", r, r, x.shape());
  const int c = x.ndim() - 3;
  const int64_t H = x.shape(-2) / r, W = x.shape(-1) / r;
  const int64_t planes = x.shape().slice(0, c + 1).numel();
  const Tensor y = permute(reshape(x, {planes, H, r, W, r}), {0, 2, 4, 1, 3});
  return reshape(y,
                 x.shape().with(c, Shape{x.shape(c), r, r}.numel()).with(c + 1, H).with(c + 2, W));
}

Tensor channel_shuffle(const Operand& x, int64_t groups) {
  const Call call("channel_shuffle", x.where);
  require(x.ndim() >= 2 && groups >= 1 && x.shape(1) % groups == 0,
          "channel_shuffle: the channels of x [N, C, ...] must divide into {} groups, got {}",
          groups, x.shape());
  const int64_t pixels = x.shape().slice(2, x.ndim()).numel();
  const Tensor split = reshape(x, {x.shape(0), groups, x.shape(1) / groups, pixels});
  return reshape(permute(split, {0, 2, 1, 3}), x.shape());
}

}  // namespace tessera
