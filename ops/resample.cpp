#include "ops/resample.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/core.h>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/cubic_functions.h"
#include "ops/resample.cu.inc"
#include "ops/resample_kernels.h"
#include "ops/sparse_rows.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::ResampleKernels resample)

namespace tessera {

using detail::SparseRows;

namespace {

// One axis of n elements resampled to `extent` elements.
struct Axis {
  int axis;
  int64_t n, extent;
  ResampleOptions options;
};

// Position of output i among the inputs.
double position(const Axis& a, int64_t i) {
  const ResampleOptions& o = a.options;
  const auto n = static_cast<double>(a.n), extent = static_cast<double>(a.extent);
  const double length = o.scale > 0 ? o.scale * n : extent;  // of the output, may be fractional
  // i / scale in one rounding when scale = extent / n, so that whole numbers come out exact.
  const auto unscaled = [&](double index) {
    return o.scale > 0 ? index / o.scale : index * n / extent;
  };
  const auto index = static_cast<double>(i);
  switch (o.coordinates) {
    case Coordinates::half_pixel:
      break;
    case Coordinates::pytorch_half_pixel:
      if (length == 1) return -0.5;
      break;
    case Coordinates::half_pixel_symmetric:
      return n / 2 * (1 - extent / length) + unscaled(index + 0.5) - 0.5;
    case Coordinates::align_corners:
      return length == 1 ? 0 : index * (n - 1) / (length - 1);
    case Coordinates::asymmetric:
      return unscaled(index);
    case Coordinates::tf_half_pixel_for_nn:
      return unscaled(index + 0.5);
    case Coordinates::tf_crop_and_resize: {
      const double width = (o.roi_end - o.roi_start) * (n - 1);
      return o.roi_start * (n - 1) + (length == 1 ? width / 2 : index * width / (length - 1));
    }
  }
  return unscaled(index + 0.5) - 0.5;
}

double rounded(double x, NearestRounding rounding) {
  switch (rounding) {
    case NearestRounding::round_prefer_floor:
      return std::ceil(x - 0.5);
    case NearestRounding::round_prefer_ceil:
      return std::floor(x + 0.5);
    case NearestRounding::floor:
      return std::floor(x);
    case NearestRounding::ceil:
      break;
  }
  return std::ceil(x);
}

// The taps of a linear or cubic filter around `at`. Their weights sum to 1.
void add_filter(const Axis& a, double at, SparseRows& rows) {
  const ResampleOptions& o = a.options;
  const double radius = o.filter == Filter::linear ? 1 : 2;
  double step = 1;
  if (o.antialias) {
    step = o.scale > 0 ? 1 / o.scale : static_cast<double>(a.n) / static_cast<double>(a.extent);
    step = std::max(step, 1.0);
  }
  const auto first = static_cast<int64_t>(std::floor(at - radius * step)) + 1;
  const auto last = static_cast<int64_t>(std::ceil(at + radius * step)) - 1;
  const auto inside = [&](int64_t k) { return k >= 0 && k < a.n; };
  const auto weight = [&](int64_t k) {
    const double distance = (static_cast<double>(k) - at) / step;
    return o.filter == Filter::linear ? std::max(0.0, 1 - std::abs(distance))
                                      : detail::cubic_kernel(distance, o.cubic_a);
  };
  double total = 0;
  for (int64_t k = first; k <= last; ++k) {
    if (inside(k) || !o.exclude_outside) total += weight(k);
  }
  if (!o.antialias && !o.exclude_outside) total = 1;  // but for rounding
  if (total == 0) return;
  double low = 0, high = 0;  // what lies beyond the ends
  for (int64_t k = first; k < 0 && k <= last; ++k) low += weight(k);
  for (int64_t k = std::max(a.n, first); k <= last; ++k) high += weight(k);
  if (o.exclude_outside) low = high = 0;
  const int64_t begin = std::clamp<int64_t>(first, 0, a.n - 1);
  const int64_t end = std::clamp<int64_t>(last, 0, a.n - 1);
  for (int64_t k = begin; k <= end; ++k) {
    double sum = k >= first && k <= last ? weight(k) : 0;
    if (k == 0) sum += low;
    if (k == a.n - 1) sum += high;
    rows.add(k, sum / total);
  }
}

SparseRows table_of(const Axis& a) {
  const ResampleOptions& o = a.options;
  const auto n = static_cast<double>(a.n);
  SparseRows rows;
  for (int64_t i = 0; i < a.extent; ++i, rows.end_row()) {
    if (o.filter == Filter::area) {
      const int64_t begin = i * a.n / a.extent, end = ((i + 1) * a.n - 1) / a.extent + 1;
      for (int64_t k = begin; k < end; ++k) rows.add(k, 1 / static_cast<double>(end - begin));
      continue;
    }
    double at = position(a, i);
    if (o.coordinates == Coordinates::tf_crop_and_resize && !(at >= 0 && at <= n - 1)) continue;
    // Far outside everything is read at the end; that keeps whole numbers in range.
    at = std::clamp(at, -2 * n - 4, 3 * n + 4);
    if (o.filter == Filter::nearest) {
      rows.add(static_cast<int64_t>(std::clamp(rounded(at, o.rounding), 0.0, n - 1)), 1);
    } else {
      add_filter(a, at, rows);
    }
  }
  return rows;
}

// An array [outer, axis, inner], of which the axis is resampled.
struct Extents {
  int64_t outer, inner;
  Extents(const Shape& shape, int axis)
      : outer(shape.slice(0, axis).numel()), inner(shape.slice(axis + 1, shape.ndim()).numel()) {}
};

// Calls f(i, outer, begin, end) for each row i of the output, with its taps begin <= t < end.
template <class F>
void for_each_row(const Extents& extents, const SparseRows& rows, F&& f) {
  const int64_t total = extents.outer * rows.rows();
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, extents.inner));
  cpu::parallel_ranges(total, grain, [&](int64_t begin, int64_t end) {
    int64_t outer = begin / rows.rows(), row = begin % rows.rows();
    for (int64_t i = begin; i < end; ++i) {
      f(i, outer, rows.begin[static_cast<size_t>(row)], rows.begin[static_cast<size_t>(row) + 1]);
      if (++row == rows.rows()) {
        row = 0;
        ++outer;
      }
    }
  });
}

