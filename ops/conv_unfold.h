#pragma once

#include "core/cpu/reals.h"
#include "core/finished.h"
#include "ops/conv_geometry.h"

// Convolutions as plain products of matrices, weights by patches: where the patches do not overlap,
// so that all of them take no more memory than the input, or are few, so that reading the weights
// is most of the work, or smaller than the results. Arrays are dense and row-major. Sums are taken
// in an order that depends on the geometry alone. The kernels of ops/conv_kernels.h are the
// specification.
namespace tessera::detail {

// Whether these kernels are for convolutions of this geometry: one group, and patches that do not
// overlap, or of which all images have at most 256, or of no more elements than there are output
// channels.
bool unfold_fits(const ConvGeometry& geometry);

void unfold_forward(const ConvGeometry& geometry, cpu::ConstReals x, const float* w,
                    const float* bias, cpu::Reals y, const Finished& done = {});
void unfold_backward_data(const ConvGeometry& geometry, cpu::ConstReals dy, const float* w,
                          const float* bias, cpu::Reals dx, const Finished& done = {});
void unfold_backward_weight(const ConvGeometry& geometry, cpu::ConstReals x, cpu::ConstReals dy,
                            float* dw);

}  // namespace tessera::detail
