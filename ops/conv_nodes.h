#pragma once

#include "core/tensor.h"
#include "ops/conv_geometry.h"

// The three nodes of convolution. Each is linear in both of its inputs, and its gradients are the
// other two, so that gradients of any order are made of these three. The first two add a bias, one
// number for each channel of the result, unless it is undefined.
namespace tessera::detail {

Tensor conv_forward_node(const Tensor& x, const Tensor& w, const ConvGeometry& geometry,
                         const Tensor& bias = {});
Tensor conv_backward_data_node(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry,
                               const Tensor& bias = {});
Tensor conv_backward_weight_node(const Tensor& x, const Tensor& dy, const ConvGeometry& geometry);

}  // namespace tessera::detail
