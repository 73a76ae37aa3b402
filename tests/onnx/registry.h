#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tensor.h"
#include "tests/onnx/model.h"

namespace tessera::onnx {

// The inputs of a node; one that was left out is an undefined tensor.
class Inputs {
 public:
  explicit Inputs(Tensors tensors) : tensors_(std::move(tensors)) {}
  const Tensor& operator[](size_t i) const { return i < tensors_.size() ? tensors_[i] : absent_; }
  bool has(size_t i) const { return (*this)[i].defined(); }
  size_t size() const { return tensors_.size(); }
  const Tensors& all() const { return tensors_; }

 private:
  Tensors tensors_;
  Tensor absent_;
};

// Computes the outputs of a node with this library's operators. Outputs nobody wants may be
// missing at the end or undefined.
using Mapping = Tensors (*)(const Node& node, const Inputs& x);
using Registry = std::unordered_map<std::string_view, Mapping>;

// All operators of ONNX that this library covers, by op_type.
const Registry& registry();

// The families, one file each: map_<family>.cpp.
void add_elementwise(Registry& ops);
void add_activation(Registry& ops);
void add_shape(Registry& ops);
void add_rearrange(Registry& ops);
void add_index(Registry& ops);
void add_reduce(Registry& ops);
void add_linear(Registry& ops);
void add_attention(Registry& ops);
void add_conv(Registry& ops);
void add_pool(Registry& ops);
void add_norm(Registry& ops);
void add_dropout(Registry& ops);
void add_loss(Registry& ops);
void add_resize(Registry& ops);
void add_sample(Registry& ops);
void add_optimizer(Registry& ops);

// The elements of an input that says a shape, axes, a count, ...
std::vector<int64_t> integers(const Tensor& x);
double number(const Tensor& x);

// A list that is an attribute in older operator sets and input `i` in newer ones.
std::optional<std::vector<int64_t>> list_of(const Node& node, const Inputs& x, size_t i,
                                            std::string_view name);

Shape shape_of(const std::vector<int64_t>& values);
// The same axes counted from the front, sorted.
Shape axes_of(const std::vector<int64_t>& axes, int ndim);

}  // namespace tessera::onnx
