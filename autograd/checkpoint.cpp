#include "autograd/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include <fmt/core.h>

#include "autograd/function.h"
#include "autograd/grad.h"
#include "core/amp.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "core/random.h"
#include "core/settings.h"
#include "ops/join.cu.inc"

namespace tessera {

namespace {

bool& runs_again() {
  static thread_local bool again = false;
  return again;
}

using Segment = std::function<Tensors(const Tensors&)>;

// A copy of the first input that is made after the others are there: what is computed again must
// wait for backward to arrive, or it would be in memory all along.
class AfterOp final : public KernelOp {
 public:
  std::string_view name() const override { return "checkpoint"; }
  bool may_fail() const override { return false; }
  void run(std::span<const Array> inputs, const Array& output) const override {
    const auto bytes = static_cast<size_t>(output.numel() * size_of(output.dtype));
    if (bytes > 0) std::memcpy(output.data, inputs[0].data, bytes);
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    cuda::join::Copies copy{.outer = 1, .to = out.data};
    copy.from[0] = in[0].data;
    copy.run[0] = copy.stride = out.numel();
    stream.launch("ops/join.cu.inc",
                  fmt::format("cuda::join::copy<Pack<uint8_t, {}>>", size_of(out.dtype)),
                  cuda::blocks_for(out.numel()), copy);
    return true;
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    Tensors dx(x.size());
    dx[0] = dy;
    return dx;
  }
};

// Random numbers drawn in this scope continue from `state`, and afterwards as if there were none.
class RandomFrom {
 public:
  explicit RandomFrom(const RandomState& state) { set_random_state(state); }
  ~RandomFrom() { set_random_state(saved_); }
  RandomFrom(const RandomFrom&) = delete;
  RandomFrom& operator=(const RandomFrom&) = delete;

 private:
  RandomState saved_ = random_state();
};

// Every node that is made from now on has at least this id.
uint64_t next_node_id() {
  return scalar(0.0, f32).node()->id + 1;
}

// Tensors made before node `first` that gradients flow to from `results` and not through
// `arguments`, in order of creation.
Tensors captured_by(const Tensors& results, const Tensors& arguments, uint64_t first) {
  std::vector<Node*> stack, captured;
  std::unordered_set<const Node*> seen;
  for (const Tensor& argument : arguments) seen.insert(argument.value_node());
  for (const Tensor& result : results) stack.push_back(result.value_node());
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    if (node->constant || !seen.insert(node).second) continue;
    if (node->id < first) {
      captured.push_back(node);
    } else if (!node->detached) {
      for (int i = 0; i < node->inputs(); ++i) stack.push_back(node->input(i));
    }
  }
  std::sort(captured.begin(), captured.end(),
            [](const Node* a, const Node* b) { return a->id < b->id; });
  Tensors tensors;
  for (Node* node : captured) tensors.emplace_back(node);
  return tensors;
}

class Recompute final : public Function {
 public:
  Recompute(Segment segment, const RandomState& random, Tensors results, size_t args)
      : segment_(std::move(segment)), random_(random), results_(std::move(results)), args_(args) {}

  Tensors forward(const Tensors&) override { return std::move(results_); }

  // x holds the arguments, then what the segment captured.
  Tensors backward(const Tensors& x, const Tensors& y, const Tensors& dy) override {
    const EnableGrad enable;
    const uint64_t first = next_node_id();
    Tensors inputs, arguments;
    for (size_t i = 0; i < x.size(); ++i) inputs.push_back(i < args_ ? after(x[i], dy) : x[i]);
    arguments.assign(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(args_));
    const Tensors again = run_again(arguments);
    check_same(again, y, captured_by(again, arguments, first), x);
    Tensors results, gradients;
    for (size_t j = 0; j < y.size(); ++j) {
      if (!dy[j].defined()) continue;
      results.push_back(again[j]);
      gradients.push_back(dy[j]);
    }
    return vjp(results, inputs, gradients);
  }

  std::string_view name() const override { return "checkpoint"; }

 private:
  Tensors run_again(const Tensors& arguments) const {
    const RandomFrom same_numbers(random_);
    const Amp same_dtypes(amp_);
    const Scoped<bool> scope(runs_again(), true);
    return segment_(arguments);
  }

  static Tensor after(const Tensor& x, const Tensors& dy) {
    static const AfterOp op;
    Tensors inputs{x};
    for (const Tensor& d : dy) {
      if (d.defined()) inputs.push_back(d);
    }
    return make_node(static_op(op), inputs, x.shape(), x.dtype());
  }

  void check_same(const Tensors& again, const Tensors& y, const Tensors& captured,
                  const Tensors& x) const {
    bool same = again.size() == y.size() && captured.size() == x.size() - args_;
    for (size_t j = 0; j < y.size() && same; ++j) {
      same = again[j].defined() && again[j].shape() == y[j].shape() &&
             again[j].dtype() == y[j].dtype();
    }
    for (size_t i = 0; i < captured.size() && same; ++i)
      same = captured[i].node() == x[args_ + i].node();
    require(same,
            "checkpoint: the function must compute the same from the same tensors each time, but "
            "it read others when it ran again for the gradient; take gradients before parameters "
            "are updated");
  }

  Segment segment_;
  RandomState random_;  // when the segment ran first
  std::optional<DType> amp_ = amp_dtype();
  Tensors results_;  // of the forward pass, until `forward` passes them on
  size_t args_;
};

}  // namespace

bool recomputing() {
  return runs_again();
}

Tensors checkpoint(const Segment& fn, const Tensors& args) {
  if (!settings().grad) return fn(args);
  const uint64_t first = next_node_id();
  Tensors leaves;
  for (size_t i = 0; i < args.size(); ++i) {
    require(args[i].defined(), "checkpoint: argument {} is undefined", i);
    leaves.push_back(fresh_leaf(args[i]));
  }
  const RandomState random = random_state();
  Tensors results = fn(leaves);
  for (size_t j = 0; j < results.size(); ++j)
    require(results[j].defined(), "checkpoint: result {} is undefined", j);
  Tensors inputs = args;
  for (const Tensor& captured : captured_by(results, leaves, first)) inputs.push_back(captured);
  return apply_function(std::make_shared<Recompute>(fn, random, std::move(results), args.size()),
                        inputs);
}

}  // namespace tessera
