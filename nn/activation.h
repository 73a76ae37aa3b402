#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "nn/module.h"
#include "ops/activation.h"
#include "ops/softmax.h"
#include "ops/unary.h"

// The functions of ops/activation.h and ops/softmax.h as modules, with the names, settings and
// defaults of torch.nn.
namespace tessera::nn {

#define TESSERA_ACTIVATION_MODULES(X) \
  X(ReLU, relu)                       \
  X(ReLU6, relu6)                     \
  X(SiLU, silu)                       \
  X(SELU, selu)                       \
  X(Mish, mish)                       \
  X(Sigmoid, sigmoid)                 \
  X(LogSigmoid, logsigmoid)           \
  X(Hardsigmoid, hardsigmoid)         \
  X(Hardswish, hardswish)             \
  X(Tanh, tanh)                       \
  X(Tanhshrink, tanhshrink)           \
  X(Softsign, softsign)

#define TESSERA_MODULE(Name, function)                                        \
  struct Name : Module {                                                      \
    Tensor forward(const Tensor& x) override { return tessera::function(x); } \
  };
TESSERA_ACTIVATION_MODULES(TESSERA_MODULE)
#undef TESSERA_MODULE

enum class GeluApproximation : uint8_t { none, tanh };
struct GELU : Module {
  explicit GELU(GeluApproximation approximate = GeluApproximation::none)
      : approximate(approximate) {}
  GeluApproximation approximate;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct LeakyReLU : Module {
  explicit LeakyReLU(double negative_slope = 0.01) : negative_slope(negative_slope) {}
  double negative_slope;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// Its slope is the parameter `weight` [num_parameters]: one for all channels, or one for each.
struct PReLU : Module {
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25);
  Tensor weight;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct ELU : Module {
  explicit ELU(double alpha = 1) : alpha(alpha) {}
  double alpha;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct CELU : Module {
  explicit CELU(double alpha = 1);
  double alpha;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Hardtanh : Module {
  explicit Hardtanh(double min_value = -1, double max_value = 1);
  double min_value, max_value;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Softplus : Module {
  explicit Softplus(double beta = 1, double threshold = 20) : beta(beta), threshold(threshold) {}
  double beta, threshold;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Threshold : Module {
  Threshold(double threshold, double value) : threshold(threshold), value(value) {}
  double threshold, value;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Hardshrink : Module {
  explicit Hardshrink(double lambda = 0.5) : lambda(lambda) {}
  double lambda;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Softshrink : Module {
  explicit Softshrink(double lambda = 0.5);
  double lambda;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct GLU : Module {
  explicit GLU(int64_t dim = -1) : dim(dim) {}
  int64_t dim;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// Along the axis `dim`, which must be said: over all of a batch is never what was meant.
struct Softmax : Module {
  explicit Softmax(int64_t dim) : dim(dim) {}
  int64_t dim;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct LogSoftmax : Module {
  explicit LogSoftmax(int64_t dim) : dim(dim) {}
  int64_t dim;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

struct Softmin : Module {
  explicit Softmin(int64_t dim) : dim(dim) {}
  int64_t dim;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// Over the channels of x [N, C, H, W] or [C, H, W].
struct Softmax2d : Module {
  Tensor forward(const Tensor& x) override;
};

// An activation with its usual settings, chosen by name; Identity for none.
enum class Activation : uint8_t { none, relu, relu6, leaky_relu, elu, gelu, silu, hardswish };
std::unique_ptr<Module> make_activation(Activation activation);

}  // namespace tessera::nn
