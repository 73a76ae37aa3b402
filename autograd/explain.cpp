#include "autograd/explain.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/op.h"

namespace tessera {

namespace {

std::string description(const Node& node) {
  std::string text = fmt::format("{} {} {}", node.op->name(), node.dtype, node.shape);
  if (node.site.line != 0) text += fmt::format(" made at {}:{}", node.site.file, node.site.line);
  return text;
}

std::string reason(const Node& node) {
  if (!is_floating(node.dtype)) return "integers and truth values have no gradient";
  if (!node.op->differentiable()) return "the operation has no gradient";
  if (node.detached) return "it was detached";
  if (node.constant && node.inputs() > 0) return "it was made under NoGrad";
  if (node.constant) return "it was made from constants only, or under NoGrad";
  return "its history was dropped when it was evaluated, since nothing before it was held";
}

// Whether gradients from y end at this node for a reason of its own: a constant that was made from
// constants is no more than a consequence.
bool is_end(const Node& node) {
  if (node.detached || node.inputs() == 0) return true;
  if (!node.constant) return false;
  if (!is_floating(node.dtype) || !node.op->differentiable()) return true;
  for (int i = 0; i < node.inputs(); ++i) {
    if (!node.input(i)->constant) return true;
  }
  return false;
}

}  // namespace

std::string explain_grad(const Tensor& y, const Tensor& x) {
  require(y.defined() && x.defined(), "explain_grad: a tensor is undefined");
  const Node* target = x.value_node();
  std::unordered_map<const Node*, const Node*> user;  // towards y
  std::vector<const Node*> stack{y.value_node()}, ends;
  user.emplace(y.value_node(), nullptr);
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    if (node == target && !node->constant) {
      std::string text = "the gradient flows: x = " + description(*x.node());
      for (const Node* next = user[node]; next; next = user[next])
        text += "\n  -> " + description(*next);
      return text;
    }
    if (is_end(*node)) {
      ends.push_back(node);
      continue;
    }
    for (int i = 0; i < node->inputs(); ++i) {
      if (user.emplace(node->input(i), node).second) stack.push_back(node->input(i));
    }
  }
  std::string text = "no path leads from x = " + description(*x.node()) +
                     " to y = " + description(*y.value_node());
  if (is_variable(x)) text += "; a variable that was updated since y was computed is a new value";
  constexpr size_t kMost = 5;
  size_t listed = 0;
  for (const Node* end : ends) {
    const bool variable = end->detached && !end->constant;
    const bool stops = end->inputs() > 0 ? end->constant : end->op->name() != "data";
    if (variable || !stops || is_scalar_node(*end) || listed++ >= kMost) continue;
    text += "\n  gradients from y stop at " + description(*end) + ": " + reason(*end);
  }
  if (listed == 0) text += "\n  y was not computed from x";
  return text;
}

}  // namespace tessera
