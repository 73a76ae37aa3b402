#include "ops/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/op.h"
#include "ops/batch_norm_kernels.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::BatchNormKernels<float> batch_norm_f32;
                     extern const tessera::detail::BatchNormKernels<double> batch_norm_f64)

namespace tessera::detail {

namespace {

template <class T>
const BatchNormKernels<T>& kernels();
template <>
const BatchNormKernels<float>& kernels() {
  return TESSERA_SELECT(batch_norm_f32);
}
template <>
const BatchNormKernels<double>& kernels() {
  return TESSERA_SELECT(batch_norm_f64);
}

template <class F>
void for_dtype(DType dtype, F&& f) {
  dtype == f64 ? f(double{}) : f(float{});
}

// x [N, C, ...] cut into pieces of one channel that stay in the first-level cache, whatever the
// number of threads.
struct Pieces {
  static constexpr int64_t kMost = 4096, kGrain = 1 << 14;  // elements
  int64_t batch, channels, length, each;

  explicit Pieces(const Shape& shape)
      : batch(shape[0]),
        channels(shape[1]),
        length(shape.slice(2, shape.ndim()).numel()),
        each((length + kMost - 1) / kMost) {}

  int64_t of_channel() const { return batch * each; }
  double elements() const {
    return static_cast<double>(batch) * static_cast<double>(length);  // of a channel
  }

  // Calls f(channel, piece of the channel, first element, elements) for all, in any order.
  template <class F>
  void for_each(F&& f) const {
    if (length == 0) return;
    const int64_t grain = std::max<int64_t>(1, kGrain / std::min(length, kMost));
    cpu::parallel_ranges(channels * of_channel(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {  // neighbours in memory
        const int64_t part = i % each, channel = i / each % channels, image = i / each / channels;
        const int64_t first = part * kMost;
        f(channel, image * each + part, (image * channels + channel) * length + first,
          std::min(kMost, length - first));
      }
    });
  }
};

// A pair of numbers for each piece, by channel.
struct PieceSums {
  struct Pair {
    double first = 0, second = 0;
  };
  explicit PieceSums(const Pieces& pieces)
      : each(pieces.of_channel()), values(static_cast<size_t>(pieces.channels * each)) {}
  Pair& at(int64_t channel, int64_t piece) {
    return values[static_cast<size_t>(channel * each + piece)];
  }
  int64_t each;
  std::vector<Pair> values;
};

class ChannelMomentsOp final : public KernelOp {
 public:
  std::string_view name() const override { return "channel_moments"; }
  bool differentiable() const override { return false; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape);
    for_dtype(out.dtype, [&]<class T>(T) {
      PieceSums sums(pieces), counts(pieces);
      pieces.for_each([&](int64_t c, int64_t piece, int64_t first, int64_t n) {
        auto& [mean, squares] = sums.at(c, piece);
        kernels<T>().moments(in[0].as<T>() + first, n, &mean, &squares);
        counts.at(c, piece).first = static_cast<double>(n);
      });
      // Pieces are joined as by Chan, Golub & LeVeque 1983.
      for (int64_t c = 0; c < pieces.channels; ++c) {
        double count = 0, mean = 0, squares = 0;
        for (int64_t piece = 0; piece < pieces.of_channel(); ++piece) {
          const auto& [piece_mean, piece_squares] = sums.at(c, piece);
          const double n = counts.at(c, piece).first;
          const double distance = piece_mean - mean;
          squares += piece_squares + distance * distance * count * n / (count + n);
          count += n;
          mean += distance * n / count;
        }
        out.as<T>()[c] = static_cast<T>(mean);
        out.as<T>()[pieces.channels + c] = static_cast<T>(squares / count);
      }
    });
  }
};

// The ops below share their attributes and first inputs: x, moments, weight, bias; those that are
// missing are left out.
class NormOp : public KernelOp {
 public:
  struct Options {
    double eps;
    bool weight, bias, relu;
  };
  explicit NormOp(const Options& options) : options_(options) {}
  void key(std::string& out) const override {
    append_key(out, options_.eps, options_.weight, options_.bias, options_.relu);
  }
  const Options& options() const { return options_; }