// Rows that are whole: the axis is not the last one.
template <class T>
void resample_planes(const Extents& e, int64_t n, const SparseRows& rows, T fill, const T* x,
                     T* y) {
  for_each_row(e, rows, [&](int64_t i, int64_t outer, int64_t begin, int64_t end) {
    T* const out = y + i * e.inner;
    const auto tap = [&](int64_t t) {
      return x + (outer * n + rows.index[static_cast<size_t>(t)]) * e.inner;
    };
    const auto weight = [&](int64_t t) {
      return static_cast<T>(rows.weight[static_cast<size_t>(t)]);
    };
    if (begin == end) {
      std::fill_n(out, e.inner, fill);
    } else if (end - begin == 1) {
      const T* a = tap(begin);
      const T w = weight(begin);
      for (int64_t k = 0; k < e.inner; ++k) out[k] = w * a[k];
    } else {
      const T *a = tap(begin), *b = tap(begin + 1);
      const T wa = weight(begin), wb = weight(begin + 1);
      for (int64_t k = 0; k < e.inner; ++k) out[k] = wa * a[k] + wb * b[k];
    }
    for (int64_t t = begin + 2; t < end; ++t) {
      const T* a = tap(t);
      const T w = weight(t);
      for (int64_t k = 0; k < e.inner; ++k) out[k] += w * a[k];
    }
  });
}

// The axis is the last one: rows of one element.
template <class T>
void resample_elements(const Extents& e, int64_t n, const SparseRows& rows, T fill, const T* x,
                       T* y) {
  const std::vector<T> weights(rows.weight.begin(), rows.weight.end());
  const int64_t* index = rows.index.data();
  const T* weight = weights.data();
  for_each_row(e, rows, [&](int64_t i, int64_t outer, int64_t begin, int64_t end) {
    const T* const in = x + outer * n;
    if (end - begin == 2) {
      y[i] = weight[begin] * in[index[begin]] + weight[begin + 1] * in[index[begin + 1]];
      return;
    }
    T sum = begin == end ? fill : 0;
    for (int64_t t = begin; t < end; ++t) sum += weight[t] * in[index[t]];
    y[i] = sum;
  });
}

