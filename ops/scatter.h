#pragma once

#include "core/tensor.h"

namespace tessera {

// Writing by index: the opposite of gather and index_select, see ops/index.h for the rules of an
// index. Values that meet at one place are combined one by one in the order of the index, so that
// results do not depend on the number of threads. `src` has the dtype of x or is a number.

// How a value joins what is there: replaces it, or is added, multiplied, ...; `mean` divides the
// sum by the number of values.
enum class Combine : uint8_t { set, sum, prod, mean, amin, amax };

struct ScatterOptions {
  bool include_self = true;  // the value in x is one of those combined; otherwise it is replaced
};

// y = x, except y[i, index[i, j, k], k] = src[i, j, k] for axis 1, and so for any axis and rank.
// index has the rank of x, extents at most those of src, and at most those of x in the other axes.
// The last one written stays, and only it gets a gradient (torch gives one to each).
// Same as torch.scatter otherwise.
Tensor scatter(const Operand& x, int64_t axis, const Tensor& index, const Operand& src);

// The same with y[i, index[i, j, k], k] += src[i, j, k]. Same as torch.scatter_add.
Tensor scatter_add(const Operand& x, int64_t axis, const Tensor& index, const Operand& src);

// The same with any combination. Same as torch.scatter_reduce. Equal extremes share the gradient
// of amin and amax. That of prod is exact at zeros, too, but does not depend on factors that are 0,
// so second derivatives with respect to them are left out.
Tensor scatter_reduce(const Operand& x, int64_t axis, const Tensor& index, const Operand& src,
                      Combine combine, const ScatterOptions& options = {});

// The same for whole slices and a 1-D index: y[i, index[j], k] is combined with src[i, j, k], for
// axis 1. Same as torch.index_copy (which sets), torch.index_add and torch.index_reduce.
Tensor index_copy(const Operand& x, int64_t axis, const Tensor& index, const Operand& src);
Tensor index_add(const Operand& x, int64_t axis, const Tensor& index, const Operand& src);
Tensor index_reduce(const Operand& x, int64_t axis, const Tensor& index, const Operand& src,
                    Combine combine, const ScatterOptions& options = {});

}  // namespace tessera
