#include "ops/mask.h"

#include <algorithm>
#include <limits>

#include "core/cuda/stream.h"
#include "ops/axis_index.h"
#include "ops/binary.h"
#include "ops/index.cu.inc"
#include "ops/index.h"
#include "ops/shape.h"

namespace tessera {

namespace {

class OneHotOp final : public KernelOp {
 public:
  std::string_view name() const override { return "one_hot"; }
  bool differentiable() const override { return false; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    const int64_t classes = output.shape.back();
    const int64_t* labels = inputs[0].as<const int64_t>();
    std::fill_n(output.as<uint8_t>(), output.numel(), uint8_t{0});
    for (int64_t i = 0; i < inputs[0].numel(); ++i) {
      require(labels[i] >= 0 && labels[i] < classes,
              "one_hot: labels must lie in [0, {}), got {} as label {}", classes, labels[i], i);
      output.as<uint8_t>()[i * classes + labels[i]] = 1;
    }
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    const int64_t classes = out.shape.back();
    const cuda::index::Labels labels{
        .n = in[0].numel(),
        .classes = classes,
        .labels = in[0].as<int64_t>(),
        .result = out.as<bool>(),
        .fault = stream.faults().fault(
            fmt::format("{}: labels must lie in [0, {})", call_site().function, classes))};
    stream.launch("ops/index.cu.inc", "cuda::index::one_hot", cuda::blocks_for(out.numel()),
                  labels);
    return true;
  }
};

}  // namespace

Tensor masked_fill(const Operand& x, const Tensor& mask, const Operand& value) {
  const Call call("masked_fill", x.where);
  require(mask.defined() && mask.dtype() == bool_, "masked_fill: the mask must be bool, got {}",
          mask.defined() ? name_of(mask.dtype()) : "an undefined tensor");
  require(value.is_number || value.ndim() == 0,
          "masked_fill: the value must be a number or a scalar, got {}; use where", value.shape());
  return where(mask, converted(value, x.dtype()), x);
}

Tensor nonzero(const Operand& x) {
  const Call call("nonzero", x.where);
  const Tensor truth = cast(x, bool_);
  const Shape strides = row_major_strides(x.shape());
  std::vector<int64_t> positions;
  int64_t count = 0, i = 0;
  for (const bool chosen : truth.data<bool>()) {
    for (int axis = 0; chosen && axis < x.ndim(); ++axis)
      positions.push_back(i / strides[axis] % x.shape(axis));
    count += chosen ? 1 : 0;
    ++i;
  }
  return tensor<int64_t>(positions, {count, x.ndim()});
}

Tensor masked_select(const Operand& x, const Tensor& mask) {
  const Call call("masked_select", x.where);
  require(mask.defined() && mask.dtype() == bool_, "masked_select: the mask must be bool, got {}",
          mask.defined() ? name_of(mask.dtype()) : "an undefined tensor");
  const Shape shape = broadcast_shapes(x.shape(), mask.shape(), "masked_select");
  const Shape line{shape.numel()};
  const Tensor chosen = nonzero(reshape(expand(mask, shape), line));
  return index_select(reshape(expand(x, shape), line), 0, reshape(chosen, {chosen.numel()}));
}

Tensor one_hot(const Operand& labels, int64_t wanted, DType dtype) {
  const Call call("one_hot", labels.where);
  const Tensor index = detail::checked_index(labels, "one_hot");
  int64_t classes = wanted;
  if (classes == -1) {
    require(labels.numel() > 0,
            "one_hot: without labels the number of classes must be given, got labels {}",
            labels.shape());
    const std::span<const int64_t> all = index.data<int64_t>();
    const int64_t largest = *std::max_element(all.begin(), all.end());
    require(largest < std::numeric_limits<int64_t>::max(),
            "one_hot: label {} needs more classes than can be counted", largest);
    classes = largest + 1;
  }
  require(classes >= 0 && (classes > 0 || labels.numel() == 0),
          "one_hot: the number of classes must be positive, got {}", classes);
  Shape shape = labels.shape();
  shape.push_back(classes);
  static const OneHotOp op;
  return cast(make_node(static_op(op), {index}, shape, bool_), dtype);
}

}  // namespace tessera
