#include "core/error.h"
#include "ops/binary.h"
#include "ops/einsum.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

Tensors multiply(const Node&, const Inputs& x) {
  return {matmul(x[0], x[1])};
}

// alpha A' B' + beta C, with A' and B' possibly transposed.
Tensors gemm(const Node& node, const Inputs& x) {
  const Tensor a = node.integer("transA", 0) != 0 ? permute(x[0], {1, 0}) : x[0];
  const Tensor b = node.integer("transB", 0) != 0 ? permute(x[1], {1, 0}) : x[1];
  const double alpha = node.real("alpha", 1), beta = node.real("beta", 1);
  Tensor y = matmul(a, b);
  if (alpha != 1) y = y * alpha;
  if (!x.has(2)) return {y};
  return {y + (beta == 1 ? x[2] : x[2] * beta)};
}

Tensors einstein_sum(const Node& node, const Inputs& x) {
  return {einsum(node.text("equation", ""), x.all())};
}

}  // namespace

void add_linear(Registry& ops) {
  ops.insert({{"MatMul", multiply}, {"Gemm", gemm}, {"Einsum", einstein_sum}});
}

}  // namespace tessera::onnx
