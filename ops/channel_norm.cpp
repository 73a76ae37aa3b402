#include "ops/channel_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/reals.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/channel_norm_cuda.h"
#include "ops/channel_norm_kernels.h"
#include "ops/norm_parts.h"
#include "ops/reduce.h"
#include "ops/shape.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::ChannelNormKernels<float> channel_norm_f32;
                     extern const tessera::detail::ChannelNormKernels<double> channel_norm_f64)

namespace tessera::detail {

namespace {

TESSERA_REAL_KERNELS(ChannelNormKernels, channel_norm)

// Walks through pieces, whatever the number of threads.
struct Pieces : NormPieces {
  static constexpr int64_t kGrain = 1 << 14;  // elements

  Pieces(const Shape& x, NormGroups of) : NormPieces(pieces_of(x, of)) {}

  double row_elements() const {
    return static_cast<double>(batch * channels) / static_cast<double>(std::max<int64_t>(1, rows)) *
           static_cast<double>(length);
  }

  struct Piece {
    int64_t number, channel, row, first, size;  // the elements first, ..., first + size - 1
  };
  // Calls f(piece) for all, in any order.
  template <class F>
  void for_each(F&& f) const {
    if (length == 0) return;
    const int64_t grain = std::max<int64_t>(1, kGrain / std::min(length, kMost));
    cpu::parallel_ranges(count(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t part = i % each, channel = i / each % channels, image = i / each / channels;
        f(Piece{i, channel, row(image, channel), i / each * length + part * most, size(part)});
      }
    });
  }
  // Calls f(the number of a piece) for the pieces of a row, in order.
  template <class F>
  void for_row(int64_t r, F&& f) const {
    for (int64_t k = 0; k < count_of_row(); ++k) f(static_cast<size_t>(piece_of_row(r, k)));
  }
};

class PieceReals : public cpu::Reals {
 public:
  PieceReals(const Array& array, const Pieces::Piece& piece)
      : Reals(Reals(array.data, array.dtype) + piece.first) {}
  template <class T>
  const T* view(int64_t n, T* memory) const {
    return cpu::ConstReals(*this).view(n, memory);
  }
};
PieceReals reals(const Array& array, const Pieces::Piece& piece) {
  return {array, piece};
}

struct Pair {
  double first = 0, second = 0;
};
// A pair of numbers for each piece.
std::vector<Pair> pairs_of(const Pieces& pieces) {
  return std::vector<Pair>(static_cast<size_t>(pieces.count()));
}

class ChannelMomentsOp final : public KernelOp {
 public:
  explicit ChannelMomentsOp(NormGroups groups) : groups_(groups) {}
  std::string_view name() const override { return "channel_moments"; }
  void key(std::string& out) const override { append_key(out, groups_.number); }
  bool may_fail() const override { return false; }
  Formats formats() const override { return Formats::either; }
  bool differentiable() const override { return false; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape, groups_);
    cpu::for_real(out.dtype, [&]<class T>(T) {
      std::vector<Pair> sums = pairs_of(pieces);
      pieces.for_each([&](const Pieces::Piece& p) {
        auto& [mean, squares] = sums[static_cast<size_t>(p.number)];
        T memory[Pieces::kMost];
        channel_norm_kernels<T>().moments(reals(in[0], p).view(p.size, memory), p.size, &mean,
                                          &squares);
      });
      // Pieces are joined as by Chan, Golub & LeVeque 1983.
      for (int64_t r = 0; r < pieces.rows; ++r) {
        double count = 0, mean = 0, squares = 0;
        pieces.for_row(r, [&](size_t i) {
          const auto part = static_cast<int64_t>(i) % pieces.each;
          const auto n = static_cast<double>(pieces.size(part));
          const double distance = sums[i].first - mean;
          squares += sums[i].second + distance * distance * count * n / (count + n);
          count += n;
          mean += distance * n / count;
        });
        out.as<T>()[r] = static_cast<T>(mean);
        out.as<T>()[pieces.rows + r] = static_cast<T>(squares / count);
      }
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    GpuNorm gpu(stream, in[0], groups_);
    const auto parts = gpu.parts<cuda::channel_norm::Moments>(gpu.norm.pieces.count());
    gpu.norm.parts = parts.data();
    gpu.norm.result = out.data;
    gpu.launch_on_pieces("piece_moments");
    gpu.launch_on_rows("row_moments", gpu.norm.pieces.count_of_row());
    return true;
  }

 private:
  NormGroups groups_;
};

// The ops below share their attributes and first inputs: x, moments, weight, bias; those that are
// missing are left out.
class NormOp : public KernelOp {
 public:
  struct Options {
    double eps;
    bool weight, bias, relu;
    NormGroups groups;
  };
  explicit NormOp(const Options& options) : options_(options) {}
  void key(std::string& out) const override {
    append_key(out, options_.eps, options_.weight, options_.bias, options_.relu,
               options_.groups.number);
  }
  bool may_fail() const override { return false; }
  Formats formats() const override { return Formats::either; }
  const Options& options() const { return options_; }

