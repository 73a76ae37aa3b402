#include "ops/conv_nodes.h"

#include "core/op.h"
#include "ops/conv_algorithm.h"
#include "ops/conv_depthwise.h"
#include "ops/conv_kernels.h"
#include "ops/conv_unfold.h"
#include "ops/conv_winograd.h"
#include "ops/reduce.h"

namespace tessera::detail {

namespace {

class ConvOp : public KernelOp {
 public:
  ConvOp(const ConvGeometry& geometry, ConvAlgorithm algorithm)
      : geometry_(geometry), algorithm_(algorithm) {}
  void key(std::string& out) const override {
    geometry_.key(out);
    append_key(out, algorithm_);
  }
  Cost cost(const Node&) const override { return {geometry_.flops()}; }

 protected:
  // The bias of the result, if there is one.
  template <class T>
  static const T* bias(std::span<const Array> in) {
    return in.size() > 2 ? in[2].as<T>() : nullptr;
  }
  static Tensor bias_gradient(const Tensor& dy) {
    Shape axes = {0};
    for (int axis = 2; axis < dy.ndim(); ++axis) axes.push_back(axis);
    return sum(dy, axes);
  }
  // The kernel of the algorithm, for f32.
  template <class Kernel>
  Kernel* chosen(Kernel* direct, Kernel* winograd, Kernel* depthwise, Kernel* unfold) const {
    Kernel* const kernels[] = {direct, winograd, depthwise, unfold};
    return kernels[static_cast<int>(algorithm_)];
  }

  ConvGeometry geometry_;
  ConvAlgorithm algorithm_;
};

class ConvForwardOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    if (output.dtype == f64) {
      conv_forward(geometry_, inputs[0].as<double>(), inputs[1].as<double>(), bias<double>(inputs),
                   output.as<double>());
    } else {
      chosen(conv_forward<float>, winograd_forward, depthwise_forward, unfold_forward)(
          geometry_, inputs[0].as<float>(), inputs[1].as<float>(), bias<float>(inputs),
          output.as<float>());
    }
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(x.size());
    if (needed[0]) dx[0] = conv_backward_data_node(dy, x[1], geometry_);
    if (needed[1]) dx[1] = conv_backward_weight_node(x[0], dy, geometry_);
    if (needed[2]) dx[2] = bias_gradient(dy);
    return dx;
  }
};

class ConvBackwardDataOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv_backward_data"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    if (output.dtype == f64) {
      conv_backward_data(geometry_, inputs[0].as<double>(), inputs[1].as<double>(),
                         bias<double>(inputs), output.as<double>());
    } else {
      chosen(conv_backward_data<float>, winograd_backward_data, depthwise_backward_data,
             unfold_backward_data)(geometry_, inputs[0].as<float>(), inputs[1].as<float>(),
                                   bias<float>(inputs), output.as<float>());
    }
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
      conv_backward_weight(geometry_, inputs[0].as<double>(), inputs[1].as<double>(),
                           output.as<double>());
    } else {
      chosen(conv_backward_weight<float>, winograd_backward_weight, depthwise_backward_weight,
             unfold_backward_weight)(geometry_, inputs[0].as<float>(), inputs[1].as<float>(),
                                     output.as<float>());
    }
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = conv_backward_data_node(x[1], dy, geometry_);
    if (needed[1]) dx[1] = conv_forward_node(x[0], dy, geometry_);
    return dx;
  }
};

// Halves are computed in f32.
template <class Op>
Tensor conv_node(Tensors inputs, const Shape& shape, const ConvGeometry& geometry) {
  const DType dtype = inputs[0].dtype(), type = compute_type(dtype);
  if (!inputs.back().defined()) inputs.pop_back();
  for (Tensor& input : inputs) input = cast(input, type);
  const auto op = std::make_shared<Op>(geometry, choose_algorithm(geometry, type));
  return cast(make_node(op, inputs, shape, type), dtype);
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
