#pragma once

#include <optional>

#include "core/tensor.h"
#include "ops/per_axis.h"

namespace tessera {

// Windows of `kernel` elements, `dilation` apart, moved over the spatial axes of x in steps of
// `stride`. x is [C, ...] or [N, C, ...] with 1, 2 or 3 spatial axes, none of them empty; the
// result has the same rank, with spatial extents
//   floor((L + padding + padding_end - dilation (kernel - 1) - 1) / stride) + 1,
// rounded up with ceil_mode, but never so that a window starts behind the input: as in torch. Where
// padding_end is left out, it is `padding`, and then at most half the dilated kernel, as in torch;
// else both may be anything less than the dilated kernel.
// Every function throws Error when rank, dtype or options do not fit, or when the result would be
// empty.
struct PoolOptions {
  PerAxis stride = {};       // the kernel where left out
  PerAxis padding = 0;       // positions in front of the first element ...
  PerAxis padding_end = {};  // ... and behind the last one
  PerAxis dilation = 1;
  bool ceil_mode = false;
};

// The greatest element of each window; padding never is. x is of any dtype but bool. nan spreads,
// and the gradient goes to the first of equal maxima. Same as torch.nn.functional.max_pool2d.
Tensor max_pool1d(const Operand& x, const PerAxis& kernel, const PoolOptions& options = {});
Tensor max_pool2d(const Operand& x, const PerAxis& kernel, const PoolOptions& options = {});
Tensor max_pool3d(const Operand& x, const PerAxis& kernel, const PoolOptions& options = {});

// The same with the position of each maximum in its plane, i64, in row-major order: what max_unpool
// takes. Same as torch.nn.functional.max_pool2d_with_indices. A window that dilation lets miss all
// of the input has the lowest value of the dtype and the position behind the last one.
struct MaxPoolResult {
  Tensor values, indices;
};
MaxPoolResult max_pool1d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options = {});
MaxPoolResult max_pool2d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options = {});
MaxPoolResult max_pool3d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options = {});

// The mean of each window. x is floating. The divisor is divisor_override, else how many positions
// the window has in the input and, with count_include_pad, in its padding (but not behind it, where
// ceil_mode lets it reach). Same as torch.nn.functional.avg_pool2d, and dilation.
struct AvgPoolOptions {
  PerAxis stride = {};
  PerAxis padding = 0;
  PerAxis padding_end = {};
  PerAxis dilation = 1;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override = std::nullopt;
};
Tensor avg_pool1d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options = {});
Tensor avg_pool2d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options = {});
Tensor avg_pool3d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options = {});

// The p-norm of each window, (sum |x|^p)^(1/p), p > 0; max |x| for infinite p. x is floating; the
// gradient is 0 where the norm is. Same as ONNX LpPool; torch.nn.functional.lp_pool2d leaves out
// the absolute value, and scales up windows that ceil_mode lets reach behind the padding.
Tensor lp_pool1d(const Operand& x, double p, const PerAxis& kernel,
                 const PoolOptions& options = {});
Tensor lp_pool2d(const Operand& x, double p, const PerAxis& kernel,
                 const PoolOptions& options = {});
Tensor lp_pool3d(const Operand& x, double p, const PerAxis& kernel,
                 const PoolOptions& options = {});

// The opposite of a pool with these options: zeros, except that each element of x is put where
// `indices` says, as max_pool with indices gave them; of several at one place the last one stays,
// and only it gets a gradient (torch gives one to each). Spatial extents are output_size, or
// (L - 1) stride - 2 padding + kernel where it is left out; they may differ from that by less than
// a stride, since several sizes pool to one. An index outside the plane is an Error at evaluation.
// Same as torch.nn.functional.max_unpool2d otherwise.
struct MaxUnpoolOptions {
  PerAxis stride = {};  // the kernel where left out
  PerAxis padding = 0;
  PerAxis output_size = {};
};
Tensor max_unpool1d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options = {});
Tensor max_unpool2d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options = {});
Tensor max_unpool3d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options = {});

}  // namespace tessera
