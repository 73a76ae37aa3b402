#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>
#include <vector>

#include "core/error.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

DType& current_dtype() {
  static thread_local DType dtype = f32;
  return dtype;
}

}  // namespace

ParameterDType::ParameterDType(DType dtype) : Scoped(current_dtype(), dtype) {
  require(is_floating(dtype), "ParameterDType: dtype must be floating, got {}", dtype);
}

DType parameter_dtype() {
  return current_dtype();
}

}  // namespace tessera::nn

namespace tessera::nn::init {

namespace {

// Random numbers are drawn and scaled in f32 at least.
DType drawn_dtype() {
  return compute_type(parameter_dtype());
}

Tensor as_parameter(const Tensor& x) {
  return cast(x, parameter_dtype());
}

double kaiming_stddev(const Shape& weight, const KaimingOptions& o) {
  const Fans n = fans(weight);
  const int64_t fan = o.mode == Fan::in ? n.in : n.out;
  require(fan > 0, "kaiming: the weight must not be empty, got {}", weight);
  return std::sqrt(2 / ((1 + o.a * o.a) * static_cast<double>(fan)));
}

double xavier_stddev(const Shape& weight, double gain) {
  const Fans n = fans(weight);
  require(n.in + n.out > 0, "xavier: the weight must not be empty, got {}", weight);
  return gain * std::sqrt(2.0 / static_cast<double>(n.in + n.out));
}

// Uniform with mean 0: a uniform number in +-b has standard deviation b / sqrt(3).
Tensor centered_uniform(const Shape& shape, double stddev) {
  const double bound = std::numbers::sqrt3 * stddev;
  return uniform(shape, -bound, bound);
}

double normal_cdf(double x) {
  return std::erfc(-x / std::numbers::sqrt2) / 2;
}

// The inverse of erf on [-1, 1] for f64, to about 1e-6: Winitzki's closed form, which a = 0.147
// makes accurate to 2e-3, and two steps of Newton. The ends count as the numbers next to them.
Tensor erfinv(const Tensor& end_to_end) {
  constexpr double kA = 0.147, kLast = 1 - std::numeric_limits<double>::epsilon() / 2;
  const Tensor y = clamp(end_to_end, -kLast, kLast);
  const Tensor l = log1p(-square(y));
  const Tensor b = 2 / (std::numbers::pi * kA) + l / 2;
  Tensor x = sign(y) * sqrt(sqrt(square(b) - l / kA) - b);
  for (int step = 0; step < 2; ++step) {
    x = x - (erf(x) - y) * exp(square(x)) * (std::sqrt(std::numbers::pi) / 2);
  }
  return x;
}

// Orthonormalizes the rows of a [rows, columns] matrix in place, one after the other. Twice, since
// rounding leaves the first result slightly askew.
void orthonormalize_rows(std::vector<double>& matrix, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; ++r) {
    double* const row = &matrix[r * columns];
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t earlier = 0; earlier < r; ++earlier) {
        const double* const base = &matrix[earlier * columns];
        const double along = std::inner_product(row, row + columns, base, 0.0);
        for (size_t c = 0; c < columns; ++c) row[c] -= along * base[c];
      }
      const double length = std::sqrt(std::inner_product(row, row + columns, row, 0.0));
      for (size_t c = 0; c < columns; ++c) row[c] /= length;
    }
  }
}

int64_t kernel_numel(const Shape& weight) {
  return weight.slice(2, weight.ndim()).numel();
}

// Zeros, but `kernel` where it leads from a channel to the one of the same number within its group.
Tensor channel_by_channel(const char* name, const Shape& weight, int64_t groups,
                          const std::vector<double>& kernel) {
  require(groups > 0 && weight[0] % groups == 0,
          "{}: the first axis of {} must be a multiple of groups, got {}", name, weight, groups);
  std::vector<double> values(static_cast<size_t>(weight.numel()));
  for (int64_t channel = 0; channel < weight[0]; ++channel) {
    const int64_t partner = channel % (weight[0] / groups);
    if (partner >= weight[1]) continue;
    const int64_t pair = channel * weight[1] + partner;
    std::copy(kernel.begin(), kernel.end(),
              values.begin() + pair * static_cast<int64_t>(kernel.size()));
  }
  return as_parameter(tensor(std::span<const double>(values), weight));
}

}  // namespace

Tensor constant(const Shape& shape, double value) {
  return full(shape, value, parameter_dtype());
}

