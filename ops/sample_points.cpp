#include "ops/sample_points.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/fixed_sums.h"
#include "ops/sample_points.cu.inc"
#include "ops/sample_points_kernels.h"
#include "ops/sampling_functions.h"
#include "ops/shape.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::SamplePointsKernels<float> sample_points_f32;
                     extern const tessera::detail::SamplePointsKernels<double> sample_points_f64)

// A sample is a sum over the elements around its point, weighted by a product of one piecewise
// polynomial per axis:
//
//   S(x, p)[n, c, i] = sum_k x[n, c, k] * prod_d w(p[n, i, d], k_d)
//
// Differentiating w along some axes gives a sum of the same form, so three ops that know the order
// of the derivative along each axis are closed under differentiation: S, its adjoint in x, and
// sum_c v * dS/dp for all d.

namespace tessera {

using detail::kPointChunk;
using detail::PointTaps;
using detail::SamplePointsKernels;

namespace {

constexpr int kMaxAxes = 3;
constexpr int64_t kChannelGroup = 8;  // channels of an adjoint that share the taps

struct Spec {
  SamplePointsOptions options;
  int axes = 0;
  std::array<int, kMaxAxes> order{};  // of the derivative, by place in the last axis of points

  int degree() const {
    return options.filter == Filter::nearest ? 0 : options.filter == Filter::linear ? 1 : 3;
  }
  detail::AxisRule rule() const {
    return {degree(), options.padding != GridPadding::zeros,
            options.padding == GridPadding::reflection, options.align_corners};
  }
  Spec differentiated(int d) const {
    Spec spec = *this;
    ++spec.order[static_cast<size_t>(d)];
    return spec;
  }
  bool vanishes() const {  // the derivative is zero everywhere
    return std::any_of(order.begin(), order.end(), [&](int n) { return n > degree(); });
  }
};

// The arrays of one op: x [N, C, *spatial] and points [N, P, D], with P points an image.
struct Geometry {
  int64_t N, C, P;
  int D;
  std::array<int64_t, kMaxAxes> extent{}, stride{};  // by place in the last axis of points
  int64_t plane = 1;                                 // elements of an image's channel

  Geometry(const Shape& x, const Shape& points)
      : N(x[0]),
        C(x[1]),
        P(points.slice(1, points.ndim() - 1).numel()),
        D(static_cast<int>(points.back())) {
    for (int d = 0; d < D; ++d) {
      extent[static_cast<size_t>(d)] = x[x.ndim() - 1 - d];
      stride[static_cast<size_t>(d)] = plane;
      plane *= x[x.ndim() - 1 - d];
    }
  }
};

TESSERA_REAL_KERNELS(SamplePointsKernels, sample_points)

// Memory for the taps of a chunk of points.
template <class T>
class TapMemory {
 public:
  TapMemory() = default;
  explicit TapMemory(int64_t taps)
      : index_(static_cast<size_t>(taps * kPointChunk)), weight_(index_.size()) {}
  PointTaps<T> taps(int64_t points, int64_t count) {
    return {points, count, index_.data(), weight_.data()};
  }

 private:
  std::vector<int32_t> index_;
  std::vector<T> weight_;
};

// The taps of a chunk of points, all pairs of those along each axis.
template <class T>
class Chunk {
 public:
  explicit Chunk(const Spec& spec) : coordinate_(kPointChunk) {
    const int64_t per_axis = spec.degree() + 1, pairs = per_axis * per_axis;
    axis_ = TapMemory<T>(per_axis);
    product_[0] = TapMemory<T>(spec.axes < 3 ? per_axis : pairs * per_axis);
    product_[1] = TapMemory<T>(pairs);
  }

  // Of the points first, ..., first + size - 1 (fewer at the end) of an image.
  const PointTaps<T>& compute(const Spec& spec, const Geometry& g, const T* points, int64_t first) {
    const int64_t size = std::min(kPointChunk, g.P - first);
    for (int d = 0; d < g.D; ++d) {
      for (int64_t p = 0; p < size; ++p) {
        coordinate_[static_cast<size_t>(p)] = points[(first + p) * g.D + d];
      }
      const auto i = static_cast<size_t>(d);
      if (d == 0) {
        taps_ = axis(spec, g, i, size, product_[0]);
        continue;
      }
      // Two places in turn, the one that is read and the one that is written.
      const PointTaps<T> along = axis(spec, g, i, size, axis_);
      const PointTaps<T> product = product_[i % 2].taps(size, along.taps * taps_.taps);
      sample_points_kernels<T>().combine(along, taps_, product);
      taps_ = product;
    }
    return taps_;
  }
  const PointTaps<T>& taps() const { return taps_; }

