#pragma once

#include "core/tensor.h"

namespace tessera {

// Compositions of the views in ops/shape.h that name axes: none computes anything by itself. Axes
// may count from the end.

// x with two axes swapped. Same as torch.transpose.
Tensor transpose(const Operand& x, int64_t axis0, int64_t axis1);

// x with axis source[i] at place destination[i], the others in their order. Same as torch.movedim.
Tensor movedim(const Operand& x, const Shape& source, const Shape& destination);
Tensor movedim(const Operand& x, int64_t source, int64_t destination);

// x without its axes of extent 1: all of them, or those named that have it. Same as torch.squeeze.
Tensor squeeze(const Operand& x);
Tensor squeeze(const Operand& x, const Shape& axes);
Tensor squeeze(const Operand& x, int64_t axis);

// x with new axes of extent 1, at these places of the result. Same as torch.unsqueeze.
Tensor unsqueeze(const Operand& x, const Shape& axes);
Tensor unsqueeze(const Operand& x, int64_t axis);

// x with the axes start to end, both included, made one; a scalar gives one element. Same as
// torch.flatten.
Tensor flatten(const Operand& x, int64_t start = 0, int64_t end = -1);

// x with one axis split into several; one extent may be -1. Same as torch.unflatten.
Tensor unflatten(const Operand& x, int64_t axis, const Shape& extents);

// x at one position of an axis, without that axis. Same as torch.select.
Tensor select(const Operand& x, int64_t axis, int64_t index);

// The positions start, ..., start + length - 1 of an axis; start may count from the end. Same as
// torch.narrow.
Tensor narrow(const Operand& x, int64_t axis, int64_t start, int64_t length);

// The elements of two axes with position(axis1) = position(axis0) + offset, as a new last axis in
// their place. Same as torch.diagonal.
Tensor diagonal(const Operand& x, int64_t offset = 0, int64_t axis0 = 0, int64_t axis1 = 1);

}  // namespace tessera