 protected:
  size_t bias_at() const { return options_.weight ? 3 : 2; }
  size_t rest_at() const { return bias_at() + (options_.bias ? 1 : 0); }

  template <class T>
  ChannelNorm<T> channel(std::span<const Array> in, int64_t row, int64_t c) const {
    const T* const moments = in[1].as<T>();
    const T mean = moments[row], var = moments[in[1].shape[1] + row];
    const T rstd = T(1) / std::sqrt(var + static_cast<T>(options_.eps));
    return {mean, rstd, options_.weight ? in[2].as<T>()[c] * rstd : rstd,
            options_.bias ? in[bias_at()].as<T>()[c] : T(0), options_.relu};
  }

  GpuNorm on_gpu(cuda::Stream& stream, std::span<const Array> in, const Array& out) const {
    GpuNorm gpu(stream, in[0], options_.groups);
    gpu.norm.relu = options_.relu;
    gpu.norm.eps = options_.eps;
    gpu.norm.moments = in[1].data;
    if (options_.weight) gpu.norm.weight = in[2].data;
    if (options_.bias) gpu.norm.bias = in[bias_at()].data;
    if (in.size() > rest_at()) gpu.norm.dy = in[rest_at()].data;
    gpu.norm.result = out.data;
    return gpu;
  }

  // x as [N, groups, channels of a group, L], of which `rows` are the axes of a row.
  struct View {
    Shape x, rows, parameter, sums;
  };
  View view(const Shape& x) const {
    const bool batch = options_.groups.number == 0;
    const int64_t groups = batch ? x[1] : options_.groups.number, each = x[1] / groups;
    return {{x[0], groups, each, x.slice(2, x.ndim()).numel()},
            batch ? Shape{0, 2, 3} : Shape{2, 3},
            {1, groups, each, 1},
            {batch ? 1 : x[0], groups, each, 1}};
  }
  NormParts parts(const Tensors& x) const {
    const View v = view(x[0].shape());
    const DType type = x[1].dtype();  // in which statistics and parameters are
    return {cast(reshape(x[0], v.x), type),
            v.rows,
            options_.weight ? reshape(x[2], v.parameter) : Tensor(),
            options_.bias ? reshape(x[bias_at()], v.parameter) : Tensor(),
            cast(reshape(x[rest_at()], v.x), type),
            {.eps = options_.eps, .relu = options_.relu}};
  }

