#include "ops/conv_nodes.h"

#include <algorithm>

#include "core/cpu/reals.h"
#include "core/cpu/scratch.h"
#include "core/op.h"
#include "ops/again.h"
#include "ops/conv_algorithm.h"
#include "ops/conv_cuda.h"
#include "ops/conv_depthwise.h"
#include "ops/conv_kernels.h"
#include "ops/conv_unfold.h"
#include "ops/conv_winograd.h"
#include "ops/join.h"
#include "ops/reduce.h"

namespace tessera::detail {

namespace {

cpu::Reals reals(const Array& array) {
  return {array.data, array.dtype};
}

class ConvOp : public KernelOp {
 public:
  ConvOp(const ConvGeometry& geometry, ConvAlgorithm algorithm)
      : geometry_(geometry), algorithm_(algorithm) {}
  void key(std::string& out) const override {
    geometry_.key(out);
    append_key(out, algorithm_);
  }
  bool may_fail() const override { return false; }
  Cost cost(const Node&) const override { return {geometry_.flops()}; }

 protected:
  static Tensor bias_gradient(const Tensor& dy) {
    Shape axes = {0};
    for (int axis = 2; axis < dy.ndim(); ++axis) axes.push_back(axis);
    return sum(dy, axes);
  }
  // The kernel of the algorithm, for f32 and halves.
  template <class Kernel>
  Kernel* chosen(Kernel* direct, Kernel* winograd, Kernel* depthwise, Kernel* unfold,
                 Kernel* pairs) const {
    Kernel* const kernels[] = {direct, winograd, depthwise, unfold, pairs};
    return kernels[static_cast<int>(algorithm_)];
  }

  ConvGeometry geometry_;
  ConvAlgorithm algorithm_;
};

// The weights, or the bias, as kernels read them.
template <class T>
class Weights {
 public:
  // Null if there are not so many inputs.
  Weights(std::span<const Array> in, size_t i)
      : memory_(i < in.size() && in[i].dtype != dtype_of<T> ? in[i].numel() : 0),
        data_(i < in.size() ? cpu::ConstReals(reals(in[i])).view(in[i].numel(), memory_.data())
                            : nullptr) {}
  operator const T*() const { return data_; }  // NOLINT(google-explicit-constructor)

 private:
  cpu::Scratch<T> memory_;
  const T* data_;
};

class ConvForwardOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv"; }
  bool has_parts() const override { return true; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_in_parts(inputs, output, {});
  }
  void run_in_parts(std::span<const Array> inputs, const Array& output,
                    const Finished& done) const override {
    if (output.dtype == f64) {
      conv_forward<double>(geometry_, reals(inputs[0]), inputs[1].as<double>(),
                           Weights<double>(inputs, 2), reals(output), done);
    } else {
      chosen(conv_forward<float>, winograd_forward, depthwise_forward, unfold_forward,
             pairs_forward)(geometry_, reals(inputs[0]), Weights<float>(inputs, 1),
                            Weights<float>(inputs, 2), reals(output), done);
    }
  }
  Formats formats() const override { return Formats::channels_last; }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> inputs,
                const Array& output) const override {
    return conv_cuda(stream, cuda::Convolution::Kind::forward, geometry_, inputs, output);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(x.size());
    if (needed[0]) dx[0] = conv_backward_data_node(dy, x[1], geometry_);
    if (needed[1]) dx[1] = weight_gradient(x[0], dy);
    if (needed[2]) dx[2] = bias_gradient(dy);
    return dx;
  }

