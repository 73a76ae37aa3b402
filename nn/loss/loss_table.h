#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/terms.h"
#include "nn/loss/segmentation.h"

namespace tessera::nn {

// A loss with its options, ready to be computed.
using LossFunction = std::function<Tensor(const Segmentation&)>;

// The losses that can be named in a text, such as --loss of `tessera train`.
struct LossEntry {
  struct Option {
    std::string name, value, meaning;  // value: when it is not given
  };
  struct Preset {
    std::string name, options;  // "smooth=1, all=true": how it differs; empty: not at all
  };
  std::string name, title, paper;
  std::vector<Option> options;
  std::vector<Preset> presets;  // of other libraries

  // Takes the preset and the options from a term. Throws Error for those that do not exist, or lie
  // out of range.
  std::function<LossFunction(Term& term)> read;
};

// In the order in which they are listed.
const std::vector<LossEntry>& losses();

// nullptr when there is none of that name.
const LossEntry* find_loss(const std::string& name);

// Their names, sorted.
std::vector<std::string> loss_names();

}  // namespace tessera::nn
