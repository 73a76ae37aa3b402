#pragma once

#include "core/tensor.h"

namespace tessera::detail {

// An op that is a pass over memory: a gradient that needs its result much later better computes it
// a second time than keeps it.
class Repeatable {
 public:
  virtual ~Repeatable() = default;
  virtual bool worth_repeating(const Node& /*y*/) const { return true; }
  // Whether its own gradient needs the inputs anyway, so that repeating those saves nothing.
  virtual bool keeps_inputs() const { return false; }
};

// y computed a second time, if a Repeatable op made it (and at most reshaped or cast it) and it is
// pending, from inputs that are so, too, as far as that saves memory; else y.
Tensor again(const Tensor& y);

}  // namespace tessera::detail