 private:
  // From an x that nobody has to keep until then: what is a pass over memory is made again, and of
  // a concatenation one part at a time.
  Tensor weight_gradient(const Tensor& x, const Tensor& dy) const {
    constexpr double kWork = 256;  // operations for an element of x, beside which a pass is little
    constexpr int64_t kChannels = 16;  // fewer are less than a block of a kernel
    const bool large = geometry_.flops() >= kWork * static_cast<double>(x.numel());
    const Tensors parts = large && geometry_.groups == 1 ? joined(x, 1) : Tensors();
    const auto wide = [](const Tensor& part) { return part.shape(1) >= kChannels; };
    if (parts.empty() || !std::all_of(parts.begin(), parts.end(), wide))
      return conv_backward_weight_node(large ? again(x) : x, dy, geometry_);
    Tensors gradients;
    for (const Tensor& part : parts) {
      ConvGeometry geometry = geometry_;
      geometry.in_channels = part.shape(1);
      gradients.push_back(conv_backward_weight_node(again(part), dy, geometry));
    }
    return cat(gradients, 1);
  }
};

class ConvBackwardDataOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv_backward_data"; }
  bool has_parts() const override { return true; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_in_parts(inputs, output, {});
  }
  void run_in_parts(std::span<const Array> inputs, const Array& output,
                    const Finished& done) const override {
    if (output.dtype == f64) {
      conv_backward_data<double>(geometry_, reals(inputs[0]), inputs[1].as<double>(),
                                 Weights<double>(inputs, 2), reals(output), done);
    } else {
      chosen(conv_backward_data<float>, winograd_backward_data, depthwise_backward_data,
             unfold_backward_data,
             pairs_backward_data)(geometry_, reals(inputs[0]), Weights<float>(inputs, 1),
                                  Weights<float>(inputs, 2), reals(output), done);
    }
  }
  Formats formats() const override { return Formats::channels_last; }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> inputs,
                const Array& output) const override {
    return conv_cuda(stream, cuda::Convolution::Kind::backward_data, geometry_, inputs, output);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(x.size());
    if (needed[0]) dx[0] = conv_forward_node(dy, x[1], geometry_);
    if (needed[1]) dx[1] = conv_backward_weight_node(dy, x[0], geometry_);
    if (needed[2]) dx[2] = bias_gradient(dy);
    return dx;
  }
};

class ConvBackwardWeightOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv_backward_weight"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    if (output.dtype == f64) {
      conv_backward_weight(geometry_, reals(inputs[0]), reals(inputs[1]), output.as<double>());
      return;
    }
    const cpu::Scratch<float> memory(output.dtype == f32 ? 0 : output.numel());
    float* const dw = reals(output).room(memory.data());
    chosen(conv_backward_weight<float>, winograd_backward_weight, depthwise_backward_weight,
           unfold_backward_weight,
           pairs_backward_weight)(geometry_, reals(inputs[0]), reals(inputs[1]), dw);
    reals(output).take(output.numel(), dw);
  }
  Formats formats() const override { return Formats::channels_last; }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> inputs,
                const Array& output) const override {
    return conv_cuda(stream, cuda::Convolution::Kind::backward_weight, geometry_, inputs, output);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = conv_backward_data_node(x[1], dy, geometry_);
    if (needed[1]) dx[1] = conv_forward_node(x[0], dy, geometry_);
    return dx;
  }
};

template <class Op>
Tensor conv_node(Tensors inputs, const Shape& shape, const ConvGeometry& geometry) {
  const DType dtype = inputs[0].dtype();
  if (!inputs.back().defined()) inputs.pop_back();
  const auto op = std::make_shared<Op>(geometry, choose_algorithm(geometry, dtype));
  return make_node(op, inputs, shape, dtype);
}

}  // namespace

Tensor conv_forward_node(const Tensor& x, const Tensor& w, const ConvGeometry& geometry,
                         const Tensor& bias) {
  return conv_node<ConvForwardOp>({x, w, bias}, geometry.y_shape(), geometry);
}

Tensor conv_backward_data_node(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry,
                               const Tensor& bias) {
  return conv_node<ConvBackwardDataOp>({dy, w, bias}, geometry.x_shape(), geometry);
}

Tensor conv_backward_weight_node(const Tensor& x, const Tensor& dy, const ConvGeometry& geometry) {
  return conv_node<ConvBackwardWeightOp>({x, dy}, geometry.w_shape(), geometry);
}

}  // namespace tessera::detail