 private:
  PointTaps<T> axis(const Spec& spec, const Geometry& g, size_t d, int64_t size,
                    TapMemory<T>& memory) {
    const SamplePointsOptions& o = spec.options;
    const PointTaps<T> taps = memory.taps(size, spec.degree() + 1);
    if (o.filter == Filter::linear && o.padding != GridPadding::reflection) {
      sample_points_kernels<T>().linear(coordinate_.data(), g.extent[d],
                                        static_cast<int32_t>(g.stride[d]),
                                        o.padding == GridPadding::border, spec.order[d], taps);
      return taps;
    }
    for (int64_t p = 0; p < size; ++p) {
      const detail::AxisTaps each =
          detail::axis_taps(static_cast<double>(coordinate_[static_cast<size_t>(p)]), g.extent[d],
                            spec.order[d], spec.rule());
      for (int64_t t = 0; t < taps.taps; ++t) {
        const bool is = t < each.count;
        const auto i = static_cast<size_t>(t);
        taps.index[t * kPointChunk + p] =
            is ? static_cast<int32_t>(each.index[i] * g.stride[d]) : 0;
        taps.weight[t * kPointChunk + p] = is ? static_cast<T>(each.weight[i]) : T(0);
      }
    }
    return taps;
  }

  TapMemory<T> axis_;
  std::array<TapMemory<T>, 2> product_;
  std::vector<T> coordinate_;
  PointTaps<T> taps_;
};

// Calls f(image, its chunks, first point, points) for runs of chunks, computed for that: so many
// points meet a plane that much of it is read while it is in a cache.
template <class T, class F>
void for_each_run(const Geometry& g, const Spec& spec, F&& f) {
  constexpr int64_t kRun = 8 * kPointChunk;
  const int64_t runs = (g.P + kRun - 1) / kRun;
  cpu::parallel_for(g.N * runs, false, [&](int64_t item) {
    const int64_t first = item % runs * kRun;
    const int64_t chunks = (std::min(kRun, g.P - first) + kPointChunk - 1) / kPointChunk;
    std::vector<Chunk<T>> run(static_cast<size_t>(chunks), Chunk<T>(spec));
    f(item / runs, run, first);
  });
}

// y [N, C, P] = S(x, points).
template <class T>
void gather_points(const Spec& spec, const Geometry& g, const T* x, const T* points, T* y) {
  for_each_run<T>(g, spec, [&](int64_t n, std::vector<Chunk<T>>& run, int64_t first) {
    int64_t at = first;
    for (Chunk<T>& chunk : run) {
      at += chunk.compute(spec, g, points + n * g.P * g.D, at).points;
    }
    for (int64_t plane = n * g.C; plane < (n + 1) * g.C; ++plane) {
      T* to = y + plane * g.P + first;
      for (const Chunk<T>& chunk : run) {
        sample_points_kernels<T>().gather(chunk.taps(), x + plane * g.plane, to);
        to += kPointChunk;
      }
    }
  });
}

// x [N, C, *spatial] = the adjoint of S, at v [N, C, P]. A group of planes belongs to one thread,
// which adds to it in the order of the points.
template <class T>
void scatter_points(const Spec& spec, const Geometry& g, const T* v, const T* points, T* x) {
  const int64_t groups = (g.C + kChannelGroup - 1) / kChannelGroup;
  cpu::parallel_for(g.N * groups, false, [&](int64_t item) {
    const int64_t n = item / groups, c = item % groups * kChannelGroup;
    const int64_t begin = n * g.C + c, end = n * g.C + std::min(g.C, c + kChannelGroup);
    std::fill(x + begin * g.plane, x + end * g.plane, T(0));
    Chunk<T> chunk(spec);
    for (int64_t first = 0; first < g.P; first += kPointChunk) {
      const PointTaps<T>& taps = chunk.compute(spec, g, points + n * g.P * g.D, first);
      for (int64_t plane = begin; plane < end; ++plane) {
        sample_points_kernels<T>().scatter(taps, v + plane * g.P + first, x + plane * g.plane);
      }
    }
  });
}

// y [N, P, D] = sum_c v[n, c, p] * dS(x, points)[n, c, p] / d points[n, p, d].
template <class T>
void slope_points(const Spec& spec, const Geometry& g, const T* v, const T* x, const T* points,
                  T* y) {
  for_each_run<T>(g, spec, [&](int64_t n, std::vector<Chunk<T>>& run, int64_t first) {
    std::vector<T> sums(run.size() * kPointChunk);
    for (int d = 0; d < g.D; ++d) {
      int64_t end = first;
      for (Chunk<T>& chunk : run) {
        end += chunk.compute(spec.differentiated(d), g, points + n * g.P * g.D, end).points;
      }
      std::fill(sums.begin(), sums.end(), T(0));
      for (int64_t plane = n * g.C; plane < (n + 1) * g.C; ++plane) {
        const T* from = v + plane * g.P + first;
        T* sum = sums.data();
        for (const Chunk<T>& chunk : run) {
          sample_points_kernels<T>().gather_products(chunk.taps(), x + plane * g.plane, from, sum);
          from += kPointChunk;
          sum += kPointChunk;
        }
      }
      for (int64_t p = first; p < end; ++p) {
        y[(n * g.P + p) * g.D + d] = sums[static_cast<size_t>(p - first)];
      }
    }
  });
}

Tensor zeros_of(const Tensor& x) {
  return expand(scalar(0.0, x.dtype()), x.shape());
}

// The three ops as functions. The first two are undefined where the result is zero everywhere.
Tensor sampled(const Tensor& x, const Tensor& points, const Spec& spec);
Tensor spread(const Tensor& v, const Tensor& points, const Shape& x, const Spec& spec);
Tensor slopes(const Tensor& v, const Tensor& x, const Tensor& points, const Spec& spec);

class PointsOp : public KernelOp {
 public:
  explicit PointsOp(const Spec& spec) : spec_(spec) {}
  void key(std::string& out) const override {
    append_key(out, spec_.options.filter, spec_.options.padding, spec_.options.align_corners,
               spec_.axes, spec_.order);
  }
  bool may_fail() const override { return false; }
  Cost cost(const Node& node) const override {
    const double taps = std::pow(spec_.degree() + 1, spec_.axes);
    return {2 * taps * static_cast<double>(std::max(node.numel(), node.input(0)->numel()))};
  }

