#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/access.h"
#include "core/chain.h"
#include "core/finished.h"
#include "core/memory_format.h"
#include "core/tensor.h"

namespace tessera {

namespace cuda {
class Stream;
}

// What one evaluation of a node costs, for the profiler and the fuser.
struct Cost {
  double flops = 0;
};

// Which inputs the caller of vjp wants a gradient for.
using Needed = std::bitset<64>;

// What a node computes, with its attributes. Ops are immutable and shared between nodes. An op is
// one of the five kinds below, which is all the evaluator has to know; the rest of the library and
// users derive from them.
class Op {
 public:
  virtual ~Op() = default;

  virtual std::string_view name() const = 0;

  // Attributes as bytes: two nodes with equal name, key, dtypes and shapes are computed by the same
  // plan. An op with attributes must write all of them.
  virtual void key(std::string& /*out*/) const {}

  // Gradients of a scalar L with respect to the inputs `x`, from dy = dL/dy, in the order of the
  // inputs. They are ordinary tensors, so that they can be differentiated again. An undefined
  // tensor means zero; entries that are not `needed` may be left undefined. The default says
  // that the op has no gradient, by an error.
  virtual Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const;

  virtual bool differentiable() const { return true; }
  virtual Cost cost(const Node& node) const;
};

// A value that is there from the start (data), or a number.
class LeafOp : public Op {};

// One value per element computed from the corresponding elements of broadcast inputs. `run`
// computes `n` consecutive elements in the compute type `type` (that of the last input):
// dst[i] = f(src[0][i], ...); bit k of `uniform` says that src[k] is one value for all i (at most
// one less than all of them are). Inputs of another type than `type` are the op's own affair
// (`where` takes a bool first).
using TileFn = void (*)(void* dst, const void* const* src, int64_t n, unsigned uniform);

// The struct whose static `f` computes one element, for backends that compile programs: its name
// and the header that defines it, which only uses what core/cuda/kernel.h lists.
struct ScalarFunction {
  const char* name = "";  // "unary::Exp", in namespace tessera
  const char* header = "";
};

class MapOp : public Op {
 public:
  virtual TileFn tile(DType type) const = 0;  // nullptr where the type is not supported
  virtual ScalarFunction function() const = 0;
  virtual ChainStep chain(DType) const { return {}; }
  virtual bool cheap() const { return true; }  // worth computing twice rather than storing
};

// A view: element i of the output is element access(i) of the input, or `fill` (0) where that lies
// outside. Never computed by itself when a consumer can read through it.
class AccessOp : public Op {
 public:
  virtual Access access(const Node& node) const = 0;
  virtual bool guarded() const { return false; }  // access may leave the input: 0 is read there
};

// Reduction over axes of the input; the axes stay with extent 1.
enum class Reduction : uint8_t { sum, prod, max, min, any, all, argmax, argmin };

class ReduceOp : public Op {
 public:
  ReduceOp(Reduction reduction, const Shape& axes) : kind(reduction), axes(axes) {}
  void key(std::string& out) const override;
  const Reduction kind;
  const Shape axes;  // sorted
};

// A dense array, as kernels see it.
struct Array {
  std::byte* data = nullptr;
  Shape shape;
  DType dtype = f32;
  MemoryFormat format = MemoryFormat::row_major;
  int64_t numel() const { return shape.numel(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

// Anything else: a kernel over whole, dense inputs.
class KernelOp : public Op {
 public:
  virtual void run(std::span<const Array> inputs, const Array& output) const = 0;

  // The same in the stream of a GPU, where the arrays are; false where there is no such kernel, and
  // then `run` computes it on copies.
  virtual bool run_cuda(cuda::Stream& stream, std::span<const Array> inputs,
                        const Array& output) const;

  // What run_cuda can be given: arrays in row-major order only; or those of three and more axes all
  // channels-last as well, which `channels_last` is faster with.
  enum class Formats : uint8_t { row_major, either, channels_last };
  virtual Formats formats() const { return Formats::row_major; }

  // Whether it throws for some values of its inputs, such as an index out of range. Then nothing
  // that existed before is overwritten until it has run.
  virtual bool may_fail() const { return true; }

  // A kernel that has_parts() tells which elements of the result are final while it computes the
  // others, so that what follows finds them in the cache.
  virtual bool has_parts() const { return false; }
  virtual void run_in_parts(std::span<const Array> inputs, const Array& output,
                            const Finished& done) const;
};

// Appends the bytes of trivially copyable values to a key.
template <class... T>
void append_key(std::string& out, const T&... values) {
  (out.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
}
template <>
inline void append_key(std::string& out, const Shape& shape) {
  out.push_back(static_cast<char>(shape.ndim()));
  out.append(reinterpret_cast<const char*>(shape.begin()),
             static_cast<size_t>(shape.ndim()) * sizeof(int64_t));
}

// A shared pointer to an op without attributes that lives forever; copying it is free.
inline std::shared_ptr<const Op> static_op(const Op& op) {
  return {std::shared_ptr<const void>(), &op};
}

// Makes the node y = op(inputs). No gradient flows when every input is constant, the dtype is
// not floating, or under NoGrad.
Tensor make_node(std::shared_ptr<const Op> op, std::span<const Tensor> inputs, const Shape& shape,
                 DType dtype);
inline Tensor make_node(std::shared_ptr<const Op> op, std::initializer_list<Tensor> inputs,
                        const Shape& shape, DType dtype) {
  return make_node(std::move(op), std::span(inputs.begin(), inputs.size()), shape, dtype);
}

Tensor make_leaf(std::shared_ptr<const Op> op, const Shape& shape, DType dtype);

// Numbers are at home on every device, and a value made of nothing but numbers has no final device
// until it is evaluated, kept in a variable, or used beside a value that has one. This makes
// `device` the one of the node, and of all that is pending behind it, if it has none yet.
void settle(Node* node, Device device);

// A number as a 0-dimensional tensor.
Tensor scalar(double value, DType dtype);
Tensor scalar(int64_t value, DType dtype);

// The op of numbers made by `scalar`; they are inputs of a plan, not part of its signature.
class ScalarOp final : public LeafOp {
 public:
  std::string_view name() const override { return "scalar"; }
};
bool is_scalar_node(const Node& node);
bool in_memory(const Node& node);  // the value is there: computed, or a number

// The element's position in row-major order, i64: the seed of arange, eye, random numbers.
class IotaOp final : public LeafOp {
 public:
  std::string_view name() const override { return "iota"; }
};
Tensor iota(const Shape& shape);

// Conversion to the node's dtype.
class CastOp final : public Op {
 public:
  std::string_view name() const override { return "cast"; }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override;
};
Tensor cast(const Tensor& x, DType dtype);

// The same elements in row-major order under another shape. Inputs after the first are never read:
// they are there for gradients to flow to, by the vjp of a derived op. A value with such inputs is
// always in memory.
class ReshapeOp : public Op {
 public:
  std::string_view name() const override { return "reshape"; }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override;
};

Tensor reshaped(const Tensor& x, const Shape& shape);  // of the same number of elements

// The same value as a constant: no gradient flows to x.
Tensor detached(const Tensor& x);
// The same value as a new start of history: gradients can be asked for it, but do not flow to x.
Tensor fresh_leaf(const Tensor& x);

}  // namespace tessera
