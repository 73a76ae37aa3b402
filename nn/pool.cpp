#include "nn/pool.h"

#include <array>

#include "core/error.h"
#include "nn/describe.h"
#include "ops/adaptive_pool.h"

namespace tessera::nn {

namespace {

// The function for 1, 2 or 3 spatial axes.
template <class F>
F* for_axes(int axes, const std::array<F*, 3>& functions) {
  return functions[static_cast<size_t>(axes - 1)];
}

// Options with one entry for each axis, so that wrong ones show at once.
PoolOptions resolved(const char* name, const Shape& kernel, const PoolOptions& o) {
  const int axes = kernel.ndim();
  PoolOptions all = o;
  all.stride = o.stride.empty() ? kernel : o.stride.resolve(axes, 1, name, "stride");
  all.padding = o.padding.resolve(axes, 0, name, "padding");
  if (!o.padding_end.empty()) {
    all.padding_end = o.padding_end.resolve(axes, 0, name, "padding_end");
  }
  all.dilation = o.dilation.resolve(axes, 1, name, "dilation");
  return all;
}

Shape output_extents(const char* name, int axes, const PerAxis& output_size) {
  return output_size.resolve(axes, -1, name, "output_size");
}

// Equal windows along each axis, as Jittor has them.
Tensor jittor_adaptive_avg_pool(const Tensor& x, const Shape& output_size) {
  const int axes = output_size.ndim();
  Shape kernel, stride;
  for (int axis = 0; axis < axes; ++axis) {
    const int64_t extent = x.shape(axis - axes);
    const int64_t outputs = output_size[axis] < 0 ? extent : output_size[axis];
    require(outputs > 0 && outputs <= extent,
            "AdaptiveAvgPool: output_size of Jittor's windows must lie between 1 and the extents "
            "of x, got {} for x {}",
            output_size, x.shape());
    stride.push_back(extent / outputs);
    kernel.push_back(extent - (outputs - 1) * stride[axis]);
  }
  return for_axes(axes, std::array{avg_pool1d, avg_pool2d, avg_pool3d})(x, kernel,
                                                                        {.stride = stride});
}

}  // namespace

PoolBase::PoolBase(const char* name, int axes, const PerAxis& kernel, const PoolOptions& o)
    : kernel_size(kernel.resolve(axes, 1, name, "kernel_size")),
      window_(resolved(name, kernel_size, o)) {}

std::string PoolBase::describe() const {
  const auto each = [&](const PerAxis& setting) { return setting.resolve(axes(), 0, "", ""); };
  Description text;
  text.add("kernel", kernel_size)
      .unless(kernel_size, "stride", each(window_.stride))
      .unless(0, "padding", each(window_.padding));
  if (!window_.padding_end.empty()) text.add("padding_end", each(window_.padding_end));
  return text.unless(1, "dilation", each(window_.dilation))
      .unless(false, "ceil_mode", window_.ceil_mode);
}

Tensor MaxPoolNd::forward(const Tensor& x) {
  return for_axes(axes(), std::array{max_pool1d, max_pool2d, max_pool3d})(x, kernel_size, window_);
}

AvgPoolNd::AvgPoolNd(const char* name, int axes, const PerAxis& kernel, const AvgPoolOptions& o)
    : PoolBase(name, axes, kernel,
               {.stride = o.stride,
                .padding = o.padding,
                .padding_end = o.padding_end,
                .dilation = o.dilation,
                .ceil_mode = o.ceil_mode}),
      count_include_pad_(o.count_include_pad),
      divisor_override_(o.divisor_override) {
  require(divisor_override_ != 0, "{}: divisor_override must not be 0", name);
}

Tensor AvgPoolNd::forward(const Tensor& x) {
  return for_axes(axes(), std::array{avg_pool1d, avg_pool2d, avg_pool3d})(
      x, kernel_size,
      {.stride = window_.stride,
       .padding = window_.padding,
       .padding_end = window_.padding_end,
       .dilation = window_.dilation,
       .ceil_mode = window_.ceil_mode,
       .count_include_pad = count_include_pad_,
       .divisor_override = divisor_override_});
}

std::string AvgPoolNd::describe() const {
  Description text(PoolBase::describe());
  text.unless(true, "count_include_pad", count_include_pad_);
  if (divisor_override_) text.add("divisor_override", *divisor_override_);
  return text;
}

AdaptiveAvgPoolNd::AdaptiveAvgPoolNd(const char* name, int axes, const PerAxis& size,
                                     AdaptiveWindows windows)
    : output_size(output_extents(name, axes, size)), windows(windows) {}

Tensor AdaptiveAvgPoolNd::forward(const Tensor& x) {
  if (windows == AdaptiveWindows::jittor) return jittor_adaptive_avg_pool(x, output_size);
  return for_axes(output_size.ndim(), std::array{adaptive_avg_pool1d, adaptive_avg_pool2d,
                                                 adaptive_avg_pool3d})(x, output_size);
}

std::string AdaptiveAvgPoolNd::describe() const {
  return Description(output_size)
      .unless("torch", "windows", windows == AdaptiveWindows::jittor ? "jittor" : "torch");
}

AdaptiveMaxPoolNd::AdaptiveMaxPoolNd(const char* name, int axes, const PerAxis& size)
    : output_size(output_extents(name, axes, size)) {}

Tensor AdaptiveMaxPoolNd::forward(const Tensor& x) {
  return for_axes(output_size.ndim(), std::array{adaptive_max_pool1d, adaptive_max_pool2d,
                                                 adaptive_max_pool3d})(x, output_size);
}

std::string AdaptiveMaxPoolNd::describe() const {
  return Description(output_size);
}

MaxUnpoolNd::MaxUnpoolNd(const char* name, int axes, const PerAxis& kernel,
                         const MaxUnpoolOptions& o)
    : kernel_size(kernel.resolve(axes, 1, name, "kernel_size")), options_(o) {
  options_.stride = o.stride.empty() ? kernel_size : o.stride.resolve(axes, 1, name, "stride");
  options_.padding = o.padding.resolve(axes, 0, name, "padding");
}

Tensor MaxUnpoolNd::operator()(const Operand& x, const Tensor& indices,
                               const PerAxis& output_size) {
  const Call call("max_unpool", x.where);
  return run({x, indices}, [&] {
    MaxUnpoolOptions options = options_;
    if (!output_size.empty()) options.output_size = output_size;
    return for_axes(kernel_size.ndim(), std::array{max_unpool1d, max_unpool2d, max_unpool3d})(
        x, indices, kernel_size, options);
  });
}

std::string MaxUnpoolNd::describe() const {
  const auto each = [&](const PerAxis& p) { return p.resolve(kernel_size.ndim(), 0, "", ""); };
  return Description()
      .add("kernel", kernel_size)
      .unless(kernel_size, "stride", each(options_.stride))
      .unless(0, "padding", each(options_.padding));
}

}  // namespace tessera::nn