Tensor uniform(const Shape& shape, double low, double high) {
  require(low <= high, "uniform: low must not be above high, got {} and {}", low, high);
  return as_parameter(rand(shape, drawn_dtype()) * (high - low) + low);
}

Tensor normal(const Shape& shape, double mean, double stddev) {
  require(stddev >= 0, "normal: stddev must not be negative, got {}", stddev);
  return as_parameter(randn(shape, drawn_dtype()) * stddev + mean);
}

Tensor trunc_normal(const Shape& shape, const TruncNormalOptions& o) {
  require(o.stddev > 0, "trunc_normal: stddev must be positive, got {}", o.stddev);
  require(o.low < o.high, "trunc_normal: low must be below high, got {} and {}", o.low, o.high);
  const double first = normal_cdf((o.low - o.mean) / o.stddev);
  const double last = normal_cdf((o.high - o.mean) / o.stddev);
  require(first < last, "trunc_normal: [{}, {}] lies too far from the mean {} for stddev {}", o.low,
          o.high, o.mean, o.stddev);
  const Tensor cdf = rand(shape, f64) * (last - first) + first;
  const Tensor x = erfinv(2 * cdf - 1) * (o.stddev * std::numbers::sqrt2) + o.mean;
  return as_parameter(clamp(x, o.low, o.high));
}

Fans fans(const Shape& weight) {
  require(weight.ndim() >= 2, "fans: a weight must have at least two axes, got {}", weight);
  const int64_t kernel = kernel_numel(weight);
  return {.in = weight[1] * kernel, .out = weight[0] * kernel};
}

Tensor xavier_uniform(const Shape& weight, double gain) {
  return centered_uniform(weight, xavier_stddev(weight, gain));
}

Tensor xavier_normal(const Shape& weight, double gain) {
  return normal(weight, 0, xavier_stddev(weight, gain));
}

Tensor kaiming_uniform(const Shape& weight, const KaimingOptions& options) {
  return centered_uniform(weight, kaiming_stddev(weight, options));
}

Tensor kaiming_normal(const Shape& weight, const KaimingOptions& options) {
  return normal(weight, 0, kaiming_stddev(weight, options));
}

Tensor fan_in_uniform(const Shape& shape, int64_t fan_in) {
  require(fan_in > 0, "fan_in_uniform: fan_in must be positive, got {}", fan_in);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound);
}

Tensor orthogonal(const Shape& weight, double gain) {
  require(weight.ndim() >= 2 && weight.numel() > 0,
          "orthogonal: the weight must have at least two axes and not be empty, got {}", weight);
  const int64_t rows = weight[0], columns = weight.numel() / rows;
  const int64_t vectors = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> matrix = randn({vectors, length}, f64).to_vector<double>();
  orthonormalize_rows(matrix, static_cast<size_t>(vectors), static_cast<size_t>(length));
  const Tensor basis = tensor(std::span<const double>(matrix), {vectors, length});
  const Tensor oriented = rows <= columns ? basis : transpose(basis, 0, 1);
  return as_parameter(reshape(oriented, weight) * gain);
}

Tensor dirac(const Shape& weight, int64_t groups) {
  require(weight.ndim() >= 3 && weight.numel() > 0,
          "dirac: the weight must be [out, in, k...] and not be empty, got {}", weight);
  int64_t middle = 0;
  for (int axis = 2; axis < weight.ndim(); ++axis) {
    middle = middle * weight[axis] + weight[axis] / 2;
  }
  std::vector<double> kernel(static_cast<size_t>(kernel_numel(weight)));
  kernel[static_cast<size_t>(middle)] = 1;
  return channel_by_channel("dirac", weight, groups, kernel);
}

Tensor bilinear(const Shape& weight, int64_t groups) {
  require(weight.ndim() >= 3 && weight.numel() > 0,
          "bilinear: the weight must be [in, out, k...] and not be empty, got {}", weight);
  std::vector<double> kernel(static_cast<size_t>(kernel_numel(weight)), 1);
  for (size_t k = 0; k < kernel.size(); ++k) {
    auto rest = static_cast<int64_t>(k);
    for (int axis = weight.ndim() - 1; axis >= 2; --axis) {
      const int64_t extent = weight[axis], stride = (extent + 1) / 2;
      const double center = static_cast<double>(extent - 1) / 2;
      const double distance = std::abs(static_cast<double>(rest % extent) - center);
      kernel[k] *= 1 - distance / static_cast<double>(stride);
      rest /= extent;
    }
  }
  return channel_by_channel("bilinear", weight, groups, kernel);
}

}  // namespace tessera::nn::init
