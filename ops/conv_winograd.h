#pragma once

#include "core/cpu/reals.h"
#include "core/finished.h"
#include "ops/conv_geometry.h"

// Convolutions 3 x 3 and k x 3 x 3 of stride 1 by Winograd's F(4x4, 3x3) over the last two axes,
// see ops/conv_winograd_kernels.h: the products of all tiles and channels are 36 matrix products,
// summed over the k slices that a result sees. Arrays are dense and row-major. Sums are taken in an
// order that depends on the geometry alone; rounding errors are about 4 times those of the direct
// kernels in ops/conv_kernels.h, which are the specification.
namespace tessera::detail {

// Whether these kernels can compute convolutions of this geometry and its gradients: two or three
// spatial axes, kernel 3 x 3 over the last two, stride and dilation 1, one group.
bool winograd_fits(const ConvGeometry& geometry);

void winograd_forward(const ConvGeometry& geometry, cpu::ConstReals x, const float* w,
                      const float* bias, cpu::Reals y, const Finished& done = {});
void winograd_backward_data(const ConvGeometry& geometry, cpu::ConstReals dy, const float* w,
                            const float* bias, cpu::Reals dx, const Finished& done = {});
void winograd_backward_weight(const ConvGeometry& geometry, cpu::ConstReals x, cpu::ConstReals dy,
                              float* dw);

}  // namespace tessera::detail
