#include "autograd/grad.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "autograd/explain.h"
#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// The sum of contributions as a balanced tree, so that rounding errors stay small.
Tensor total(Tensors parts) {
  while (parts.size() > 1) {
    Tensors sums;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) sums.push_back(parts[i] + parts[i + 1]);
    if (parts.size() % 2 == 1) sums.push_back(parts.back());
    parts = std::move(sums);
  }
  return parts[0];
}

// A node between the ys and the xs.
struct Visit {
  Node* node = nullptr;
  bool on_path = false;   // some x is the node or lies behind it
  Tensors contributions;  // parts of dL/dnode
};

class Backward {
 public:
  // `independent` xs have no history: nothing behind them is visited.
  Backward(std::vector<Node*> ys, const std::vector<Node*>& xs, bool independent)
      : targets_(xs.begin(), xs.end()), independent_(independent) {
    // Everything a gradient can flow to from the ys, in order of creation.
    std::vector<Node*> stack = std::move(ys);
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      if (node->constant || !index_.emplace(node, 0).second) continue;
      visits_.push_back({node, false, {}});
      if (ends_at(node)) continue;
      for (int i = 0; i < node->inputs(); ++i) stack.push_back(node->input(i));
    }
    std::sort(visits_.begin(), visits_.end(),
              [](const Visit& a, const Visit& b) { return a.node->id < b.node->id; });
    for (size_t v = 0; v < visits_.size(); ++v) index_[visits_[v].node] = v;
    for (Node* x : xs) {
      if (const auto found = index_.find(x); found != index_.end())
        visits_[found->second].on_path = true;
    }
    for (Visit& visit : visits_) {
      for (int i = 0; i < visit.node->inputs() && !ends_at(visit.node); ++i) {
        const Visit* input = find(visit.node->input(i));
        visit.on_path = visit.on_path || (input && input->on_path);
      }
    }
  }

  // Adds dy to the gradient of y, one of the ys.
  void seed(const Node* y, const Tensor& dy) {
    if (Visit* visit = find(y)) visit->contributions.push_back(cast(dy, y->dtype));
  }

  void run() {
    const Amp dtypes_of_forward(std::nullopt);
    for (size_t v = visits_.size(); v-- > 0;) {
      if (!visits_[v].on_path || visits_[v].contributions.empty()) continue;
      const Tensor dy = total(std::exchange(visits_[v].contributions, {}));
      // Only what was asked for is held on to: an eager or a very deep gradient is computed, and
      // its memory reused, on the way.
      if (targets_.count(visits_[v].node) > 0) visits_[v].contributions = {dy};
      if (!ends_at(visits_[v].node)) propagate(visits_[v].node, dy);
    }
  }

  Tensor gradient(const Node* x) const {
    const auto found = index_.find(x);
    if (found == index_.end() || visits_[found->second].contributions.empty()) return {};
    return visits_[found->second].contributions[0];
  }

 private:
  bool ends_at(Node* node) const {
    return node->detached || (independent_ && targets_.count(node) > 0);
  }

  Visit* find(const Node* node) {
    const auto found = index_.find(node);
    return found == index_.end() ? nullptr : &visits_[found->second];
  }

  void propagate(Node* node, const Tensor& dy) {
    Needed needed;
    Tensors x;
    for (int i = 0; i < node->inputs(); ++i) {
      const Visit* input = find(node->input(i));
      if (i < static_cast<int>(needed.size()))
        needed[static_cast<size_t>(i)] = input && input->on_path;
      x.emplace_back(node->input(i));
    }
    if (node->inputs() == 0) return;
    const Tensors dx = node->op->vjp(x, Tensor(node), dy, needed);
    require(dx.size() == x.size(), "grad: {} returned {} gradients for {} inputs", node->op->name(),
            dx.size(), x.size());
    for (size_t i = 0; i < dx.size(); ++i) {
      Visit* input = find(x[i].node());
      if (!dx[i].defined() || !input || !input->on_path) continue;
      require(dx[i].shape() == x[i].shape(),
              "grad: {} returned a gradient of shape {} for an input of shape {}", node->op->name(),
              dx[i].shape(), x[i].shape());
      input->contributions.push_back(cast(dx[i], x[i].dtype()));
    }
  }

  std::vector<Visit> visits_;
  std::unordered_map<const Node*, size_t> index_;
  std::unordered_set<const Node*> targets_;
  bool independent_;
};

}  // namespace

Tensors grad(const Operand& y, const Tensors& xs, const GradOptions& options) {
  const Call call("grad", y.where);
  require(y.defined(), "grad: y is an undefined tensor");
  require(is_floating(y.dtype()), "grad: y must be floating, got {} {}", y.dtype(), y.shape());
  std::vector<Node*> targets;
  for (const Tensor& x : xs) {
    require(x.defined(), "grad: an x is an undefined tensor");
    require(is_floating(x.dtype()),
            "grad: an x must be floating, got {} {}; integers have no gradient", x.dtype(),
            x.shape());
    targets.push_back(x.value_node());
  }
  Tensor seed = options.seed;
  if (!seed.defined()) seed = expand(scalar(1.0, y.dtype()), y.shape());
  require(seed.shape() == y.shape(), "grad: the seed must have the shape {} of y, got {}",
          y.shape(), seed.shape());

  Backward backward({y.value_node()}, targets, false);
  backward.seed(y.value_node(), seed);
  backward.run();
  Tensors result;
  for (size_t i = 0; i < xs.size(); ++i) {
    Tensor dx = backward.gradient(targets[i]);
    if (!dx.defined()) {
      require(options.allow_unused, "grad: {}", explain_grad(y, xs[i]));
      dx = expand(scalar(0.0, xs[i].dtype()), xs[i].shape());
    }
    result.push_back(dx);
  }
  return result;
}

Tensor grad(const Operand& y, const Tensor& x, const GradOptions& options) {
  return grad(y, Tensors{x}, options)[0];
}

Tensors vjp(const Tensors& ys, const Tensors& xs, const Tensors& dys) {
  require(ys.size() == dys.size(), "vjp: needs one dy for each of the {} ys, got {}", ys.size(),
          dys.size());
  std::vector<Node*> sources, targets;
  for (size_t j = 0; j < ys.size(); ++j) {
    require(ys[j].defined() && dys[j].defined() && ys[j].shape() == dys[j].shape(),
            "vjp: each dy must be defined and have the shape of its y, y {} has not", j);
    sources.push_back(ys[j].value_node());
  }
  for (const Tensor& x : xs) {
    require(x.defined(), "vjp: an x is an undefined tensor");
    targets.push_back(x.value_node());
  }
  Backward backward(sources, targets, true);
  for (size_t j = 0; j < ys.size(); ++j) backward.seed(sources[j], dys[j]);
  backward.run();
  Tensors result;
  for (const Node* x : targets) result.push_back(backward.gradient(x));
  return result;
}

Tensor detach(const Tensor& x) {
  return detached(x);
}

}  // namespace tessera
