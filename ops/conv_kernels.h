#pragma once

#include "core/cpu/reals.h"
#include "core/finished.h"
#include "ops/conv_geometry.h"

// Convolution and its two gradients over dense row-major arrays: the patch that every result sees
// is copied into a block that the matrix kernel of core/cpu/gemm_kernel.h multiplies, so nothing of
// the size of all patches is ever in memory. T is float or double; for float, x, y and their
// gradients may be halves. Sums are taken in an order that depends on the geometry alone. A bias,
// one number for each channel of the result, may be null.
namespace tessera::detail {

template <class T>
void conv_forward(const ConvGeometry& geometry, cpu::ConstReals x, const T* w, const T* bias,
                  cpu::Reals y, const Finished& done = {});
template <class T>
void conv_backward_data(const ConvGeometry& geometry, cpu::ConstReals dy, const T* w, const T* bias,
                        cpu::Reals dx, const Finished& done = {});
template <class T>
void conv_backward_weight(const ConvGeometry& geometry, cpu::ConstReals x, cpu::ConstReals dy,
                          T* dw);

// The same for bf16: x, y and their gradients are stored so, the weights hold such values, and
// products are those of core/cpu/pairs.h, which the processor must have.
void pairs_forward(const ConvGeometry& geometry, cpu::ConstReals x, const float* w,
                   const float* bias, cpu::Reals y, const Finished& done);
void pairs_backward_data(const ConvGeometry& geometry, cpu::ConstReals dy, const float* w,
                         const float* bias, cpu::Reals dx, const Finished& done);
void pairs_backward_weight(const ConvGeometry& geometry, cpu::ConstReals x, cpu::ConstReals dy,
                           float* dw);

}  // namespace tessera::detail
