#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nn/module.h"

namespace tessera::nn {

// The module and all below it as an indented tree, one line each: name, class, settings, and the
// shapes of its own parameters and buffers with how many elements the parameters have. The last
// line is the number of all parameters.
std::string describe_tree(Module& module);

// What one module adds to a network: numbers are its own, without those of the modules below it, so
// that each column sums up to the network's.
struct LayerSummary {
  std::string name;  // dotted; "" for the network itself
  int depth = 0;     // of nesting
  std::string type, settings;
  int calls = 0;                 // how often forward ran; 0: not used
  Shape output = {};             // of the last call
  int64_t parameters = 0;        // elements
  double macs = 0;               // multiply-adds of convolutions and matrix products, all calls
  int64_t activation_bytes = 0;  // of its outputs, all calls; 0 for views and what others returned
};

struct Summary {
  std::vector<LayerSummary> layers;  // each module behind the one that holds it
  int64_t parameters = 0, parameter_bytes = 0, buffer_bytes = 0;
  double macs = 0;
  // All outputs together: about what training keeps for the gradients. What the evaluator fuses or
  // frees on the way makes the truth less, most of all without gradients.
  int64_t activation_bytes = 0;

  std::string str() const;  // a table for people
};

// What module(x) does for x of `input_shape` and `dtype`, in evaluation mode. Nothing is computed
// and no memory is taken, however large the shape; a module that asks for values computes them for
// zeros. The module is as before afterwards, its mode included. Errors are those of forward.
//
//   fmt::print("{}", nn::summarize(model, {1, 3, 512, 512}).str());
Summary summarize(Module& module, const Shape& input_shape, DType dtype = f32);

// The same for any way to run the module, for example with several inputs.
Summary summarize(Module& module, const std::function<void()>& forward);

}  // namespace tessera::nn
