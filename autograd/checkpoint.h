#pragma once

#include <functional>

#include "core/tensor.h"

namespace tessera {

// fn(args), for which backward needs no intermediate values: they are freed after the forward pass,
// and computed again when gradients are. Takes the memory of one such segment at a time instead of
// all of them together, for one more forward computation. Values and gradients are the same bits as
// without it, and can be differentiated again.
//
//   const Tensor y = checkpoint([&](const Tensors& x) { return Tensors{block(x[0])}; }, {h})[0];
//
// fn is kept for as long as gradients may be asked for, so what it captures by reference must live
// that long too. Gradients flow to `args` and to whatever else fn reads, such as the parameters of
// a block. fn runs again inside `grad`, so it should have no other effect than its result, unless
// it asks `recomputing`; random numbers are the same ones. Throws Error when a result is undefined,
// and `grad` does when fn no longer reads the same tensors: take gradients before parameters are
// updated.
Tensors checkpoint(const std::function<Tensors(const Tensors& args)>& fn, const Tensors& args);

// Whether fn of a checkpoint is running again. Running statistics leave out what they saw before.
bool recomputing();

}  // namespace tessera
