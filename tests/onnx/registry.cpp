#include "tests/onnx/registry.h"

#include <algorithm>

namespace tessera::onnx {

const Registry& registry() {
  static const Registry all = [] {
    Registry ops;
    for (const auto add : {add_elementwise, add_activation, add_dropout, add_shape, add_rearrange,
                           add_index, add_reduce, add_linear, add_attention, add_conv, add_pool,
                           add_norm, add_loss, add_resize, add_sample, add_optimizer}) {
      add(ops);
    }
    return ops;
  }();
  return all;
}

std::vector<int64_t> integers(const Tensor& x) {
  return x.to_vector<int64_t>();
}

double number(const Tensor& x) {
  return x.item();
}

std::optional<std::vector<int64_t>> list_of(const Node& node, const Inputs& x, size_t i,
                                            std::string_view name) {
  if (x.has(i)) return integers(x[i]);
  if (node.has(name)) return node.integers(name);
  return std::nullopt;
}

Shape shape_of(const std::vector<int64_t>& values) {
  return Shape(std::span<const int64_t>(values));
}

Shape axes_of(const std::vector<int64_t>& axes, int ndim) {
  std::vector<int64_t> sorted;
  sorted.reserve(axes.size());
  for (const int64_t axis : axes) sorted.push_back(normalize_axis(axis, ndim, "onnx"));
  std::sort(sorted.begin(), sorted.end());
  return shape_of(sorted);
}

}  // namespace tessera::onnx
