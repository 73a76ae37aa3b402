#pragma once

#include <cstdint>
#include <string>

#include "io/dataset.h"

namespace tessera::cli {

// A model and cases with masks, for the verbs that compare them. A run knows its data.
struct CaseFlags {
  std::string model, data, split, mask_values;
  int64_t ignore = -1, fold = -1;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model, "model file, or the folder of a run, whose best.tessera is taken");
    f("data", c.data, "dataset; empty: the one of the run");
    f("split", c.split, "which of its cases");
    f("mask_values", c.mask_values, "as in `tessera train`");
    f("ignore", c.ignore, "as in `tessera train`");
    f("fold", c.fold, "as in `tessera train`");
  }

  // Finds the model file, and takes from the run it lies in what was not given. Throws Error,
  // beginning with the verb, when that leaves a question.
  void complete(const char* verb);
  // The dataset, whose classes are `labels`.
  io::Dataset open(const std::vector<std::string>& labels) const;
};

}  // namespace tessera::cli
