#include "ops/index_nd.h"

#include "core/cuda/stream.h"
#include "ops/axis_index.h"
#include "ops/binary.h"
#include "ops/index.cu.inc"
#include "ops/index.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// The index [..., k] of points in an array whose first k extents are `extents_`, as positions [...]
// in these extents in row-major order.
class RavelOp final : public KernelOp {
 public:
  explicit RavelOp(const Shape& extents) : extents_(extents) {}
  std::string_view name() const override { return "ravel_multi_index"; }
  void key(std::string& out) const override { append_key(out, extents_); }
  bool differentiable() const override { return false; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    const int64_t* index = inputs[0].as<const int64_t>();
    for (int64_t i = 0; i < output.numel(); ++i) {
      int64_t position = 0;
      for (int j = 0; j < extents_.ndim(); ++j) {
        position = position * extents_[j] + cpu::position_of(*index++, extents_[j], j);
      }
      output.as<int64_t>()[i] = position;
    }
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    cuda::index::Points points{.n = out.numel(),
                               .ndim = extents_.ndim(),
                               .index = in[0].as<int64_t>(),
                               .result = out.as<int64_t>()};
    for (int j = 0; j < extents_.ndim(); ++j) {
      points.extent[j] = extents_[j];
      points.fault[j] = stream.faults().fault(cpu::index_contract(extents_[j], j));
    }
    stream.launch("ops/index.cu.inc", "cuda::index::ravel", cuda::blocks_for(points.n), points);
    return true;
  }

 private:
  Shape extents_;
};

}  // namespace

Tensor ravel_multi_index(const Operand& index, const Shape& extents) {
  const Call call("ravel_multi_index", index.where);
  const Tensor positions = detail::checked_index(index, "ravel_multi_index");
  require(index.ndim() > 0 && index.shape(-1) == extents.ndim(),
          "ravel_multi_index: the last axis of index {} must hold one position for each of the "
          "extents {}",
          index.shape(), extents);
  return make_node(std::make_shared<RavelOp>(extents), {positions},
                   index.shape().slice(0, index.ndim() - 1), i64);
}

Tensor gather_nd(const Operand& x, const Tensor& index, int64_t batch_axes) {
  const Call call("gather_nd", x.where);
  detail::checked_index(index, "gather_nd");
  const int b = static_cast<int>(batch_axes);
  const int64_t k = index.ndim() > 0 ? index.shape(-1) : 0;
  require(
      batch_axes >= 0 && batch_axes < index.ndim() && k >= 1 && batch_axes + k <= x.ndim() &&
          x.shape().slice(0, b) == index.shape().slice(0, b),
      "gather_nd: index must be [B..., P..., k] with the {} batch axes B of x and 1 <= k <= the "
      "axes of x behind them, got index {} for x {}",
      batch_axes, index.shape(), x.shape());
  const Shape extents = x.shape().slice(b, b + static_cast<int>(k));
  const Shape rest = x.shape().slice(b + static_cast<int>(k), x.ndim());
  const int64_t batch = x.shape().slice(0, b).numel();
  Shape result = index.shape().slice(0, index.ndim() - 1);
  const int64_t points = result.slice(b, result.ndim()).numel();
  // Batch axes are one more position, which every point knows.
  const Tensor rows = reshape(ravel_multi_index(index, extents), {batch, points}) +
                      iota({batch, 1}) * extents.numel();
  const Tensor y = index_select(reshape(x, {batch * extents.numel(), rest.numel()}), 0,
                                reshape(rows, {batch * points}));
  for (const int64_t extent : rest) result.push_back(extent);
  return reshape(y, result);
}

Tensor scatter_nd(const Operand& x, const Tensor& index, const Operand& updates, Combine combine) {
  const Call call("scatter_nd", x.where);
  detail::checked_index(index, "scatter_nd");
  const int k = index.ndim() > 0 ? static_cast<int>(std::min<int64_t>(index.shape(-1), 9)) : 0;
  require(k >= 1 && k <= x.ndim(),
          "scatter_nd: index must be [P..., k] with 1 <= k <= the axes of x, got index {} for x {}",
          index.shape(), x.shape());
  const Shape points = index.shape().slice(0, index.ndim() - 1), extents = x.shape().slice(0, k),
              rest = x.shape().slice(k, x.ndim());
  Shape expected = points;
  for (const int64_t extent : rest) expected.push_back(extent);
  require(updates.is_number || updates.shape() == expected,
          "scatter_nd: updates must be {} for index {} and x {}, got {}", expected, index.shape(),
          x.shape(), updates.shape());
  const Tensor y = index_reduce(
      reshape(x, {extents.numel(), rest.numel()}), 0,
      reshape(ravel_multi_index(index, extents), {points.numel()}),
      updates.is_number ? updates : Operand(reshape(updates, {points.numel(), rest.numel()})),
      combine);
  return reshape(y, x.shape());
}

}  // namespace tessera
