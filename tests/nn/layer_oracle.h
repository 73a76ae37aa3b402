#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/archive.h"
#include "nn/init.h"
#include "nn/module.h"

namespace tessera::testing {

// Modules as torch.nn computes them, recorded by scripts/oracles/<name>.py. `make` builds a layer,
// in f64; it gets the recorded parameters and buffers, by whose names it must know them.
class LayerOracle {
 public:
  explicit LayerOracle(const std::string& name = "layers");
  using Run = std::function<Tensor(const Tensors& inputs)>;

  // Checks output, gradients of inputs and parameters, and, after a second step, buffers and the
  // output in evaluation; then the gradients again, by differences.
  template <class Make>
  void check(const std::string& what, const Make& make) const {
    const nn::ParameterDType scope(f64);
    auto layer = make();
    check_layer(what, layer, [&](const Tensors& x) { return layer(x[0]); });
  }
  // The same for layers with several inputs: run(layer, inputs).
  template <class Make, class RunLayer>
  void check(const std::string& what, const Make& make, const RunLayer& run) const {
    const nn::ParameterDType scope(f64);
    auto layer = make();
    check_layer(what, layer, [&](const Tensors& x) { return run(layer, x); });
  }

  Tensor recorded(const std::string& key) const;

 private:
  void check_layer(const std::string& what, nn::Module& layer, const Run& run) const;
  void check_gradients(const std::string& what, nn::Module& layer, const Run& run,
                       const Tensors& x) const;
  bool has(const std::string& key) const { return archive_.tensors.count(key) > 0; }
  // What all names under `prefix` are called.
  std::vector<std::string> names(const std::string& prefix) const;

  std::string name_;
  io::Archive archive_;
};

}  // namespace tessera::testing
