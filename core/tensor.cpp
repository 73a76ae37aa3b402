#include "core/tensor.h"

#include <map>
#include <mutex>

#include "core/backend.h"
#include "core/cpu/tile.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "core/op.h"
#include "core/transfer.h"

namespace tessera {

namespace {

class DataOp final : public LeafOp {
 public:
  std::string_view name() const override { return "data"; }
};
const DataOp data_op;

class VariableOp;

// The variables whose newest value was not yet computed when it was set, in order of creation.
struct Updated {
  std::mutex mutex;
  std::map<uint64_t, const VariableOp*> variables;
  uint64_t made = 0;
};
Updated& updated() {
  static Updated* all = new Updated;  // variables with static lifetime die late
  return *all;
}

// A variable's node only points to the current value; operators never see it.
class VariableOp final : public LeafOp {
 public:
  explicit VariableOp(Tensor init) : current_(std::move(init)) {
    const std::lock_guard lock(updated().mutex);
    number_ = updated().made++;
  }
  ~VariableOp() override {
    const std::lock_guard lock(updated().mutex);
    updated().variables.erase(number_);
  }
  VariableOp(const VariableOp&) = delete;
  VariableOp& operator=(const VariableOp&) = delete;
  std::string_view name() const override { return "variable"; }

  const Tensor& current() const { return current_; }
  void set(Tensor value) const {
    const std::lock_guard lock(updated().mutex);
    if (!in_memory(*value.node())) updated().variables[number_] = this;
    current_ = std::move(value);
  }

 private:
  mutable Tensor current_;
  uint64_t number_;
};

const VariableOp* variable_op(const Node* node) {
  return dynamic_cast<const VariableOp*>(node->op.get());
}

}  // namespace

const Shape& Tensor::shape() const {
  require(defined(), "tensor: it is undefined, so it has no shape");
  return node_->shape;
}

int64_t Tensor::shape(int64_t axis) const {
  return shape()[normalize_axis(axis, ndim(), "shape")];
}

DType Tensor::dtype() const {
  require(defined(), "tensor: it is undefined, so it has no dtype");
  return node_->dtype;
}

Device Tensor::device() const {
  require(defined(), "tensor: it is undefined, so it has no device");
  return value_node()->device;
}

Node* Tensor::value_node() const {
  if (node_ == nullptr) return nullptr;
  const VariableOp* op = node_->is_variable ? variable_op(node_) : nullptr;
  return op ? op->current().node_ : node_;
}

const Tensor& Tensor::eval() const {
  require(defined(), "eval: the tensor is undefined");
  // Data has had its value from the start, so reading it does not wait for other threads' work.
  if (node_->op.get() != &data_op) tessera::eval({*this});
  return *this;
}

const void* Tensor::raw_data(DType expected) const {
  require(dtype() == expected, "data: the tensor holds {}, not {}; use to_vector or cast", dtype(),
          expected);
  eval();
  return host_data(*value_node());
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  eval();
  const std::byte* source = host_data(*value_node());
  const auto values =
      std::make_unique<T[]>(static_cast<size_t>(numel()));  // vector<bool> has no data()
  cpu::convert(source, dtype(), reinterpret_cast<std::byte*>(values.get()), dtype_of<T>, numel());
  return std::vector<T>(values.get(), values.get() + numel());
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<int32_t> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<uint8_t> Tensor::to_vector() const;
template std::vector<bool> Tensor::to_vector() const;

double Tensor::item() const {
  require(numel() == 1, "item: the tensor must have exactly one element, got shape {}", shape());
  return to_vector<double>()[0];
}

void Tensor::update(const Tensor& value) const {
  require(defined() && node_->is_variable,
          "update: only variables can be updated; make one with variable(tensor)");
  require(value.defined(), "update: the new value is an undefined tensor");
  require(value.shape() == shape() && value.dtype() == dtype(),
          "update: the new value must be {} {} like the variable, got {} {}", dtype(), shape(),
          value.dtype(), value.shape());
  variable_op(node_)->set(fresh_leaf(value));
}

Tensor variable(const Tensor& init) {
  require(init.defined(), "variable: the initial value is undefined");
  Tensor result(
      new Node(std::make_shared<VariableOp>(fresh_leaf(init)), init.shape(), init.dtype()));
  result.node()->is_variable = true;
  settle(result.value_node(), result.device());
  return result;
}

bool is_variable(const Tensor& x) {
  return x.defined() && x.node()->is_variable;
}

Tensors pending_updates() {
  const std::lock_guard lock(updated().mutex);
  Tensors values;
  std::erase_if(updated().variables, [&](const auto& entry) {
    const Tensor& value = entry.second->current();
    const bool done = in_memory(*value.node());
    if (!done) values.push_back(value);
    return done;
  });
  return values;
}

Tensor from_bytes(const void* values, const Shape& shape, DType dtype) {
  Tensor result = make_leaf(static_op(data_op), shape, dtype);
  Ref<Buffer> buffer = allocate(result.node()->bytes(), result.device());
  if (buffer->bytes > 0) backend(buffer->device).write(buffer->data, values, buffer->bytes);
  result.node()->value = buffer;
  describe(*buffer, *result.node());
  return result;
}

template <class T>
Tensor tensor(std::span<const T> values, const Shape& shape, const std::source_location& where) {
  const Call call("tensor", where);
  require(shape.numel() == static_cast<int64_t>(values.size()),
          "tensor: shape {} needs {} values, got {}", shape, shape.numel(), values.size());
  return from_bytes(values.data(), shape, dtype_of<T>);
}
template Tensor tensor(std::span<const float>, const Shape&, const std::source_location&);
template Tensor tensor(std::span<const double>, const Shape&, const std::source_location&);
template Tensor tensor(std::span<const int32_t>, const Shape&, const std::source_location&);
template Tensor tensor(std::span<const int64_t>, const Shape&, const std::source_location&);
template Tensor tensor(std::span<const uint8_t>, const Shape&, const std::source_location&);
template Tensor tensor(std::span<const bool>, const Shape&, const std::source_location&);

Tensor tensor(std::initializer_list<double> values, const Shape& shape, DType dtype,
              const std::source_location& where) {
  const Call call("tensor", where);
  Tensor exact = tensor<double>(std::span(values.begin(), values.size()), shape, where);
  if (dtype == f64) return exact;
  std::vector<std::byte> converted(values.size() * static_cast<size_t>(size_of(dtype)));
  cpu::convert(reinterpret_cast<const std::byte*>(values.begin()), f64, converted.data(), dtype,
               shape.numel());
  return from_bytes(converted.data(), shape, dtype);
}

Operand::Operand(double real, int64_t integer, DType dtype, const std::source_location& at)
    : Tensor(dtype == f32 ? scalar(real, f32) : scalar(integer, dtype)),
      where(at),
      is_number(true),
      number(real) {}

}  // namespace tessera
