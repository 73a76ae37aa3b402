#include "nn/inference.h"

#include <algorithm>
#include <map>
#include <memory>

#include "core/error.h"
#include "core/settings.h"
#include "nn/conv.h"
#include "nn/norm.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// Notes in a forward pass who computes what, through hooks.
class Trace {
 public:
  explicit Trace(Module& model) {
    for (const auto& entry : model.named_modules()) {
      Module* const module = entry.second;
      if (auto* const conv = dynamic_cast<ConvBase*>(module)) {
        watch(*module, [this, conv](const Tensor&, const Tensor& y) {
          ++calls_[conv];
          made_[y.node()] = {conv, y};
        });
      } else if (auto* const norm = dynamic_cast<BatchNormBase*>(module)) {
        watch(*module, [this, norm](const Tensor& x, const Tensor&) {
          ++calls_[norm];
          const auto found = made_.find(x.node());
          if (found != made_.end()) pairs_.push_back({found->second.first, norm, x.node()});
        });
      }
    }
  }
  ~Trace() {
    for (const auto& [module, id] : hooks_) module->remove_hook(id);
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  struct Pair {
    ConvBase* conv;
    BatchNormBase* norm;
    const Node* between;
  };
  // Those of which both run once, and nobody else reads what is between them.
  std::vector<Pair> pairs() const {
    std::vector<Pair> result;
    std::copy_if(pairs_.begin(), pairs_.end(), std::back_inserter(result), [&](const Pair& pair) {
      return calls_.at(pair.conv) == 1 && calls_.at(pair.norm) == 1 && pair.between->uses() == 1;
    });
    return result;
  }

 private:
  void watch(Module& module, const std::function<void(const Tensor&, const Tensor&)>& see) {
    const int id = module.add_forward_hook(
        [see](Module&, std::span<const Tensor> inputs, const Tensor& y) -> Tensor {
          see(inputs[0], y);
          return {};
        });
    hooks_.emplace_back(&module, id);
  }

  std::vector<std::pair<Module*, int>> hooks_;
  std::map<const Module*, int> calls_;
  std::map<const Node*, std::pair<ConvBase*, Tensor>> made_;
  std::vector<Pair> pairs_;
};

// conv(x) * scale + shift as the convolution alone.
std::shared_ptr<const FoldedNorm> fold(const ConvBase& conv, const BatchNormBase& norm) {
  const auto or_number = [](const Tensor& x, double number) {
    return x.defined() ? Operand(x) : Operand(number);
  };
  const Tensor scale = or_number(norm.weight, 1) * rsqrt(norm.running_var + norm.options.eps);
  auto folded = std::make_shared<FoldedNorm>(
      conv, norm,
      Tensors{conv.weight, conv.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var});
  const int channel = conv.channel_axis();
  const Shape along = Shape::filled(conv.weight.ndim(), 1).with(channel, conv.out_channels);
  folded->weight = conv.weight * reshape(scale, along);
  folded->bias = (or_number(conv.bias, 0) - norm.running_mean) * scale + or_number(norm.bias, 0);
  return folded;
}

}  // namespace

FoldedNorm::FoldedNorm(const Module& conv, const Module& norm, Tensors sources)
    : conv_(&conv), norm_(&norm) {
  for (Tensor& source : sources) {
    if (!source.defined()) continue;
    const uint64_t value = source.value_node()->id;
    sources_.emplace_back(std::move(source), value);
  }
}

bool FoldedNorm::in_use() const {
  return !settings().grad && !conv_->is_training() && !norm_->is_training() &&
         std::all_of(sources_.begin(), sources_.end(), [](const auto& source) {
           return source.first.value_node()->id == source.second;
         });
}

int64_t optimize_for_inference(Module& model, const Tensor& example) {
  require(!model.is_training(),
          "optimize_for_inference: {} must be in evaluation mode; call eval() first",
          model.type_name());
  const NoGrad no_grad;
  const Scoped lazy(settings().eager, false);
  model.apply([](Module& module) {
    if (auto* const conv = dynamic_cast<ConvBase*>(&module)) conv->folded = nullptr;
    if (auto* const norm = dynamic_cast<BatchNormBase*>(&module)) norm->folded = nullptr;
  });
  Trace trace(model);
  const Tensor y = model(example);
  int64_t count = 0;
  for (const auto& pair : trace.pairs()) {
    const bool fits = pair.norm->running_mean.defined() && pair.conv->channel_axis() >= 0 &&
                      pair.conv->out_channels == pair.norm->num_features;
    if (!fits) continue;
    const std::shared_ptr<const FoldedNorm> folded = fold(*pair.conv, *pair.norm);
    tessera::eval({folded->weight, folded->bias});
    pair.conv->folded = pair.norm->folded = folded;
    ++count;
  }
  return count;
}

}  // namespace tessera::nn
