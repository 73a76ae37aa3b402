#include <optional>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/index.h"
#include "ops/index_nd.h"
#include "ops/mask.h"
#include "ops/scatter.h"
#include "ops/shape.h"
#include "ops/sort.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

// Slices of x along an axis, which is replaced by the axes of the indices.
Tensors gather_slices(const Node& node, const Inputs& x) {
  const int axis = normalize_axis(node.integer("axis", 0), x[0].ndim(), "Gather");
  const Tensor flat = index_select(x[0], axis, reshape(x[1], {x[1].numel()}));
  Shape shape = x[0].shape().slice(0, axis);
  for (const int64_t extent : x[1].shape()) shape.push_back(extent);
  for (int i = axis + 1; i < x[0].ndim(); ++i) shape.push_back(x[0].shape(i));
  return {reshape(flat, shape)};
}

Tensors gather_elements(const Node& node, const Inputs& x) {
  return {gather(x[0], node.integer("axis", 0), x[1])};
}

Tensors gather_points(const Node& node, const Inputs& x) {
  return {gather_nd(x[0], x[1], node.integer("batch_dims", 0))};
}

Combine combination(const Node& node) {
  const std::string name = node.text("reduction", "none");
  if (name == "none") return Combine::set;
  if (name == "add") return Combine::sum;
  if (name == "mul") return Combine::prod;
  if (name == "max") return Combine::amax;
  if (name == "min") return Combine::amin;
  throw Unsupported("reduction " + name);
}

Tensors scatter_elements(const Node& node, const Inputs& x) {
  return {scatter_reduce(x[0], node.integer("axis", 0), x[1], x[2], combination(node))};
}

Tensors scatter_points(const Node& node, const Inputs& x) {
  return {scatter_nd(x[0], x[1], x[2], combination(node))};
}

// on where the new axis counts the index, else off; indices out of range are off everywhere.
Tensors one_hot_values(const Node& node, const Inputs& x) {
  const auto depth = static_cast<int64_t>(number(x[1]));
  const int axis = normalize_axis(node.integer("axis", -1), x[0].ndim() + 1, "OneHot");
  const Tensor index = cast(x[0], i64);
  const Tensor label = where(lt(index, 0), index + depth, index);
  Shape along = Shape::filled(x[0].ndim() + 1, 1);
  along[axis] = depth;
  const Tensor hot =
      eq(reshape(label, x[0].shape().inserted(axis, 1)), reshape(iota({depth}), along));
  const Tensor off = slice(x[2], 0, {.start = 0, .stop = 1});
  const Tensor on = slice(x[2], 0, {.start = 1, .stop = 2});
  return {where(hot, on, off)};
}

// The slices, or elements, whose condition is true; the condition may be shorter.
Tensors compress(const Node& node, const Inputs& x) {
  const auto condition = integers(x[1]);
  std::vector<int64_t> kept;
  for (size_t i = 0; i < condition.size(); ++i) {
    if (condition[i] != 0) kept.push_back(static_cast<int64_t>(i));
  }
  const Tensor index = tensor<int64_t>(kept, {static_cast<int64_t>(kept.size())});
  if (node.has("axis")) return {index_select(x[0], node.integer("axis", 0), index)};
  return {index_select(reshape(x[0], {x[0].numel()}), 0, index)};
}

// ONNX counts by axis first, PyTorch by element.
Tensors positions(const Node&, const Inputs& x) {
  return {permute(nonzero(x[0]), {1, 0})};
}

Tensors top_k(const Node& node, const Inputs& x) {
  const int64_t k = x.has(1) ? integers(x[1]).at(0) : node.integer("k", 1);
  const auto [values, indices] =
      topk(x[0], k, node.integer("axis", -1), node.integer("largest", 1) != 0);
  return {values, indices};
}

// Values in ascending order or, not sorted, in the order of their first occurrence.
Tensors unique_values(const Node& node, const Inputs& x) {
  const std::optional<int64_t> axis =
      node.has("axis") ? std::optional(node.integer("axis", 0)) : std::nullopt;
  const Unique found = unique(x[0], axis);
  const Tensor inverse = reshape(found.inverse, {found.inverse.numel()});
  if (node.integer("sorted", 1) != 0) return {found.values, found.indices, inverse, found.counts};
  const Tensor order = argsort(found.indices, 0);
  return {index_select(found.values, axis.value_or(0), order),
          index_select(found.indices, 0, order), index_select(argsort(order, 0), 0, inverse),
          index_select(found.counts, 0, order)};
}

}  // namespace

void add_index(Registry& ops) {
  ops.insert({{"Gather", gather_slices},
              {"GatherElements", gather_elements},
              {"GatherND", gather_points},
              {"Scatter", scatter_elements},
              {"ScatterElements", scatter_elements},
              {"ScatterND", scatter_points},
              {"OneHot", one_hot_values},
              {"Compress", compress},
              {"NonZero", positions},
              {"TopK", top_k},
              {"Unique", unique_values}});
}

}  // namespace tessera::onnx