 protected:
  size_t bias_at() const { return options_.weight ? 3 : 2; }
  size_t rest_at() const { return bias_at() + (options_.bias ? 1 : 0); }

  template <class T>
  ChannelNorm<T> channel(std::span<const Array> in, int64_t c) const {
    const T* const moments = in[1].as<T>();
    const T mean = moments[c], var = moments[in[1].shape[1] + c];
    const T rstd = T(1) / std::sqrt(var + static_cast<T>(options_.eps));
    return {mean, rstd, options_.weight ? in[2].as<T>()[c] * rstd : rstd,
            options_.bias ? in[bias_at()].as<T>()[c] : T(0), options_.relu};
  }

  // x[2] and so on: what the derivatives below are made of, as compositions that can themselves be
  // differentiated.
  struct Parts {
    Shape axes, view;
    Tensor mask, normal, rstd, weight, dy;  // weight and dy: as the kernel sees them
    double count;

    Tensor mean(const Tensor& v) const { return tessera::mean(v, axes, true); }
    // v without its mean and without what is parallel to x: symmetric, and the derivative of
    // `normal` is rstd times it.
    Tensor rest(const Tensor& v) const { return v - mean(v) - normal * mean(v * normal); }
    Tensor hidden(const Tensor& v) const { return mask.defined() ? where(mask, 0, v) : v; }
  };
  Parts parts(const Tensors& x, const Tensor& dy) const {
    Parts p;
    p.view = Shape::filled(x[0].ndim(), 1).with(1, x[0].shape(1));
    for (int axis = 0; axis < x[0].ndim(); ++axis) {
      if (axis != 1) p.axes.push_back(axis);
    }
    const int64_t count = x[0].numel() / std::max<int64_t>(1, x[0].shape(1));
    p.count = static_cast<double>(count);
    const VarMean moments = var_mean(x[0], p.axes, {.correction = 0, .keepdim = true});
    p.rstd = rsqrt(moments.var + options_.eps);
    p.normal = (x[0] - moments.mean) * p.rstd;
    p.weight = options_.weight ? reshape(x[2], p.view) : scalar(1.0, x[0].dtype());
    if (options_.relu) {
      const Tensor v = p.normal * p.weight;
      p.mask = (options_.bias ? v + reshape(x[bias_at()], p.view) : v) <= 0;
    }
    p.dy = p.hidden(dy);
    return p;
  }

  Options options_;
};

// [2, C]: the sums over each channel of g and g (x - mean) rstd, which are also the gradients of
// bias and weight. One more input: dy.
class BatchNormSumsOp final : public NormOp {
 public:
  using NormOp::NormOp;
  std::string_view name() const override { return "batch_norm_sums"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape);
    for_dtype(out.dtype, [&]<class T>(T) {
      const T *x = in[0].as<T>(), *dy = in[rest_at()].as<T>();
      PieceSums sums(pieces);
      pieces.for_each([&](int64_t c, int64_t piece, int64_t first, int64_t n) {
        auto& [g, gx] = sums.at(c, piece);
        kernels<T>().sums(channel<T>(in, c), x + first, dy + first, n, &g, &gx);
      });
      for (int64_t c = 0; c < pieces.channels; ++c) {
        double g = 0, gx = 0;
        for (int64_t piece = 0; piece < pieces.of_channel(); ++piece) {
          g += sums.at(c, piece).first;
          gx += sums.at(c, piece).second;
        }
        out.as<T>()[c] = static_cast<T>(g);
        out.as<T>()[pieces.channels + c] = static_cast<T>(gx);
      }
    });
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Parts p = parts(x, x[rest_at()]);
    const Tensor of_g = reshape(slice(u, 0, {.stop = 1}), p.view);
    const Tensor of_gx = reshape(slice(u, 0, {.start = 1}), p.view);
    Tensors dx(x.size());
    dx[0] = p.rstd * p.rest(p.dy * of_gx);
    dx[rest_at()] = p.hidden(of_g + of_gx * p.normal);
    return dx;
  }
};