  Options options_;
};

// The sums over each channel, or each channel of each image if those have their own statistics, of
// g and g (x - mean) rstd: [2, C] or [2, N C]. They add up to the gradients of bias and weight. One
// more input: dy.
class ChannelNormSumsOp final : public NormOp {
 public:
  using NormOp::NormOp;
  std::string_view name() const override { return "channel_norm_sums"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape, options_.groups);
    const Pieces channels(in[0].shape, {options_.groups.number == 0 ? 0 : in[0].shape[1]});
    cpu::for_real(out.dtype, [&]<class T>(T) {
      std::vector<Pair> sums = pairs_of(pieces);
      pieces.for_each([&](const Pieces::Piece& p) {
        auto& [g, gx] = sums[static_cast<size_t>(p.number)];
        T x[Pieces::kMost], dy[Pieces::kMost];
        channel_norm_kernels<T>().sums(channel<T>(in, p.row, p.channel),
                                       reals(in[0], p).view(p.size, x),
                                       reals(in[rest_at()], p).view(p.size, dy), p.size, &g, &gx);
      });
      for (int64_t c = 0; c < channels.rows; ++c) {
        Pair total;
        channels.for_row(c, [&](size_t i) {
          total.first += sums[i].first;
          total.second += sums[i].second;
        });
        out.as<T>()[c] = static_cast<T>(total.first);
        out.as<T>()[channels.rows + c] = static_cast<T>(total.second);
      }
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    GpuNorm gpu = on_gpu(stream, in, out);
    const auto parts = gpu.parts<cuda::channel_norm::Sums>(gpu.norm.pieces.count());
    gpu.norm.parts = parts.data();
    gpu.launch_on_pieces("piece_sums");
    gpu.norm.pieces.groups = options_.groups.number == 0 ? 0 : in[0].shape[1];
    gpu.norm.pieces.rows = out.shape[1];
    gpu.launch_on_rows("channel_sums", gpu.norm.pieces.count_of_row());
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const Shape view = this->view(x[0].shape()).sums;
    const NormParts::Gradients of = parts(x).of_sums(reshape(slice(u, 0, {.stop = 1}), view),
                                                     reshape(slice(u, 0, {.start = 1}), view));
    Tensors dx(x.size());
    dx[0] = reshape(of.x, x[0].shape());
    dx[rest_at()] = reshape(of.dy, x[0].shape());
    return dx;
  }
};

// dx. Two more inputs: dy and the sums, which follow from the others, so that no gradient flows
// through them.
class ChannelNormBackwardOp final : public NormOp {
 public:
  using NormOp::NormOp;
  std::string_view name() const override { return "channel_norm_backward"; }

