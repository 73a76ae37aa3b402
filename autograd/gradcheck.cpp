#include "autograd/gradcheck.h"

#include <cmath>
#include <random>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"

namespace tessera {

namespace {

Tensor random_like(const Tensor& x, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values(static_cast<size_t>(x.numel()));
  for (double& value : values) value = uniform(random);
  return tensor<double>(values, x.shape());
}

}  // namespace

GradcheckResult gradcheck(const TensorFunction& f, const Tensors& inputs,
                          const GradcheckOptions& o) {
  GradcheckResult result;
  std::mt19937_64 random(o.seed);
  Tensors x;
  std::vector<size_t> checked;
  for (size_t i = 0; i < inputs.size(); ++i) {
    require(!is_floating(inputs[i].dtype()) || inputs[i].dtype() == f64,
            "gradcheck: floating inputs must be f64, input {} is {}", i, inputs[i].dtype());
    if (inputs[i].dtype() == f64) checked.push_back(i);
    x.push_back(inputs[i].dtype() == f64 ? variable(inputs[i]) : inputs[i]);
  }
  const Tensor y = f(x);
  require(y.dtype() == f64, "gradcheck: the function must return f64, got {}", y.dtype());
  const Tensor direction = random_like(y, random);
  Tensors targets;
  for (const size_t i : checked) targets.push_back(x[i]);
  const Tensors analytic = grad(y, targets, {.seed = direction, .allow_unused = true});

  // dot(f(inputs with one element moved), direction)
  const auto projected = [&](size_t input, int64_t element, double step) {
    Tensors moved = inputs;
    std::vector<double> values = inputs[input].to_vector<double>();
    values[static_cast<size_t>(element)] += step;
    moved[input] = tensor<double>(values, inputs[input].shape());
    const NoGrad no_grad;
    return sum(f(moved) * direction).item();
  };
  double worst = -1;
  for (size_t c = 0; c < checked.size(); ++c) {
    const size_t i = checked[c];
    const std::vector<double> gradient = analytic[c].to_vector<double>();
    for (int64_t e = 0; e < inputs[i].numel(); ++e) {
      const double a = gradient[static_cast<size_t>(e)];
      const double n = (projected(i, e, o.eps) - projected(i, e, -o.eps)) / (2 * o.eps);
      double excess = std::abs(a - n) / (o.atol + o.rtol * std::abs(n));
      if (!std::isfinite(a) || !std::isfinite(n)) excess = HUGE_VAL;
      if (excess <= worst) continue;
      worst = excess;
      result.ok = excess <= 1;
      result.input = i;
      result.element = e;
      result.analytic = a;
      result.numeric = n;
    }
  }
  result.report =
      worst < 0
          ? "no elements to check"
          : fmt::format(
                "{}: worst at input {} {} element {}: analytic {:.12g}, numeric {:.12g}, "
                "{:.3g} of the tolerance",
                result.ok ? "ok" : "wrong gradient", result.input, inputs[result.input].shape(),
                result.element, result.analytic, result.numeric, worst);
  return result;
}

GradcheckResult gradgradcheck(const TensorFunction& f, const Tensors& inputs,
                              const GradcheckOptions& o) {
  std::mt19937_64 random(o.seed + 1);
  std::vector<size_t> checked;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (is_floating(inputs[i].dtype())) checked.push_back(i);
  }
  const Tensor seed = random_like(f(inputs), random);
  Tensors weights;
  for (const size_t i : checked) weights.push_back(random_like(inputs[i], random));
  // A scalar that contains every first derivative; the seed is an input too, since the gradient
  // depends on it.
  const auto first_order = [&](const Tensors& x) {
    const EnableGrad enable;
    Tensors fresh, targets;
    for (size_t i = 0; i + 1 < x.size(); ++i) fresh.push_back(x[i]);
    for (const size_t i : checked) targets.push_back(x[i]);
    const Tensors g = grad(f(fresh), targets, {.seed = x.back(), .allow_unused = true});
    Tensor total = scalar(0.0, f64);
    for (size_t i = 0; i < g.size(); ++i) total = total + sum(g[i] * weights[i]);
    return total;
  };
  Tensors all = inputs;
  all.push_back(seed);
  return gradcheck(first_order, all, o);
}

}  // namespace tessera
