#pragma once

#include <span>

#include "core/cuda/products.h"
#include "core/op.h"
#include "ops/conv_geometry.h"

namespace tessera::detail {

// A convolution or one of its gradients on a GPU, by cuDNN, or where that cannot by kernels of our
// own: from the node's inputs (x and w; dy and w; x and dy; the first two perhaps with a bias) its
// output. False where they are of different dtypes.
bool conv_cuda(cuda::Stream& stream, cuda::Convolution::Kind kind, const ConvGeometry& geometry,
               std::span<const Array> inputs, const Array& output);

}  // namespace tessera::detail
