#include "core/op.h"

#include <algorithm>
#include <cstring>

#include "core/cpu/tile.h"
#include "core/error.h"
#include "core/settings.h"
#include "core/transfer.h"

namespace tessera {

namespace {

// A chain of this many unevaluated nodes is evaluated on the spot, so that a loop that never asks
// for a value does not grow without end.
constexpr int kMaxDepth = 10000;

const ScalarOp scalar_op;
const IotaOp iota_op;
const CastOp cast_op;
const ReshapeOp reshape_op;

void check_size(const Shape& shape, DType dtype) {
  int64_t bytes = size_of(dtype);
  bool empty = false;
  for (const int64_t extent : shape) {
    require(extent >= 0, "shape: extents must not be negative, got {}", shape);
    empty = empty || extent == 0;
  }
  for (const int64_t extent : shape) {
    if (empty) break;
    require(bytes <= (int64_t{1} << 46) / extent, "shape: {} {} is larger than any memory", dtype,
            shape);
    bytes *= extent;
  }
}

[[noreturn]] void fail_devices(const Node& node, const Node& input) {
  fail(fmt::format("{}: tensors must be on one device, got {} and {}; use to(x, device)",
                   node.op->name(), node.device.str(), input.device.str()));
}

}  // namespace

Tensors Op::vjp(const Tensors&, const Tensor&, const Tensor&, Needed) const {
  fail(fmt::format("grad: {} has no gradient", name()));
}

Cost Op::cost(const Node& node) const {
  return {static_cast<double>(node.numel())};
}

bool KernelOp::run_cuda(cuda::Stream&, std::span<const Array>, const Array&) const {
  return false;
}

void KernelOp::run_in_parts(std::span<const Array> inputs, const Array& output,
                            const Finished& done) const {
  run(inputs, output);
  done(0, output.numel());
}

void ReduceOp::key(std::string& out) const {
  append_key(out, kind, axes);
}

// The inputs get the device of a node that has a final one; a node whose inputs are on several
// devices, none of them final, decides for the first.
static void settle_inputs(Node* node) {
  if (!node->placed) {
    const Node* first = nullptr;
    bool several = false;
    for (int i = 0; i < node->inputs(); ++i) {
      const Node* input = node->input(i);
      if (is_scalar_node(*input)) continue;
      if (!first) first = input;
      several = several || input->device != first->device;
    }
    node->device = first->device;
    node->placed = several;
  }
  if (!node->placed) return;
  for (int i = 0; i < node->inputs(); ++i) settle(node->input(i), node->device);
}

void settle(Node* start, Device device) {
  std::vector<Node*> stack{start};
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    if (node->placed || in_memory(*node)) continue;
    node->placed = true;
    node->device = device;
    for (int i = 0; i < node->inputs(); ++i) {
      Node* input = node->input(i);
      if (input->evaluated() && input->device != device)
        node->set_input(i, Ref<Node>(to(Tensor(input), device).node()));
      stack.push_back(node->input(i));
    }
  }
}

Tensor make_leaf(std::shared_ptr<const Op> op, const Shape& shape, DType dtype) {
  check_size(shape, dtype);
  Tensor result(new Node(std::move(op), shape, dtype));
  result.node()->constant = !is_floating(dtype);
  result.node()->device = settings().device;
  return result;
}

Tensor make_node(std::shared_ptr<const Op> op, std::span<const Tensor> inputs, const Shape& shape,
                 DType dtype) {
  check_size(shape, dtype);
  Tensor result(new Node(std::move(op), shape, dtype));
  Node* node = result.node();
  const Settings& now = settings();
  bool constant = true, homeless = false;
  node->device = now.device;
  constexpr size_t kFew = 8;
  Ref<Node> few[kFew];
  std::vector<Ref<Node>> many;
  if (inputs.size() > kFew) many.resize(inputs.size());
  Ref<Node>* references = inputs.size() > kFew ? many.data() : few;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Node* input = inputs[i].value_node();
    require(input != nullptr, "{}: argument {} is an undefined tensor", node->op->name(), i);
    constant = constant && input->constant;
    if (input->placed || input->evaluated()) {
      if (node->placed && input->device != node->device) fail_devices(*node, *input);
      node->device = input->device;
      node->placed = true;
    } else {
      homeless = homeless || !is_scalar_node(*input);
    }
    if (!input->evaluated()) node->depth = std::max(node->depth, input->depth + 1);
    references[i] = Ref<Node>(input);
  }
  node->set_inputs(references, static_cast<int>(inputs.size()));
  if (homeless) settle_inputs(node);
  node->constant = constant || !is_floating(dtype) || !now.grad || !node->op->differentiable();
  if (now.eager || node->depth > kMaxDepth) result.eval();
  return result;
}

bool is_scalar_node(const Node& node) {
  return node.op.get() == &scalar_op;
}

bool in_memory(const Node& node) {
  return node.evaluated() || is_scalar_node(node);
}

static Tensor make_scalar(const void* value, DType from, DType dtype) {
  Tensor result(new Node(static_op(scalar_op), {}, dtype));
  result.node()->constant = true;
  cpu::convert(static_cast<const std::byte*>(value), from, result.node()->scalar, dtype, 1);
  return result;
}

Tensor scalar(double value, DType dtype) {
  return make_scalar(&value, f64, dtype);
}
Tensor scalar(int64_t value, DType dtype) {
  return make_scalar(&value, i64, dtype);
}

Tensor iota(const Shape& shape) {
  Tensor result = make_leaf(static_op(iota_op), shape, i64);
  if (settings().eager) result.eval();
  return result;
}

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (is_scalar_node(*x.value_node())) return make_scalar(x.value_node()->scalar, x.dtype(), dtype);
  return make_node(static_op(cast_op), {x}, x.shape(), dtype);
}

Tensors CastOp::vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const {
  return {cast(dy, x[0].dtype())};
}

Tensor reshaped(const Tensor& x, const Shape& shape) {
  return make_node(static_op(reshape_op), {x}, shape, x.dtype());
}

Tensors ReshapeOp::vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const {
  return {reshaped(dy, x[0].shape())};
}

Tensor fresh_leaf(const Tensor& x) {
  Tensor result = reshaped(Tensor(x.value_node()), x.shape());
  result.node()->detached = true;
  result.node()->constant = !is_floating(x.dtype());
  return result;
}

Tensor detached(const Tensor& x) {
  if (x.value_node()->constant) return Tensor(x.value_node());
  Tensor result = fresh_leaf(x);
  result.node()->constant = true;
  return result;
}

}  // namespace tessera
