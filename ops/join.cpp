#include "ops/join.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/join.cu.inc"
#include "ops/shape.h"

namespace tessera {

namespace {

constexpr size_t kMaxInputs = 64;  // of one node, as many as Needed has bits

// Each input is copied in runs, one for every position of the axes in front of the joined one.
class CatOp final : public KernelOp {
 public:
  explicit CatOp(int axis) : axis_(axis) {}
  std::string_view name() const override { return "cat"; }
  void key(std::string& out) const override { append_key(out, axis_); }
  bool may_fail() const override { return false; }
  Formats formats() const override { return Formats::either; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    constexpr int64_t kGrain = 1 << 18;  // bytes
    const int64_t outer = output.shape.slice(0, axis_).numel();
    const int64_t inner =
        output.shape.slice(axis_ + 1, output.shape.ndim()).numel() * size_of(output.dtype);
    std::byte* first = output.data;
    for (const Array& x : inputs) {
      const int64_t run = x.shape[axis_] * inner, stride = output.shape[axis_] * inner;
      cpu::parallel_ranges(outer * run, kGrain, [&](int64_t begin, int64_t end) {
        int64_t row = begin / run, within = begin % run;
        while (begin < end) {
          const int64_t count = std::min(run - within, end - begin);
          std::memcpy(first + row * stride + within, x.data + begin, static_cast<size_t>(count));
          begin += count;
          within = 0;
          ++row;
        }
      });
      first += run;
    }
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    if (y.numel() == 0) return true;
    const int64_t step = strides_of(y.shape, y.format)[axis_], inner = step * size_of(y.dtype);
    int64_t unit = 16;  // bytes that are copied as one
    for (const Array& x : in) unit = std::gcd(unit, x.shape[axis_] * inner);
    cuda::join::Copies copies{.outer = y.numel() / (y.shape[axis_] * step),
                              .stride = y.shape[axis_] * inner / unit,
                              .to = y.data};
    int64_t first = 0, longest = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      copies.from[k] = in[k].data;
      copies.run[k] = in[k].shape[axis_] * inner / unit;
      copies.first[k] = first;
      first += copies.run[k];
      longest = std::max(longest, copies.run[k]);
    }
    cuda::Blocks blocks = cuda::blocks_for(copies.outer * longest);
    blocks.y = static_cast<int64_t>(in.size());
    stream.launch("ops/join.cu.inc", fmt::format("cuda::join::copy<Pack<uint8_t, {}>>", unit),
                  blocks, copies);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(x.size());
    int64_t start = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t extent = x[i].shape(axis_);
      if (needed[i]) dx[i] = slice(dy, axis_, {.start = start, .stop = start + extent});
      start += extent;
    }
    return dx;
  }
  int axis() const { return axis_; }

 private:
  int axis_;
};

}  // namespace

Tensor cat(const Tensors& xs, int64_t axis, const std::source_location& where) {
  const Call call("cat", where);
  require(!xs.empty(), "cat: needs at least one tensor, got none");
  const int a = normalize_axis(axis, xs[0].ndim(), "cat");
  DType dtype = xs[0].dtype();
  int64_t extent = 0;
  for (size_t i = 0; i < xs.size(); ++i) {
    require(xs[i].ndim() == xs[0].ndim() && xs[i].shape().with(a, 0) == xs[0].shape().with(a, 0),
            "cat: shapes must agree in every axis but {}, got {} as tensor 0 and {} as tensor {}",
            a, xs[0].shape(), xs[i].shape(), i);
    dtype = promote(dtype, xs[i].dtype());
    extent += xs[i].shape(a);
  }
  if (xs.size() > kMaxInputs) {
    Tensors groups;
    for (size_t i = 0; i < xs.size(); i += kMaxInputs) {
      const Tensors group(
          xs.begin() + static_cast<std::ptrdiff_t>(i),
          xs.begin() + static_cast<std::ptrdiff_t>(std::min(i + kMaxInputs, xs.size())));
      groups.push_back(cat(group, a, where));
    }
    return cat(groups, a, where);
  }
  Tensors inputs;
  for (const Tensor& x : xs) inputs.push_back(cast(x, dtype));
  if (inputs.size() == 1) return inputs[0];
  return make_node(std::make_shared<CatOp>(a), inputs, xs[0].shape().with(a, extent), dtype);
}

Tensors detail::joined(const Tensor& y, int axis) {
  const Node& node = *y.node();
  const auto* const op = dynamic_cast<const CatOp*>(node.op.get());
  if (op == nullptr || op->axis() != axis || node.constant) return {};
  Tensors xs;
  for (int i = 0; i < node.inputs(); ++i) xs.push_back(Tensor(node.input(i)));
  return xs;
}

Tensor stack(const Tensors& xs, int64_t axis, const std::source_location& where) {
  const Call call("stack", where);
  require(!xs.empty(), "stack: needs at least one tensor, got none");
  const int a = normalize_axis(axis, xs[0].ndim() + 1, "stack");
  Tensors inputs;
  for (size_t i = 0; i < xs.size(); ++i) {
    require(xs[i].shape() == xs[0].shape(),
            "stack: all shapes must be equal, got {} as tensor 0 and {} as tensor {}",
            xs[0].shape(), xs[i].shape(), i);
    inputs.push_back(reshape(xs[i], xs[i].shape().inserted(a, 1)));
  }
  return cat(inputs, a, where);
}

Tensors split(const Operand& x, const std::vector<int64_t>& sizes, int64_t axis) {
  const Call call("split", x.where);
  const int a = normalize_axis(axis, x.ndim(), "split");
  int64_t left = x.shape(a);
  for (const int64_t size : sizes) {
    require(size >= 0 && size <= left,
            "split: sizes must add up to extent {} of axis {} of {}, got"
            " {}",
            x.shape(a), a, x.shape(), fmt::join(sizes, ", "));
    left -= size;
  }
  require(left == 0, "split: sizes must add up to extent {} of axis {} of {}, got {}", x.shape(a),
          a, x.shape(), fmt::join(sizes, ", "));
  Tensors pieces;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    pieces.push_back(slice(x, a, {.start = start, .stop = start + size}));
    start += size;
  }
  return pieces;
}

Tensors split(const Operand& x, int64_t size, int64_t axis) {
  const Call call("split", x.where);
  const int64_t extent = x.shape(normalize_axis(axis, x.ndim(), "split"));
  require(size > 0 || (size == 0 && extent == 0), "split: the size must be positive, got {}", size);
  std::vector<int64_t> sizes;
  for (int64_t left = extent; left > 0; left -= size) sizes.push_back(std::min(size, left));
  if (sizes.empty()) sizes = {0};
  return split(x, sizes, axis);
}

Tensors chunk(const Operand& x, int64_t chunks, int64_t axis) {
  const Call call("chunk", x.where);
  require(chunks > 0, "chunk: the number of chunks must be positive, got {}", chunks);
  const int64_t extent = x.shape(normalize_axis(axis, x.ndim(), "chunk"));
  return split(x, std::max<int64_t>(1, extent / chunks + (extent % chunks > 0)), axis);
}

Tensors unbind(const Operand& x, int64_t axis) {
  const Call call("unbind", x.where);
  const int a = normalize_axis(axis, x.ndim(), "unbind");
  Tensors slices;
  for (int64_t i = 0; i < x.shape(a); ++i)
    slices.push_back(reshape(slice(x, a, {.start = i, .stop = i + 1}), x.shape().without(a)));
  return slices;
}

}  // namespace tessera
