#include "nn/summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/creation.h"

namespace tessera::nn {

namespace {

using Entries = std::vector<std::pair<std::string, Tensor>>;

// The parameters or buffers of the module itself: names of those below it have dots.
Entries own(Entries entries) {
  std::erase_if(entries, [](const auto& e) { return e.first.find('.') != std::string::npos; });
  return entries;
}

int64_t count(const Entries& entries) {
  int64_t elements = 0;
  for (const auto& entry : entries) elements += entry.second.numel();
  return elements;
}

int64_t bytes(const Entries& entries) {
  int64_t total = 0;
  for (const auto& entry : entries) total += entry.second.numel() * size_of(entry.second.dtype());
  return total;
}

int depth_of(const std::string& name) {
  return name.empty() ? 0 : 1 + static_cast<int>(std::count(name.begin(), name.end(), '.'));
}

std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);  // npos + 1 is 0
}

// "Conv2d(3, 64, kernel=3)", or the class alone where there is nothing to say.
std::string title(const std::string& type, const std::string& settings) {
  return settings.empty() ? type : fmt::format("{}({})", type, settings);
}

// "17,267,458"
std::string grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// "159.9 G", "65.9 MiB": a number with the prefix that suits it, in steps of `step`.
std::string scaled(double number, double step, const char* unit, const char* plain_unit) {
  constexpr std::array kPrefixes{"", " K", " M", " G", " T", " P"};
  size_t prefix = 0;
  for (; number >= step && prefix + 1 < kPrefixes.size(); ++prefix) number /= step;
  if (prefix == 0) return fmt::format("{:.0f}{}", number, plain_unit);
  return fmt::format("{:.1f}{}{}", number, kPrefixes[prefix], unit);
}

std::string scaled_count(double number) {
  return scaled(number, 1000, "", "");
}

std::string scaled_bytes(int64_t size) {
  return scaled(static_cast<double>(size), 1024, "iB", " B");
}

// Multiply-adds that the node takes; what is not a convolution or a product counts as nothing.
double macs_of(const Node& node) {
  const std::string_view name = node.op->name();
  const bool contracts = name == "matmul" || name.starts_with("conv");
  return contracts ? node.op->cost(node).flops / 2 : 0;
}

// The node that holds the elements of `node`: views and reshapes are read through, not stored.
const Node* storage_of(const Node* node) {
  while (dynamic_cast<const AccessOp*>(node->op.get()) ||
         dynamic_cast<const ReshapeOp*>(node->op.get())) {
    if (node->inputs() == 0) break;  // computed, and its history forgotten
    node = node->input(0);
  }
  return node;
}

// Watches forward passes through hooks. Those of inner modules run before those of outer ones, so
// whoever sees a node first is the module that made it.
class Watch {
 public:
  explicit Watch(Module& module) {
    const auto begin_with = [&](const Entries& entries) {
      for (const auto& entry : entries) measure(entry.second);
    };
    begin_with(module.named_parameters());
    begin_with(module.named_buffers());
    for (const auto& entry : module.named_modules()) watch(entry.first, *entry.second);
    module.eval();
  }
  ~Watch() {
    for (const auto& hook : hooks_) hook.first->remove_hook(hook.second);
    // Owners come before what they own, whose mode is thus set last.
    for (const auto& mode : modes_) mode.first->train(mode.second);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::vector<LayerSummary> layers;

 private:
  void watch(const std::string& name, Module& module) {
    const size_t place = layers.size();
    const size_t owner = places_[name.substr(0, name.rfind('.') + 1)];
    places_[name.empty() ? "" : name + "."] = place;
    layers.push_back({.name = name,
                      .depth = depth_of(name),
                      .type = module.type_name(),
                      .settings = module.describe(),
                      .parameters = count(own(module.named_parameters()))});
    modes_.emplace_back(&module, module.is_training());
    const auto hook = [this, place, owner](Module&, std::span<const Tensor> inputs,
                                           const Tensor& output) {
      // What the owner did to the inputs. The network itself has none.
      for (const Tensor& x : inputs) {
        const double macs = measure(x);
        if (place > 0) layers[owner].macs += macs;
      }
      note(layers[place], output);
      return Tensor();
    };
    hooks_.emplace_back(&module, module.add_forward_hook(hook));
  }

  void note(LayerSummary& layer, const Tensor& output) {
    ++layer.calls;
    if (!output.defined()) return;
    layer.output = output.shape();
    const Node* const storage = storage_of(output.value_node());
    const bool made_here = !known_.contains(storage->id);
    layer.macs += measure(output);
    if (made_here) layer.activation_bytes += storage->bytes();
  }

  // The multiply-adds of what x is made of, as far as nobody has seen it yet.
  double measure(const Tensor& x) {
    double macs = 0;
    std::vector<const Node*> pending;
    if (x.defined()) pending.push_back(x.value_node());
    while (!pending.empty()) {
      const Node* const node = pending.back();
      pending.pop_back();
      if (!known_.insert(node->id).second) continue;
      macs += macs_of(*node);
      for (int i = 0; i < node->inputs(); ++i) pending.push_back(node->input(i));
    }
    return macs;
  }

  std::unordered_set<uint64_t> known_;
  std::map<std::string, size_t> places_;  // of modules, by the prefix of what is below them
  std::vector<std::pair<Module*, int>> hooks_;
  std::vector<std::pair<Module*, bool>> modes_;
};

}  // namespace