// The same with vectors.
void resample_floats(const Extents& e, int64_t n, const SparseRows& rows, float fill,
                     const float* x, float* y) {
  const detail::ResampleKernels& kernels = TESSERA_SELECT(resample);
  const std::vector<float> weights(rows.weight.begin(), rows.weight.end());
  const detail::Taps taps{rows.rows(), rows.begin.data(), rows.index.data(), weights.data()};
  if (e.inner > 1) {
    const int64_t grain = std::max<int64_t>(1, 16384 / e.inner);
    cpu::parallel_ranges(e.outer * taps.rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        kernels.row(taps, i % taps.rows, x + i / taps.rows * n * e.inner, e.inner, fill,
                    y + i * e.inner);
      }
    });
    return;
  }
  const int64_t together = std::max<int64_t>(1, 16384 / (kernels.lanes * taps.rows));
  cpu::parallel_ranges(e.outer, together * kernels.lanes, [&](int64_t begin, int64_t end) {
    const cpu::Scratch<float> memory(n * kernels.lanes);
    for (int64_t line = begin; line < end; line += kernels.lanes) {
      kernels.lines(taps, x + line * n, n, std::min(kernels.lanes, end - line), fill, memory.data(),
                    y + line * taps.rows);
    }
  });
}

// Every row is one element of x: a copy, of any dtype.
template <class T>
void select_rows(const Extents& e, int64_t n, const SparseRows& rows, double fill, const T* x,
                 T* y) {
  using Real = std::conditional_t<std::is_arithmetic_v<T>, double, float>;  // bf16 and f16: float
  const T empty = static_cast<T>(static_cast<Real>(fill));
  const int64_t *begins = rows.begin.data(), *index = rows.index.data(), count = rows.rows();
  if (e.inner == 1) {
    const int64_t grain = std::max<int64_t>(1, 16384 / count);
    cpu::parallel_ranges(e.outer, grain, [&](int64_t first, int64_t last) {
      for (int64_t line = first; line < last; ++line) {
        const T* const in = x + line * n;
        T* const out = y + line * count;
        for (int64_t i = 0; i < count; ++i)
          out[i] = begins[i] == begins[i + 1] ? empty : in[index[begins[i]]];
      }
    });
    return;
  }
  for_each_row(e, rows, [&](int64_t i, int64_t outer, int64_t begin, int64_t end) {
    T* const out = y + i * e.inner;
    if (begin == end) {
      std::fill_n(out, e.inner, empty);
    } else {
      std::copy_n(x + (outer * n + index[begin]) * e.inner, e.inner, out);
    }
  });
}

