#include "nn/activation.h"

#include "core/error.h"
#include "nn/container.h"
#include "nn/describe.h"
#include "nn/init.h"

namespace tessera::nn {

Tensor GELU::forward(const Tensor& x) {
  return approximate == GeluApproximation::tanh ? gelu_tanh(x) : gelu(x);
}
std::string GELU::describe() const {
  return approximate == GeluApproximation::tanh ? "approximate=tanh" : "";
}

Tensor LeakyReLU::forward(const Tensor& x) {
  return leaky_relu(x, negative_slope);
}
std::string LeakyReLU::describe() const {
  return Description().add("negative_slope", negative_slope);
}

PReLU::PReLU(int64_t num_parameters, double init) {
  require(num_parameters > 0, "PReLU: num_parameters must be positive, got {}", num_parameters);
  weight = add_parameter("weight", init::constant({num_parameters}, init));
}
Tensor PReLU::forward(const Tensor& x) {
  return prelu(x, weight);
}
std::string PReLU::describe() const {
  return Description().add("num_parameters", weight.numel());
}

Tensor ELU::forward(const Tensor& x) {
  return elu(x, alpha);
}
std::string ELU::describe() const {
  return Description().add("alpha", alpha);
}

CELU::CELU(double alpha) : alpha(alpha) {
  require(alpha != 0, "CELU: alpha must not be 0");
}
Tensor CELU::forward(const Tensor& x) {
  return celu(x, alpha);
}
std::string CELU::describe() const {
  return Description().add("alpha", alpha);
}

Hardtanh::Hardtanh(double min_value, double max_value)
    : min_value(min_value), max_value(max_value) {
  require(min_value < max_value, "Hardtanh: min_value must be below max_value, got {} and {}",
          min_value, max_value);
}
Tensor Hardtanh::forward(const Tensor& x) {
  return hardtanh(x, min_value, max_value);
}
std::string Hardtanh::describe() const {
  return Description().add("min_value", min_value).add("max_value", max_value);
}

Tensor Softplus::forward(const Tensor& x) {
  return softplus(x, beta, threshold);
}
std::string Softplus::describe() const {
  return Description().add("beta", beta).add("threshold", threshold);
}

Tensor Threshold::forward(const Tensor& x) {
  return tessera::threshold(x, threshold, value);
}
std::string Threshold::describe() const {
  return Description().add("threshold", threshold).add("value", value);
}

Tensor Hardshrink::forward(const Tensor& x) {
  return hardshrink(x, lambda);
}
std::string Hardshrink::describe() const {
  return Description().add("lambda", lambda);
}

Softshrink::Softshrink(double lambda) : lambda(lambda) {
  require(lambda >= 0, "Softshrink: lambda must not be negative, got {}", lambda);
}
Tensor Softshrink::forward(const Tensor& x) {
  return softshrink(x, lambda);
}
std::string Softshrink::describe() const {
  return Description().add("lambda", lambda);
}

Tensor GLU::forward(const Tensor& x) {
  return glu(x, dim);
}
std::string GLU::describe() const {
  return Description().add("dim", dim);
}

Tensor Softmax::forward(const Tensor& x) {
  return softmax(x, dim);
}
std::string Softmax::describe() const {
  return Description().add("dim", dim);
}

Tensor LogSoftmax::forward(const Tensor& x) {
  return log_softmax(x, dim);
}
std::string LogSoftmax::describe() const {
  return Description().add("dim", dim);
}

Tensor Softmin::forward(const Tensor& x) {
  return softmin(x, dim);
}
std::string Softmin::describe() const {
  return Description().add("dim", dim);
}

Tensor Softmax2d::forward(const Tensor& x) {
  require(x.ndim() == 3 || x.ndim() == 4, "Softmax2d: x must be [N, C, H, W] or [C, H, W], got {}",
          x.shape());
  return softmax(x, -3);
}

std::unique_ptr<Module> make_activation(Activation activation) {
  switch (activation) {
    case Activation::none:
      return std::make_unique<Identity>();
    case Activation::relu:
      return std::make_unique<ReLU>();
    case Activation::relu6:
      return std::make_unique<ReLU6>();
    case Activation::leaky_relu:
      return std::make_unique<LeakyReLU>();
    case Activation::elu:
      return std::make_unique<ELU>();
    case Activation::gelu:
      return std::make_unique<GELU>();
    case Activation::silu:
      return std::make_unique<SiLU>();
    case Activation::hardswish:
      return std::make_unique<Hardswish>();
  }
  fail("make_activation: there is no such activation");
}

}  // namespace tessera::nn
