#include "ops/index.h"

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "ops/axis_index.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/index.cu.inc"
#include "ops/scatter.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// Inputs x and an i64 index: a 1-D one picks whole slices, one of the rank of x single elements
// from a line of x each.
class GatherOp final : public KernelOp {
 public:
  explicit GatherOp(int axis) : axis_(axis) {}
  std::string_view name() const override { return "gather"; }
  void key(std::string& out) const override { append_key(out, axis_); }

  void run(std::span<const Array> inputs, const Array& output) const override {
    switch (size_of(output.dtype)) {
      case 1:
        return copy<uint8_t>(inputs, output);
      case 2:
        return copy<uint16_t>(inputs, output);
      case 4:
        return copy<uint32_t>(inputs, output);
      default:
        return copy<uint64_t>(inputs, output);
    }
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    const cpu::Lines from(in[0].shape, axis_), to(y.shape, axis_);
    const bool slices = in[1].shape.ndim() != in[0].shape.ndim();
    // Slices are moved 16 bytes at a time where they can be.
    const int64_t size = size_of(y.dtype);
    const int64_t unit = slices ? std::gcd<int64_t>(16, to.inner * size) : size;
    const cuda::index::Lines lines{
        .outer = to.outer,
        .extent = from.extent,
        .inner = to.inner * size / unit,
        .count = to.extent,
        .slices = slices,
        .index = in[1].as<int64_t>(),
        .x = in[0].data,
        .result = y.data,
        .fault = stream.faults().fault(cpu::index_contract(from.extent, axis_))};
    stream.launch("ops/index.cu.inc", fmt::format("cuda::index::gather<Pack<uint8_t, {}>>", unit),
                  cuda::blocks_for(lines.outer * lines.count * lines.inner), lines);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    const Tensor zeros = zeros_like(x[0]);
    if (x[1].ndim() != x[0].ndim()) return {index_add(zeros, axis_, x[1], dy), {}};
    return {scatter_add(zeros, axis_, x[1], dy), {}};
  }

 private:
  // Only the size of an element matters.
  template <class T>
  void copy(std::span<const Array> inputs, const Array& output) const {
    constexpr int64_t kGrain = 1 << 14;  // elements
    const cpu::Lines from(inputs[0].shape, axis_), to(output.shape, axis_);
    const bool slices = inputs[1].shape.ndim() != inputs[0].shape.ndim();
    const T* x = inputs[0].as<const T>();
    const int64_t* index = inputs[1].as<const int64_t>();
    T* y = output.as<T>();
    const int64_t rows = to.outer * to.extent;
    const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, to.inner));
    cpu::parallel_ranges(rows, grain, [&](int64_t begin, int64_t end) {
      int64_t outer = begin / to.extent, i = begin % to.extent;
      for (int64_t row = begin; row < end; ++row) {
        const T* block = x + outer * from.extent * from.inner;
        T* out = y + row * to.inner;
        if (slices) {
          const int64_t position = cpu::position_of(index[i], from.extent, axis_);
          std::copy_n(block + position * from.inner, to.inner, out);
        } else {
          for (int64_t k = 0; k < to.inner; ++k) {
            const int64_t at = index[row * to.inner + k];
            out[k] = block[cpu::position_of(at, from.extent, axis_) * from.inner + k];
          }
        }
        if (++i == to.extent) {
          i = 0;
          ++outer;
        }
      }
    });
  }

  int axis_;
};

}  // namespace

Tensor gather(const Operand& x, int64_t axis, const Tensor& index) {
  const Call call("gather", x.where);
  const int a = normalize_axis(axis, x.ndim(), "gather");
  const Tensor positions = detail::checked_index(index, "gather");
  Shape part = x.shape();
  for (int i = 0; i < x.ndim(); ++i) {
    require(index.ndim() == x.ndim() && (i == a || index.shape(i) <= x.shape(i)),
            "gather: index {} must have the rank of x {}, and no greater extent in any axis but {}",
            index.shape(), x.shape(), a);
    if (i != a) part[i] = index.shape(i);
  }
  const Shape start = Shape::filled(x.ndim(), 0), unit = Shape::filled(x.ndim(), 1);
  return make_node(std::make_shared<GatherOp>(a), {strided(x, start, part, unit), positions},
                   index.shape(), x.dtype());
}

Tensor index_select(const Operand& x, int64_t axis, const Tensor& index) {
  const Call call("index_select", x.where);
  const int a = normalize_axis(axis, x.ndim(), "index_select");
  const Tensor positions = detail::checked_index(index, "index_select");
  require(index.ndim() == 1, "index_select: the index must be 1-D, got {}; use gather or take",
          index.shape());
  return make_node(std::make_shared<GatherOp>(a), {x, positions}, x.shape().with(a, index.numel()),
                   x.dtype());
}

Tensor take(const Operand& x, const Tensor& index) {
  const Call call("take", x.where);
  const Tensor positions = detail::checked_index(index, "take");
  return reshape(index_select(reshape(x, {x.numel()}), 0, reshape(positions, {index.numel()})),
                 index.shape());
}

Tensor embedding(const Tensor& index, const Operand& weight, const EmbeddingOptions& o) {
  const Call call("embedding", weight.where);
  require(weight.ndim() == 2, "embedding: weight must be [V, D], got {}", weight.shape());
  const Tensor positions = detail::checked_index(index, "embedding");
  Shape shape = index.shape();
  shape.push_back(weight.shape(1));
  Tensor y = reshape(index_select(weight, 0, reshape(positions, {index.numel()})), shape);
  if (!o.padding_idx) return y;
  const int64_t rows = weight.shape(0), row = *o.padding_idx;
  require(row >= -rows && row < rows,
          "embedding: padding_idx must lie in [{}, {}) for the {} rows of weight, got {}", -rows,
          rows, rows, row);
  const Tensor padding = eq(positions, row < 0 ? row + rows : row);
  return where(reshape(padding, index.shape().inserted(index.ndim(), 1)), detached(y), y);
}

}  // namespace tessera