  void run(std::span<const Array> in, const Array& out) const override {
    const Pieces pieces(in[0].shape, options_.groups);
    cpu::for_real(out.dtype, [&]<class T>(T) {
      const std::vector<Pair> means =
          row_means(pieces, in[rest_at() + 1].as<T>(), options_.weight ? in[2].as<T>() : nullptr);
      pieces.for_each([&](const Pieces::Piece& p) {
        const ChannelNorm<T> norm = channel<T>(in, p.row, p.channel);
        const auto& [g, gx] = means[static_cast<size_t>(p.row)];
        T x[Pieces::kMost], dy[Pieces::kMost], memory[Pieces::kMost];
        T* const dx = reals(out, p).room(memory);
        channel_norm_kernels<T>().backward(
            norm, norm.rstd * static_cast<T>(g), norm.rstd * norm.rstd * static_cast<T>(gx),
            reals(in[0], p).view(p.size, x), reals(in[rest_at()], p).view(p.size, dy), p.size, dx);
        reals(out, p).take(p.size, dx);
      });
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    GpuNorm gpu = on_gpu(stream, in, out);
    gpu.norm.sums = in[rest_at() + 1].data;
    const auto means = gpu.parts<cuda::channel_norm::Sums>(gpu.norm.pieces.rows);
    gpu.norm.parts = means.data();
    const int64_t groups = options_.groups.number;
    gpu.launch_on_rows("row_means", groups == 0 ? 1 : in[0].shape[1] / groups);
    gpu.launch_on_pieces("backward");
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& u, Needed) const override {
    const NormParts::Gradients of =
        parts(x).of_backward(cast(reshape(u, view(x[0].shape()).x), x[1].dtype()));
    Tensors dx(x.size());
    dx[0] = reshape(of.x, x[0].shape());
    if (options_.weight) dx[2] = reshape(sum(of.weight, {0, 3}), x[2].shape());
    dx[rest_at()] = reshape(of.dy, x[0].shape());
    return dx;
  }

 private:
  // The means over each row of weight g and weight g (x - mean) rstd.
  template <class T>
  std::vector<Pair> row_means(const Pieces& pieces, const T* sums, const T* weight) const {
    const bool batch = options_.groups.number == 0;
    const int64_t images = batch ? 1 : pieces.batch, all = images * pieces.channels;
    std::vector<Pair> means(static_cast<size_t>(pieces.rows));
    for (int64_t i = 0; i < all; ++i) {
      const int64_t c = i % pieces.channels;
      auto& [g, gx] = means[static_cast<size_t>(pieces.row(i / pieces.channels, c))];
      const double factor =
          (weight == nullptr ? 1.0 : static_cast<double>(weight[c])) / pieces.row_elements();
      g += static_cast<double>(sums[i]) * factor;
      gx += static_cast<double>(sums[all + i]) * factor;
    }
    return means;
  }
};

class ChannelNormOp final : public NormOp, public Repeatable {
 public:
  using NormOp::NormOp;
  std::string_view name() const override {
    const bool batch = options_.groups.number == 0;
    return options_.relu ? (batch ? "batch_norm_relu" : "group_norm_relu")
                         : (batch ? "batch_norm" : "group_norm");
  }
  bool keeps_inputs() const override { return true; }

  void run(std::span<const Array> in, const Array& out) const override {
    cpu::for_real(out.dtype, [&]<class T>(T) {
      Pieces(in[0].shape, options_.groups).for_each([&](const Pieces::Piece& p) {
        T x[Pieces::kMost], memory[Pieces::kMost];
        T* const y = reals(out, p).room(memory);
        channel_norm_kernels<T>().forward(channel<T>(in, p.row, p.channel),
                                          reals(in[0], p).view(p.size, x), p.size, y);
        reals(out, p).take(p.size, y);
      });
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    on_gpu(stream, in, out).launch_on_pieces("forward");
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs.push_back(dy);
    const int64_t images = options_.groups.number == 0 ? 1 : x[0].shape(0), C = x[0].shape(1);
    const Tensor sums = make_node(std::make_shared<ChannelNormSumsOp>(options_), inputs,
                                  {2, images * C}, x[1].dtype());
    const auto parameter = [&](int64_t which) {
      const Tensor each = slice(sums, 0, {.start = which, .stop = which + 1});
      return images == 1 ? reshape(each, {C}) : sum(reshape(each, {images, C}), {0});
    };
    if (options_.bias) dx[bias_at()] = parameter(0);
    if (options_.weight) dx[2] = parameter(1);
    if (needed[0]) {
      inputs.push_back(detached(sums));
      dx[0] = make_node(std::make_shared<ChannelNormBackwardOp>(options_), inputs, x[0].shape(),
                        x[0].dtype());
    }
    return dx;
  }
};

}  // namespace

Tensor channel_moments(const Tensor& x, NormGroups groups) {
  return make_node(std::make_shared<ChannelMomentsOp>(groups), {x}, {2, groups.rows(x.shape())},
                   compute_type(x.dtype()));
}

Tensor channel_norm_node(const Tensor& x, const Tensor& moments, const Tensor& weight,
                         const Tensor& bias, double eps, NormGroups groups) {
  Tensors inputs = {x, moments};
  if (weight.defined()) inputs.push_back(weight);
  if (bias.defined()) inputs.push_back(bias);
  const NormOp::Options options = {eps, weight.defined(), bias.defined(), false, groups};
  return make_node(std::make_shared<ChannelNormOp>(options), inputs, x.shape(), x.dtype());
}

Tensor channel_norm_with_relu(const Tensor& y) {
  const auto* const op = dynamic_cast<const ChannelNormOp*>(y.node()->op.get());
  if (op == nullptr || op->options().relu || y.node()->inputs() == 0) return {};
  NormOp::Options options = op->options();
  options.relu = true;
  Tensors inputs;
  for (int i = 0; i < y.node()->inputs(); ++i) inputs.push_back(Tensor(y.node()->input(i)));
  const Tensor with_relu =
      make_node(std::make_shared<ChannelNormOp>(options), inputs, y.shape(), y.dtype());
  // Gradients stop at what was made under NoGrad.
  return y.node()->constant && !with_relu.node()->constant ? Tensor() : with_relu;
}

}  // namespace tessera::detail