// dx. Two more inputs: dy and the sums, which follow from the others, so that no gradient flows
// through them.
class BatchNormBackwardOp final : public NormOp {
 public:
  using NormOp::NormOp;
  std::string_view name() const override { return "batch_norm_backward"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape);
    for_dtype(out.dtype, [&]<class T>(T) {
      const T *x = in[0].as<T>(), *dy = in[rest_at()].as<T>(), *sums = in[rest_at() + 1].as<T>();
      pieces.for_each([&](int64_t c, int64_t, int64_t first, int64_t n) {
        const auto of_mean = static_cast<T>(1 / pieces.elements());
        kernels<T>().backward(channel<T>(in, c), sums[c] * of_mean,
                              sums[pieces.channels + c] * of_mean, x + first, dy + first, n,
                              out.as<T>() + first);
      });
    });
  }

  // With S = sum of u dx over a channel: dx = weight rstd rest(g) is linear and symmetric in g, and
  // depends on x through `normal` (q = dS / d normal) and through rstd.
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Parts p = parts(x, x[rest_at()]);
    const Tensor scale = p.weight * p.rstd;
    const Tensor along = p.mean(u * p.rest(p.dy));
    const Tensor q = -scale * (u * p.mean(p.dy * p.normal) + p.dy * p.mean(u * p.normal));
    Tensors dx(x.size());
    dx[0] = p.rstd * (p.rest(q) - p.normal * scale * along);
    if (options_.weight) dx[2] = reshape(p.rstd * along * p.count, x[2].shape());
    dx[rest_at()] = p.hidden(scale * p.rest(u));
    return dx;
  }
};

class BatchNormOp final : public NormOp {
 public:
  using NormOp::NormOp;
  std::string_view name() const override {
    return options_.relu ? "batch_norm_relu" : "batch_norm";
  }

  void run(std::span<const Array> in, const Array& out) const override {
    for_dtype(out.dtype, [&]<class T>(T) {
      Pieces(in[0].shape).for_each([&](int64_t c, int64_t, int64_t first, int64_t n) {
        kernels<T>().forward(channel<T>(in, c), in[0].as<T>() + first, n, out.as<T>() + first);
      });
    });
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs.push_back(dy);
    const Tensor sums = make_node(std::make_shared<BatchNormSumsOp>(options_), inputs,
                                  {2, x[0].shape(1)}, x[0].dtype());
    if (options_.bias) dx[bias_at()] = reshape(slice(sums, 0, {.stop = 1}), x[bias_at()].shape());
    if (options_.weight) dx[2] = reshape(slice(sums, 0, {.start = 1}), x[2].shape());
    if (needed[0]) {
      inputs.push_back(detached(sums));
      dx[0] = make_node(std::make_shared<BatchNormBackwardOp>(options_), inputs, x[0].shape(),
                        x[0].dtype());
    }
    return dx;
  }
};

}  // namespace

Tensor channel_moments(const Tensor& x) {
  static const ChannelMomentsOp op;
  return make_node(static_op(op), {x}, {2, x.shape(1)}, x.dtype());
}

Tensor batch_norm_node(const Tensor& x, const Tensor& moments, const Tensor& weight,
                       const Tensor& bias, double eps) {
  Tensors inputs = {x, moments};
  if (weight.defined()) inputs.push_back(weight);
  if (bias.defined()) inputs.push_back(bias);
  const NormOp::Options options = {eps, weight.defined(), bias.defined(), false};
  return make_node(std::make_shared<BatchNormOp>(options), inputs, x.shape(), x.dtype());
}

Tensor batch_norm_with_relu(const Tensor& y) {
  const auto* const op = dynamic_cast<const BatchNormOp*>(y.node()->op.get());
  if (op == nullptr || op->options().relu || y.node()->inputs() == 0) return {};
  NormOp::Options options = op->options();
  options.relu = true;
  Tensors inputs;
  for (int i = 0; i < y.node()->inputs(); ++i) inputs.push_back(Tensor(y.node()->input(i)));
  const Tensor fused =
      make_node(std::make_shared<BatchNormOp>(options), inputs, y.shape(), y.dtype());
  // A y that was made under NoGrad stops gradients.
  return y.node()->constant && !fused.node()->constant ? Tensor() : fused;
}

}  // namespace tessera::detail
