#pragma once

#include "core/cpu/reals.h"
#include "core/finished.h"
#include "ops/conv_geometry.h"

// Convolutions of each channel for itself: every result is a sum over the taps of its kernel, which
// rows of the image give for whole rows of results. Arrays are dense and row-major; sums are taken
// in an order that depends on the geometry alone. The specification is ops/conv_kernels.h.
namespace tessera::detail {

// One input channel in each group, any number of results; any kernel, stride and dilation.
bool depthwise_fits(const ConvGeometry& geometry);

void depthwise_forward(const ConvGeometry& geometry, cpu::ConstReals x, const float* w,
                       const float* bias, cpu::Reals y, const Finished& done = {});
void depthwise_backward_data(const ConvGeometry& geometry, cpu::ConstReals dy, const float* w,
                             const float* bias, cpu::Reals dx, const Finished& done = {});
void depthwise_backward_weight(const ConvGeometry& geometry, cpu::ConstReals x, cpu::ConstReals dy,
                               float* dw);

}  // namespace tessera::detail