// Resampling along an axis, or its adjoint, which reads an array of the output's extent and spreads
// it over the inputs. Each is the gradient of the other.
class ResampleOp final : public KernelOp, public detail::Repeatable {
 public:
  ResampleOp(const Axis& axis, bool adjoint) : axis_(axis), adjoint_(adjoint) {}
  std::string_view name() const override { return adjoint_ ? "resample_adjoint" : "resample"; }
  void key(std::string& out) const override {
    const ResampleOptions& o = axis_.options;
    append_key(out, axis_.axis, axis_.n, axis_.extent, o.filter, o.coordinates, o.rounding, o.scale,
               o.cubic_a, o.antialias, o.exclude_outside, o.roi_start, o.roi_end,
               o.extrapolation_value, adjoint_);
  }
  bool may_fail() const override { return false; }
  Formats formats() const override { return Formats::either; }
  Cost cost(const Node& node) const override {
    const double wide = axis_.options.filter == Filter::cubic ? 8 : 4;
    return {wide * static_cast<double>(std::max(node.numel(), node.input(0)->numel()))};
  }
  // Keeping the input instead saves memory where it is smaller.
  bool worth_repeating(const Node& y) const override { return y.input(0)->numel() < y.numel(); }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    Axis axis = axis_;
    axis.options.extrapolation_value = 0;  // a constant: its derivative is 0
    return {
        make_node(std::make_shared<ResampleOp>(axis, !adjoint_), {dy}, x[0].shape(), dy.dtype())};
  }
  void run(std::span<const Array> inputs, const Array& y) const override {
    const Array& x = inputs[0];
    if (y.numel() == 0) return;
    const Extents e(y.shape, axis_.axis);
    const SparseRows table = this->table();
    const int64_t n = x.shape[axis_.axis];
    const double fill = axis_.options.extrapolation_value;
    dispatch(x.dtype, [&]<class T>(T) {
      if (!adjoint_ && axis_.options.filter == Filter::nearest) {
        select_rows(e, n, table, fill, x.as<const T>(), y.as<T>());
      } else if constexpr (std::is_floating_point_v<T>) {
        const auto resample_rows = [&] {
          if constexpr (std::is_same_v<T, float>) {
            return &resample_floats;
          } else {
            return e.inner == 1 ? &resample_elements<T> : &resample_planes<T>;
          }
        }();
        resample_rows(e, n, table, static_cast<T>(fill), x.as<const T>(), y.as<T>());
      }
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    if (y.numel() == 0) return true;
    const int64_t extent = y.shape[axis_.axis], inner = strides_of(y.shape, y.format)[axis_.axis];
    cuda::resample::Axis axis{.outer = y.numel() / (extent * inner),
                              .n = in[0].shape[axis_.axis],
                              .extent = extent,
                              .inner = inner,
                              .fill = axis_.options.extrapolation_value,
                              .x = in[0].data,
                              .result = y.data};
    std::string attributes(name());
    key(attributes);
    const std::byte* const table = stream.tables().find(attributes, [&] { return gpu_table(); });
    axis.begin = reinterpret_cast<const int64_t*>(table);
    axis.taps = reinterpret_cast<const cuda::resample::Tap*>(axis.begin + axis.extent + 1);
    const bool select = !adjoint_ && axis_.options.filter == Filter::nearest;
    const int width = cuda::pack_width(y.dtype, inner);
    stream.launch(
        "ops/resample.cu.inc",
        fmt::format("cuda::resample::rows<{}, {}, {}>", cuda::c_type(y.dtype), select, width),
        cuda::blocks_for(y.numel() / width), axis);
    return true;
  }

 private:
  SparseRows table() const {
    return adjoint_ ? table_of(axis_).transposed(axis_.n) : table_of(axis_);
  }
  // The begins of the rows, then the taps.
  std::string gpu_table() const {
    const SparseRows rows = table();
    std::string bytes;
    for (const int64_t begin : rows.begin) append_key(bytes, begin);
    for (size_t t = 0; t < rows.index.size(); ++t) append_key(bytes, rows.weight[t], rows.index[t]);
    return bytes;
  }
  Axis axis_;
  bool adjoint_;
};

void check(const Axis& a, const Shape& shape) {
  const ResampleOptions& o = a.options;
  require(a.extent >= 0 && std::max(a.extent, a.n) < int64_t{1} << 31,
          "resample: extents must be at least 0 and below 2^31, got {} -> {}", a.n, a.extent);
  require(a.n > 0 || a.extent == 0, "resample: axis {} of {} is empty and cannot become {}", a.axis,
          shape, a.extent);
  require(o.scale == 0 || o.scale >= 1e-12,
          "resample: scale must be at least 1e-12, or 0 for extent / n, got {}", o.scale);
  require(std::isfinite(o.roi_start) && std::isfinite(o.roi_end) && std::isfinite(o.cubic_a),
          "resample: roi and cubic_a must be finite, got [{}, {}] and {}", o.roi_start, o.roi_end,
          o.cubic_a);
  require(!o.antialias || o.filter == Filter::linear || o.filter == Filter::cubic,
          "resample: antialias needs Filter::linear or Filter::cubic");
  // A filter is 4 / scale wide, so that the work stays in proportion to n.
  const double length = o.scale * static_cast<double>(a.n);
  require(!o.antialias || o.scale == 0 ||
              (length >= 0.5 && static_cast<double>(a.extent) <= 2 * length + 2),
          "resample: with antialias the scale must fit {} -> {} elements, got {}", a.n, a.extent,
          o.scale);
}

}  // namespace

Tensor resample(const Operand& x, int64_t axis, int64_t extent, const ResampleOptions& options) {
  const Call call("resample", x.where);
  require(x.defined(), "resample: the input is an undefined tensor");
  const int a = normalize_axis(axis, x.ndim(), "resample");
  const Axis resampled{a, x.shape(a), extent, options};
  check(resampled, x.shape());
  require(is_floating(x.dtype()) || options.filter == Filter::nearest,
          "resample: the input must be floating unless the filter is nearest, got {}; cast it",
          x.dtype());
  const DType type = compute_type(x.dtype());
  const Tensor y = make_node(std::make_shared<ResampleOp>(resampled, false), {cast(x, type)},
                             x.shape().with(a, extent), type);
  return cast(y, x.dtype());
}

}  // namespace tessera
