#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/settings.h"
#include "ops/conv_geometry.h"

namespace tessera {

// How a convolution is computed; of f64, directly.
enum class ConvAlgorithm : uint8_t {
  direct,     // products of patches and weights; for every geometry and dtype
  winograd,   // F(4x4, 3x3): a quarter of the products, about 4 times the rounding error
  depthwise,  // sums of rows, where each channel is a group
  unfold,     // one product of matrices, where patches do not overlap or are few
  pairs       // direct, with products in bf16 where the processor multiplies tiles of them
};
const char* name_of(ConvAlgorithm algorithm);

// While alive, new convolutions use the direct kernels, whatever is faster: to tell rounding from
// mistakes, and to compare speed. `DirectConvolutions direct;`.
class DirectConvolutions : Scoped<bool> {
 public:
  DirectConvolutions();
};

namespace detail {

// The fastest algorithm for a convolution and its gradients; a function of its arguments, of
// DirectConvolutions and, for bf16, of the processor alone.
ConvAlgorithm choose_algorithm(const ConvGeometry& geometry, DType dtype);

}  // namespace detail

}  // namespace tessera
