#include "ops/conv_nodes.h"

#include "core/op.h"
#include "ops/conv_kernels.h"

namespace tessera::detail {

namespace {

class ConvOp : public KernelOp {
 public:
  explicit ConvOp(const ConvGeometry& geometry) : geometry_(geometry) {}
  void key(std::string& out) const override { geometry_.key(out); }
  Cost cost(const Node&) const override { return {geometry_.flops()}; }

 protected:
  template <class Kernel>
  static void run_with(Kernel&& kernel, std::span<const Array> in, const Array& out) {
    if (out.dtype == f32) {
      kernel(in[0].as<float>(), in[1].as<float>(), out.as<float>());
    } else {
      kernel(in[0].as<double>(), in[1].as<double>(), out.as<double>());
    }
  }

  ConvGeometry geometry_;
};

class ConvForwardOp final : public ConvOp {
 public:
  using ConvOp::ConvOp;
  std::string_view name() const override { return "conv"; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    run_with([&]<class T>(const T* x, const T* w, T* y) { conv_forward(geometry_, x, w, y); },
             inputs, output);
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
    run_with(
        [&]<class T>(const T* dy, const T* w, T* dx) { conv_backward_data(geometry_, dy, w, dx); },
        inputs, output);
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
    run_with([&]<class T>(const T* x, const T* dy,
                          T* dw) { conv_backward_weight(geometry_, x, dy, dw); },
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
  const Tensor y =
      make_node(std::make_shared<Op>(geometry), {cast(a, type), cast(b, type)}, shape, type);
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
