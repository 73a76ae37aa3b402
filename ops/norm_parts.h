#pragma once

#include "core/tensor.h"

namespace tessera::detail {

// What the derivatives of a norm are made of, as compositions that can be differentiated again:
//
//   v = (x - mean) rstd weight + bias over rows, and y = v, or max(v, 0) with relu
//
// All tensors broadcast to x, of which a row is `axes`. The gradient of v is g = dy, or 0 where
// relu hides v.
struct NormParts {
  Shape axes;
  bool centered;  // else the mean is 0, and the variance the mean square
  Tensor mask, normal, rstd, weight, g;

  struct Options {
    double eps;
    bool centered = true, relu = false;
  };
  // weight and bias may be undefined.
  NormParts(const Tensor& x, const Shape& row_axes, const Tensor& given_weight, const Tensor& bias,
            const Tensor& dy, const Options& options);

  // Gradients of a number L, of the shape of x; that of the weight has to be summed.
  struct Gradients {
    Tensor x, weight, dy;
  };
  // From u = dL / d dx, where dx = rstd rest(weight g).
  Gradients of_backward(const Tensor& u) const;
  // From those of the sums of g and of g (x - mean) rstd.
  Gradients of_sums(const Tensor& of_g, const Tensor& of_gx) const;

 private:
  Tensor mean(const Tensor& v) const;
  Tensor rest(const Tensor& v) const;
  Tensor shown(const Tensor& v) const;
};

}  // namespace tessera::detail
