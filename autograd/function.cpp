#include "autograd/function.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// A call of a Function with several results becomes this graph:
//
//   x[0], x[1], ...  <--  call  <--  result j  -->  value j (a constant)
//
// Each result is another name of its value; its gradient goes to the call, which is never computed
// and only gathers: its gradient holds those of all results end to end. So backward runs once,
// after every result's gradient is complete.

// Where the floating results stand in the gradient of the call.
struct Packing {
  explicit Packing(const Tensors& values) {
    for (const Tensor& value : values) {
      offsets.push_back(numel);
      if (!is_floating(value.dtype())) continue;
      dtype = !any ? value.dtype() : promote(dtype, value.dtype());
      any = true;
      numel += value.numel();
    }
  }

  std::vector<int64_t> offsets;
  int64_t numel = 0;
  DType dtype = f32;
  bool any = false;
};

class ResultOp final : public ReshapeOp {
 public:
  ResultOp(std::shared_ptr<Function> function, int64_t offset)
      : function_(std::move(function)), offset_(offset) {}
  std::string_view name() const override { return function_->name(); }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    const int64_t rest = x[1].numel() - offset_ - dy.numel();
    const Tensor flat = reshape(cast(dy, x[1].dtype()), {dy.numel()});
    return {Tensor(), pad_zeros(flat, {offset_}, {rest})};
  }

 private:
  std::shared_ptr<Function> function_;
  int64_t offset_;
};

Tensor make_result(const std::shared_ptr<Function>& function, const Tensor& value,
                   const Tensor& call, int64_t offset) {
  return make_node(std::make_shared<ResultOp>(function, offset), {value, call}, value.shape(),
                   value.dtype());
}

class CallOp final : public KernelOp {
 public:
  CallOp(std::shared_ptr<Function> function, Tensors values, Packing packing)
      : function_(std::move(function)), values_(std::move(values)), packing_(std::move(packing)) {}
  std::string_view name() const override { return function_->name(); }

  // Nothing reads the value. It is only asked for when a chain of calls becomes so deep that it is
  // evaluated on the spot.
  void run(std::span<const Array>, const Array& output) const override {
    std::memset(output.data, 0, static_cast<size_t>(output.numel() * size_of(output.dtype)));
  }

  Tensors vjp(const Tensors& x, const Tensor& call, const Tensor& dcall, Needed) const override {
    Tensors y, dy;
    for (size_t j = 0; j < values_.size(); ++j) {
      const Tensor& value = values_[j];
      const bool floating = is_floating(value.dtype());
      y.push_back(floating ? make_result(function_, value, call, packing_.offsets[j]) : value);
      dy.push_back(floating ? unpacked(dcall, value, packing_.offsets[j]) : Tensor());
    }
    return function_->backward(x, y, dy);
  }

 private:
  static Tensor unpacked(const Tensor& dcall, const Tensor& value, int64_t offset) {
    const Tensor part = strided(dcall, {offset}, {value.numel()}, {1});
    return cast(reshape(part, value.shape()), value.dtype());
  }

  std::shared_ptr<Function> function_;
  Tensors values_;
  Packing packing_;
};

class LambdaFunction final : public Function {
 public:
  LambdaFunction(ForwardFunction forward, BackwardFunction backward)
      : forward_(std::move(forward)), backward_(std::move(backward)) {}
  Tensors forward(const Tensors& x) override { return forward_(x); }
  Tensors backward(const Tensors& x, const Tensors& y, const Tensors& dy) override {
    return backward_(x, y, dy);
  }

 private:
  ForwardFunction forward_;
  BackwardFunction backward_;
};

}  // namespace

Tensors apply_function(const std::shared_ptr<Function>& function, const Tensors& x,
                       const std::source_location& where) {
  require(function != nullptr, "apply_function: the function is a null pointer");
  const Call call(function->name().data(), where);
  for (size_t i = 0; i < x.size(); ++i)
    require(x[i].defined(), "{}: argument {} is undefined", function->name(), i);
  Tensors values;
  {
    const NoGrad no_grad;
    values = function->forward(x);
  }
  for (size_t j = 0; j < values.size(); ++j) {
    require(values[j].defined(), "{}: result {} of forward is undefined", function->name(), j);
    values[j] = detached(values[j]);
  }
  const Packing packing(values);
  const bool constant =
      std::all_of(x.begin(), x.end(), [](const Tensor& t) { return t.value_node()->constant; });
  if (constant || !settings().grad || !packing.any) return values;

  const Tensor all = [&] {
    const Scoped<bool> lazy(settings().eager, false);  // it has no value to look at
    return make_node(std::make_shared<CallOp>(function, values, packing), x, {packing.numel},
                     packing.dtype);
  }();
  Tensors results;
  for (size_t j = 0; j < values.size(); ++j) {
    results.push_back(is_floating(values[j].dtype())
                          ? make_result(function, values[j], all, packing.offsets[j])
                          : values[j]);
  }
  return results;
}

Tensors custom_gradient(ForwardFunction forward, BackwardFunction backward, const Tensors& x,
                        const std::source_location& where) {
  return apply_function(std::make_shared<LambdaFunction>(std::move(forward), std::move(backward)),
                        x, where);
}

}  // namespace tessera