std::string describe_tree(Module& module) {
  std::string text;
  for (const auto& entry : module.named_modules()) {
    const Module& each = *entry.second;
    const Entries parameters = own(each.named_parameters());
    std::vector<std::string> tensors;
    for (const Entries& entries : {parameters, own(each.named_buffers())}) {
      for (const auto& tensor : entries) {
        tensors.push_back(fmt::format("{} {}", tensor.first, tensor.second.shape()));
      }
    }
    const int depth = depth_of(entry.first);
    text += fmt::format("{:{}}{}{}", "", 2 * depth,
                        depth > 0 ? last_part(entry.first) + ": " : std::string(),
                        title(each.type_name(), each.describe()));
    if (!tensors.empty()) text += fmt::format("  {}", fmt::join(tensors, ", "));
    if (!parameters.empty()) text += fmt::format(": {}", grouped(count(parameters)));
    text += '\n';
  }
  return text + fmt::format("{} parameters\n", grouped(module.parameter_count()));
}

Summary summarize(Module& module, const std::function<void()>& forward) {
  const NoGrad no_grad;
  const Scoped<bool> lazy(settings().eager, false);
  Watch watch(module);
  forward();
  Summary summary{.layers = watch.layers,
                  .parameters = module.parameter_count(),
                  .parameter_bytes = bytes(module.named_parameters()),
                  .buffer_bytes = bytes(module.named_buffers())};
  for (const LayerSummary& layer : summary.layers) {
    summary.macs += layer.macs;
    summary.activation_bytes += layer.activation_bytes;
  }
  return summary;
}

Summary summarize(Module& module, const Shape& input_shape, DType dtype) {
  return summarize(module, [&] { module(zeros(input_shape, dtype)); });
}

std::string Summary::str() const {
  std::vector<std::array<std::string, 5>> rows{
      {"layer", "output", "parameters", "multiply-adds", "memory"}};
  for (const LayerSummary& layer : layers) {
    std::string name(static_cast<size_t>(2 * layer.depth), ' ');
    if (layer.depth > 0) name += last_part(layer.name) + ": ";
    name += title(layer.type, layer.settings);
    if (layer.calls > 1) name += fmt::format(" x {}", layer.calls);
    rows.push_back({name, layer.calls > 0 ? layer.output.str() : "not used",
                    grouped(layer.parameters), scaled_count(layer.macs),
                    scaled_bytes(layer.activation_bytes)});
  }
  std::array<size_t, 5> width{};
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{:<{}}  {:<{}}  {:>{}}  {:>{}}  {:>{}}\n", row[0], width[0], row[1],
                        width[1], row[2], width[2], row[3], width[3], row[4], width[4]);
  }
  return text + fmt::format("{} parameters ({}), buffers {}, {} multiply-adds, outputs {}\n",
                            grouped(parameters), scaled_bytes(parameter_bytes),
                            scaled_bytes(buffer_bytes), scaled_count(macs),
                            scaled_bytes(activation_bytes));
}

}  // namespace tessera::nn
