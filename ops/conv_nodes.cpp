#include "ops/conv_nodes.h"

#include "core/op.h"
#include "ops/conv_algorithm.h"
#include "ops/conv_kernels.h"
#include "ops/conv_winograd.h"

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
  // One pass by the kernel of its dtype and algorithm.
  template <auto direct_f32, auto direct_f64, auto winograd>
  void run_by(std::span<const Array> in, const Array& out) const {
    if (out.dtype == f64) {
      direct_f64(geometry_, in[0].as<double>(), in[1].as<double>(), out.as<double>());
    } else {
      (algorithm_ == ConvAlgorithm::winograd ? winograd : direct_f32)(
          geometry_, in[0].as<float>(), in[1].as<float>(), out.as<float>());
    }
  }

  ConvGeometry geometry_;
  ConvAlgorithm algorithm_;
};

class ConvForwardOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_by<conv_forward<float>, conv_forward<double>, winograd_forward>(inputs, output);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = conv_backward_data_node(dy, x[1], geometry_);
    if (needed[1]) dx[1] = conv_backward_weight_node(x[0], dy, geometry_);
    return dx;
  }
};

class ConvBackwardDataOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv_backward_data"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_by<conv_backward_data<float>, conv_backward_data<double>, winograd_backward_data>(inputs,
                                                                                          output);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if (needed[0]) dx[0] = conv_forward_node(dy, x[1], geometry_);
    if (needed[1]) dx[1] = conv_backward_weight_node(dy, x[0], geometry_);
    return dx;
  }
};

class ConvBackwardWeightOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv_backward_weight"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_by<conv_backward_weight<float>, conv_backward_weight<double>, winograd_backward_weight>(
        inputs, output);
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
Tensor conv_node(const Tensor& a, const Tensor& b, const Shape& shape,
                 const ConvGeometry& geometry) {
  const DType type = compute_type(a.dtype());
  const auto op = std::make_shared<Op>(geometry, choose_algorithm(geometry, type));
  const Tensor y = make_node(op, {cast(a, type), cast(b, type)}, shape, type);
  return cast(y, a.dtype());
}

}  // namespace

Tensor conv_forward_node(const Tensor& x, const Tensor& w, const ConvGeometry& geometry) {
  return conv_node<ConvForwardOp>(x, w, geometry.y_shape(), geometry);
}

Tensor conv_backward_data_node(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry) {
  return conv_node<ConvBackwardDataOp>(dy, w, geometry.x_shape(), geometry);
}

Tensor conv_backward_weight_node(const Tensor& x, const Tensor& dy, const ConvGeometry& geometry) {
  return conv_node<ConvBackwardWeightOp>(x, dy, geometry.w_shape(), geometry);
}

}  // namespace tessera::detail
