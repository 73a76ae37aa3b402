#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace tessera::nn {

class Module;

// Tensors by dotted name, as files hold them: "down1.conv.weight".
using StateDict = std::map<std::string, Tensor>;

// What load_state_dict found: names the module has and the state lacks, names it does not know, and
// entries of another shape, described.
struct StateDictMatch {
  std::vector<std::string> missing, unexpected, mismatched;
  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  std::string str() const;  // one line each, for people; long lists are shortened
};

// Called after each forward with the inputs and the output; a defined result replaces the output.
using ForwardHook =
    std::function<Tensor(Module& module, std::span<const Tensor> inputs, const Tensor& output)>;

// A network or a part of one: parameters, buffers (such as running means), children and the
// computation. Members are built, registered and named in one expression, so that none can be
// forgotten, and the dotted names are the keys of checkpoints:
//
//   struct Block : nn::Module {
//     nn::Conv2d& conv = add("conv", nn::Conv2d(3, 64, 3, {.padding = 1}));
//     nn::BatchNorm2d& bn = add("bn", nn::BatchNorm2d(64));
//     Tensor forward(const Tensor& x) override { return relu(bn(conv(x))); }
//   };
//
// Children live on the heap and references to them stay valid when their owner is moved; modules
// can be moved, not copied. Parameters and buffers are variables (see `variable`): a handle on one
// stays current when the optimizer or load_state_dict changes its value.
class Module {
 public:
  Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  virtual ~Module() = default;

  // The computation of a module with one input. Modules that take more have their own operator(),
  // written with `run`; this one then throws Error.
  virtual Tensor forward(const Tensor& x);

  // forward and the hooks. Errors that happen inside say in which module: "UNet.down1.conv".
  Tensor operator()(const Operand& x);

  // Switches this module and all below to training (dropout drops, batch norm uses the batch) or
  // to evaluation. Gradients are not touched: use NoGrad for that.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

  // Parameters in order: a module's own first, then those of its children in the order of add.
  Tensors parameters() const;
  std::vector<std::pair<std::string, Tensor>> named_parameters() const;
  std::vector<std::pair<std::string, Tensor>> named_buffers() const;
  // This module, under the name "", and all below it, with dotted names.
  std::vector<std::pair<std::string, Module*>> named_modules();
  const std::vector<std::pair<std::string, std::unique_ptr<Module>>>& children() const {
    return children_;
  }
  int64_t parameter_count() const;  // elements of all parameters

  // The module below with this dotted name. Throws Error listing what there is.
  Module& find(const std::string& path);
  // Calls f for this module and all below.
  void apply(const std::function<void(Module&)>& f);

  // Parameters and buffers by name; values as they are now, not changed by later training.
  StateDict state_dict() const;
  // Takes values over from `state`, converted to the dtypes here. With `strict` any missing,
  // unexpected or mismatched entry throws Error naming them all and changes nothing; without it
  // what fits is loaded. Entries "*.num_batches_tracked", which PyTorch writes, are ignored.
  StateDictMatch load_state_dict(const StateDict& state, bool strict = true);

  // Returns a number for remove_hook.
  int add_forward_hook(ForwardHook hook);
  void remove_hook(int id);

  // The class, "UNet"; and its settings, "3, 64, kernel=3, padding=1".
  std::string type_name() const;
  virtual std::string describe() const { return ""; }

 protected:
  // Each returns what it registered. Names are unique in a module, not empty and without dots.
  template <class M>
  M& add(const std::string& name, M module) {
    auto child = std::make_unique<M>(std::move(module));
    M& reference = *child;
    add_child(name, std::move(child));
    return reference;
  }
  Tensor add_parameter(const std::string& name, const Tensor& init);
  Tensor add_buffer(const std::string& name, const Tensor& init);
  Module& add_child(const std::string& name, std::unique_ptr<Module> child);

  // Runs `body` as this module's forward, with hooks and the module's place in errors. For
  // operator() of modules with several inputs.
  Tensor run(std::span<const Tensor> inputs, const std::function<Tensor()>& body);
  Tensor run(std::initializer_list<Tensor> inputs, const std::function<Tensor()>& body) {
    return run(std::span(inputs.begin(), inputs.size()), body);
  }

 private:
  using Named = std::vector<std::pair<std::string, Tensor>>;
  void require_new_name(const std::string& name) const;
  void collect(const std::string& prefix, Named Module::*list, Named& out) const;

  std::string name_;  // given by the parent
  bool training_ = true;
  Named parameters_, buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
  std::vector<std::pair<int, ForwardHook>> hooks_;
  int next_hook_ = 0;
};

}  // namespace tessera::nn