 protected:
  // The parameters of ops/sample_points.cu.inc.
  cuda::sample_points::Samples on_gpu(const Geometry& g, const Array& points,
                                      const Array& out) const {
    cuda::sample_points::Samples samples{.N = g.N, .C = g.C, .P = g.P, .D = g.D, .plane = g.plane};
    for (size_t d = 0; d < kMaxAxes; ++d) {
      samples.extent[d] = g.extent[d];
      samples.stride[d] = g.stride[d];
      samples.order[d] = spec_.order[d];
    }
    samples.rule = spec_.rule();
    samples.points = points.data;
    samples.result = out.data;
    return samples;
  }
  static void launch(cuda::Stream& stream, const char* kernel, DType type, cuda::Blocks blocks,
                     const cuda::sample_points::Samples& samples) {
    stream.launch("ops/sample_points.cu.inc",
                  fmt::format("cuda::sample_points::{}<{}>", kernel, cuda::c_type(type)), blocks,
                  samples);
  }
  // A kernel that is given a point and a group of channels for each thread.
  static void launch_on_points(cuda::Stream& stream, const char* kernel, DType type,
                               const cuda::sample_points::Samples& samples) {
    cuda::Blocks blocks = cuda::blocks_for(samples.N * samples.P);
    blocks.y = (samples.C + samples.kGroup - 1) / samples.kGroup;
    launch(stream, kernel, type, blocks, samples);
  }
  // No tap along an axis, and no sum of those of a point, is greater than the product of these.
  double greatest_weight() const {
    double product = 1;
    for (size_t d = 0; d < static_cast<size_t>(spec_.axes); ++d) {
      const int order = spec_.order[d];
      product *= spec_.degree() < 3 || order == 0 ? 2 : order == 1 ? 4 : 32;
    }
    return product;
  }
  const Spec spec_;
};

class SampleOp final : public PointsOp {
 public:
  using PointsOp::PointsOp;
  std::string_view name() const override { return "sample_points"; }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = spread(dy, x[1], x[0].shape(), spec_);
    if (needed[1]) dx[1] = slopes(dy, x[0], x[1], spec_);
    return dx;
  }
  void run(std::span<const Array> in, const Array& y) const override {
    const Geometry g(in[0].shape, in[1].shape);
    cpu::for_real(y.dtype, [&]<class T>(T) {
      gather_points(spec_, g, in[0].as<T>(), in[1].as<T>(), y.as<T>());
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    auto samples = on_gpu(Geometry(in[0].shape, in[1].shape), in[1], y);
    samples.x = in[0].data;
    launch_on_points(stream, "sample", y.dtype, samples);
    return true;
  }
};

class SpreadOp final : public PointsOp {
 public:
  using PointsOp::PointsOp;
  std::string_view name() const override { return "sample_points_adjoint"; }
  // sum u * S^T(v) = sum v * S(u)
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = sampled(u, x[1], spec_);
    if (needed[1]) dx[1] = slopes(x[0], u, x[1], spec_);
    return dx;
  }
  void run(std::span<const Array> in, const Array& x) const override {
    const Geometry g(x.shape, in[1].shape);
    cpu::for_real(x.dtype, [&]<class T>(T) {
      scatter_points(spec_, g, in[0].as<T>(), in[1].as<T>(), x.as<T>());
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& x) const override {
    auto samples = on_gpu(Geometry(x.shape, in[1].shape), in[1], x);
    detail::FixedSums fixed(stream, x.numel(), in[0], samples.P, greatest_weight());
    samples.v = in[0].data;
    samples.sums = fixed.sums();
    launch_on_points(stream, "spread", x.dtype, samples);
    fixed.finish(x);
    return true;
  }
};

class SlopesOp final : public PointsOp {
 public:
  using PointsOp::PointsOp;
  std::string_view name() const override { return "sample_points_slopes"; }
  // sum_d u_d sum_c v dS/dp_d is linear in v and in x, and a sum of slopes in p.
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& u, Needed needed) const override {
    Tensors dx(3);
    const auto accumulate = [](Tensor& total, const Tensor& part) {
      if (part.defined()) total = total.defined() ? total + part : part;
    };
    const Shape per_point = y.shape().slice(0, y.ndim() - 1).inserted(1, 1);
    for (int d = 0; d < spec_.axes; ++d) {
      const Spec spec = spec_.differentiated(d);
      const Tensor u_d = reshape(slice(u, -1, {.start = d, .stop = d + 1}), per_point);
      if (needed[0]) {
        const Tensor slope = sampled(x[1], x[2], spec);
        if (slope.defined()) accumulate(dx[0], u_d * slope);
      }
      if (needed[1]) accumulate(dx[1], spread(u_d * x[0], x[2], x[1].shape(), spec));
      if (needed[2]) accumulate(dx[2], slopes(u_d * x[0], x[1], x[2], spec));
    }
    for (size_t i = 0; i < dx.size(); ++i) {
      if (!dx[i].defined()) dx[i] = zeros_of(x[i]);
    }
    return dx;
  }
  void run(std::span<const Array> in, const Array& y) const override {
    const Geometry g(in[1].shape, in[2].shape);
    cpu::for_real(y.dtype, [&]<class T>(T) {
      slope_points(spec_, g, in[0].as<T>(), in[1].as<T>(), in[2].as<T>(), y.as<T>());
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    auto samples = on_gpu(Geometry(in[1].shape, in[2].shape), in[2], y);
    samples.v = in[0].data;
    samples.x = in[1].data;
    launch(stream, "slopes", y.dtype, cuda::blocks_for(y.numel()), samples);
    return true;
  }
};

Tensor sampled(const Tensor& x, const Tensor& points, const Spec& spec) {
  if (spec.vanishes()) return {};
  Shape shape{x.shape(0), x.shape(1)};
  for (int i = 1; i + 1 < points.ndim(); ++i) shape.push_back(points.shape(i));
  return make_node(std::make_shared<SampleOp>(spec), {x, points}, shape, x.dtype());
}

Tensor spread(const Tensor& v, const Tensor& points, const Shape& x, const Spec& spec) {
  if (spec.vanishes()) return {};
  return make_node(std::make_shared<SpreadOp>(spec), {v, points}, x, v.dtype());
}

Tensor slopes(const Tensor& v, const Tensor& x, const Tensor& points, const Spec& spec) {
  if (spec.degree() == 0) return zeros_of(points);
  return make_node(std::make_shared<SlopesOp>(spec), {v, x, points}, points.shape(), x.dtype());
}

void check(const Tensor& x, const Tensor& points, const SamplePointsOptions& o) {
  require(x.defined() && points.defined(), "sample_points: x or points is an undefined tensor");
  require(is_floating(x.dtype()) && points.dtype() == x.dtype(),
          "sample_points: x and points must be floating and of one dtype, got {} and {}", x.dtype(),
          points.dtype());
  const int axes = x.ndim() - 2;
  require(axes >= 1 && axes <= kMaxAxes,
          "sample_points: x must be [N, C, *spatial] with 1 to 3 spatial axes, got {}", x.shape());
  require(points.ndim() >= 2 && points.ndim() < kMaxDims && points.shape(0) == x.shape(0) &&
              points.shape(-1) == axes,
          "sample_points: points must be [{}, *out, {}] for {}, got {}", x.shape(0), axes,
          x.shape(), points.shape());
  const int64_t plane = x.shape().slice(2, x.ndim()).numel();
  require(plane > 0 && plane < int64_t{1} << 31,
          "sample_points: a channel must have 1 to 2^31 - 1 elements, got {}", x.shape());
  require(o.filter != Filter::area, "sample_points: the filter must be nearest, linear or cubic");
}

}  // namespace

Tensor sample_points(const Operand& x, const Tensor& points, const SamplePointsOptions& o) {
  const Call call("sample_points", x.where);
  check(x, points, o);
  const DType type = compute_type(x.dtype());
  return cast(sampled(cast(x, type), cast(points, type), {o, x.ndim() - 2, {}}), x.dtype());
}

}  // namespace tessera
