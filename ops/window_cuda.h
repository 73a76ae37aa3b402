#pragma once

#include <algorithm>
#include <string>

#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/window.cu.inc"
#include "ops/window.h"

// How ops/window.cpp launches the kernels of ops/window.cu.inc.
namespace tessera::detail {

class GpuWindows {
 public:
  // The windows of arrays of that format, over the last axes of `leading` + extents; `type` is that
  // of the elements.
  GpuWindows(cuda::Stream& stream, const Window& window, const Shape& leading, MemoryFormat format,
             DType type)
      : stream_(stream), window_(window), type_(type) {
    parameters.planes = leading.numel();
    for (size_t a = 0; a < 3; ++a) parameters.axis[a] = window.axis[a];
    Shape in = leading, out = leading;
    for (const WindowAxis& a : std::span(window.axis).last(static_cast<size_t>(window.ndim))) {
      in.push_back(a.extent);
      out.push_back(a.outputs);
    }
    parameters.in = steps(in, format);
    parameters.out = steps(out, format);
    // Without images the axis that such a format puts last is none of channels.
    if (format == MemoryFormat::row_major || leading.ndim() != 2) return;
    parameters.channels = leading[1];
    width_ = std::min(8, cuda::pack_width(type, leading[1]));
  }

  // A kernel that is given W windows for each parameters.lanes threads, and the one that is given a
  // part of them.
  void launch_on_windows(const char* kernel, const char* of_parts) {
    const int64_t windows = parameters.planes * window_.outputs() / width_;
    if (windows == 0) return;
    int64_t seen = 1, row = 1;  // at most, by a window and along its last axis
    for (const WindowAxis& a : parameters.axis) {
      row = 1;
      for (int64_t i = 0; i < a.outputs; ++i) row = std::max(row, a.span(i).inside());
      seen *= row;
    }
    parameters.lanes = cuda::lanes_for(row);
    parameters.parts =
        cuda::parts_for(cuda::blocks_for(windows * parameters.lanes).x, seen, parameters.lanes);
    if (parameters.parts == 1) return launch(kernel, windows * parameters.lanes);
    const auto partials = stream_.scratch(parameters.parts * windows * width_ * kPartialBytes);
    parameters.partials = partials.data();
    launch(of_parts, windows * parameters.lanes, parameters.parts);
    parameters.lanes = cuda::lanes_for(parameters.parts);
    launch(kernel, windows * parameters.lanes);
    parameters.partials = nullptr;
  }
  // One that is given W elements of the input's extents.
  void launch_on_elements(const char* kernel) const {
    launch(kernel, parameters.planes * window_.extent() / width_);
  }
  // One that is given W windows, all of which one thread sees.
  void launch_on_small_windows(const char* kernel) const {
    launch(kernel, parameters.planes * window_.outputs() / width_);
  }

  cuda::window::Windows parameters;

 private:
  static constexpr int64_t kPartialBytes = sizeof(cuda::window::Best<double>);

  cuda::window::Steps steps(const Shape& shape, MemoryFormat format) const {
    const Shape strides = strides_of(shape, format);
    const int first = shape.ndim() - window_.ndim;  // axis of the windows
    cuda::window::Steps steps;
    if (first == 2) steps.image = strides[0];
    steps.channel = strides[first - 1];
    for (int a = 0; a < window_.ndim; ++a) steps.axis[3 - window_.ndim + a] = strides[first + a];
    return steps;
  }
  void launch(const char* kernel, int64_t threads, int64_t parts = 1) const {
    cuda::Blocks blocks = cuda::blocks_for(threads);
    blocks.y = parts;
    const std::string types = std::string(cuda::c_type(type_)) + ", " + std::to_string(width_);
    stream_.launch("ops/window.cu.inc", std::string("cuda::window::") + kernel + "<" + types + ">",
                   blocks, parameters);
  }

  cuda::Stream& stream_;
  const Window& window_;
  DType type_;
  int width_ = 1;
};

}  // namespace tessera::detail
