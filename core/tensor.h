#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/dtype.h"
#include "core/node.h"
#include "core/shape.h"

namespace tessera {

// A multi-dimensional array of one dtype: a cheap handle on a graph node. Values never change, and
// nothing is computed until somebody asks for them (data, item, print, save, eval), so `a + b` only
// writes down that a sum is wanted. A default-made Tensor is undefined: "no tensor here".
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Node* node) : node_(node) {
    if (node_) acquire_handle(node_);
  }
  Tensor(const Tensor& other) : Tensor(other.node_) {}
  Tensor(Tensor&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  ~Tensor() {
    if (node_) release_handle(node_);
  }
  Tensor& operator=(Tensor other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }

  bool defined() const { return node_ != nullptr; }
  const Shape& shape() const;
  int64_t shape(int64_t axis) const;  // extent; negative axes count from the end
  int ndim() const { return shape().ndim(); }
  int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  Device device() const;

  // Computes the value now, if it is not there yet.
  const Tensor& eval() const;

  // The elements in row-major order; computes them first, and copies them when they are on another
  // device. T must match dtype(). The span lives as long as some handle on this tensor does.
  template <class T>
  std::span<const T> data() const {
    return {static_cast<const T*>(raw_data(dtype_of<T>)), static_cast<size_t>(numel())};
  }
  // The elements converted to T, in row-major order.
  template <class T>
  std::vector<T> to_vector() const;
  // The only element, as a double. Throws Error when there is not exactly one.
  double item() const;

  // Gives a variable (see `variable`) a new value, without history: gradients do not flow through
  // updates. Every handle on the variable sees it; tensors computed earlier keep the old value.
  void update(const Tensor& value) const;

  // NumPy-style text of the values, shape and dtype; long tensors are shortened.
  std::string str() const;

  Node* node() const { return node_; }
  // The node whose value this is: for a variable its current value, else node() itself.
  Node* value_node() const;

 private:
  const void* raw_data(DType expected) const;
  Node* node_ = nullptr;
};

using Tensors = std::vector<Tensor>;

// An argument of an operator: a tensor or a number, and the user's line. Functions take
// `const Operand&` where a number makes sense or where the line is needed; a number takes the dtype
// of the tensors beside it unless it is of a higher kind (bool < integer < floating), as in
// PyTorch.
class Operand : public Tensor {
 public:
  Operand(const Tensor& tensor,  // NOLINT(google-explicit-constructor)
          const std::source_location& at = std::source_location::current())
      : Tensor(tensor), where(at) {}
  template <class T>
  requires std::integral<T> || std::floating_point<T> Operand(
      T number,  // NOLINT(google-explicit-constructor)
      const std::source_location& at = std::source_location::current())
      : Operand(static_cast<double>(number), integer_of(number),
                std::floating_point<T>  ? f32
                : std::same_as<T, bool> ? bool_
                                        : i64,
                at) {}

  std::source_location where;
  bool is_number = false;  // made from a C++ number: takes the dtype of its neighbours
  double number = 0;       // that number, in full precision

 private:
  template <class T>
  static int64_t integer_of(T number) {
    if constexpr (std::integral<T>) {
      return static_cast<int64_t>(number);
    } else {
      return 0;
    }
  }
  Operand(double real, int64_t integer, DType dtype, const std::source_location& at);
};

// A named, changeable value: what optimizers update (parameters) and layers track (buffers).
// Copies of the handle are the same variable. Used as an operand it stands for its current value.
Tensor variable(const Tensor& init);
bool is_variable(const Tensor& x);

// Computes several tensors together, sharing work and memory.
void eval(std::span<const Tensor> targets);
inline void eval(std::initializer_list<Tensor> targets) {
  eval(std::span(targets.begin(), targets.size()));
}

// eval(targets) and the pending updates of all variables, after which no gradient is asked for any
// more through what was computed: frees intermediate values as it goes. What an optimizer step
// uses.
void eval_and_release(std::span<const Tensor> targets);
inline void eval_and_release(std::initializer_list<Tensor> targets) {
  eval_and_release(std::span(targets.begin(), targets.size()));
}

// A tensor that owns a copy of row-major `values`, as torch.tensor. The list form converts to
// `dtype`. Throws Error when the shape does not hold as many elements.
template <class T>
Tensor tensor(std::span<const T> values, const Shape& shape,
              const std::source_location& where = std::source_location::current());
Tensor tensor(std::initializer_list<double> values, const Shape& shape, DType dtype = f32,
              const std::source_location& where = std::source_location::current());
Tensor from_bytes(const void* values, const Shape& shape, DType dtype);

}  // namespace tessera
