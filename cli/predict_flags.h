#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "infer/model.h"

namespace tessera::cli {

// How pictures are predicted, for the verbs that do it.
struct PredictFlags {
  std::string window, blend = "gaussian", placement = "nnunet", mirror;
  double overlap = 0.5;
  std::string device = "cpu", amp = "off";

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("window", c.window, "predict window by window, of 256 or 192x256 (HxW); empty: all at once");
    f("overlap", c.overlap, "of neighbouring windows, as a share of their size, below 1");
    f("blend", c.blend, "of overlapping windows: gaussian, hann or constant");
    f("placement", c.placement, "of windows: nnunet spreads them evenly, monai in fixed steps");
    f("mirror", c.mirror, "average with mirror images: w left-right, h top-bottom, hw all four");
    f("device", c.device, "cpu, cuda (an NVIDIA GPU) or cuda:1 (the second)");
    f("amp", c.amp, "mixed precision: bf16, f16 or off");
  }

  // What they mean. Throws Error, beginning with the verb, when they mean nothing.
  infer::PredictOptions options(const char* verb) const;
};

// The models that a comma-separated list names, to be averaged. Throws Error when one cannot be
// read, or has other classes than the first.
std::vector<infer::Model> load_models(const char* verb, const std::string& list);

}  // namespace tessera::cli
