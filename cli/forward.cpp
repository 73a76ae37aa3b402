#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/settings.h"
#include "infer/model.h"
#include "io/model_file.h"
#include "io/npy.h"
#include "ops/unary.h"

namespace tessera::cli {

namespace {

struct ForwardConfig {
  std::string model, weights, input, output;
  int64_t classes = 2, threads = 0;
  bool partial_weights = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model, "network of `tessera zoo`; not needed for a .tessera file");
    f("weights", c.weights, ".tessera, .safetensors, .npz, .pth or .pkl");
    f("input", c.input, ".npy array [N, C, H, W], taken as it is");
    f("output", c.output, ".npy file for the logits, f32 [N, classes, H, W]");
    f("classes", c.classes, "of the network; a .tessera file knows");
    f("partial_weights", c.partial_weights, "take over what fits, and say what not");
    f("threads", c.threads, "that compute; 0: all processors");
  }
};

std::unique_ptr<zoo::Network> network_for(const ForwardConfig& config, int64_t channels) {
  if (config.model.empty() && config.weights.ends_with(io::kModelExtension)) {
    return infer::load_model(config.weights).network;
  }
  require(!config.model.empty(), "forward: which network do these weights belong to? give --model");
  auto network = zoo::make(config.model, channels, config.classes);
  infer::load_weights(*network, config.weights, config.partial_weights);
  network->eval();
  return network;
}

int forward(const ForwardConfig& config) {
  for (const auto& field : {std::pair("weights", config.weights), std::pair("input", config.input),
                            std::pair("output", config.output)}) {
    require(!field.second.empty(), "forward: --{} is missing; see tessera forward --help",
            field.first);
  }
  use_threads("forward", config.threads);
  const Tensor x = cast(io::load_npy(config.input), f32);
  require(x.ndim() == 4, "forward: {} must hold [N, C, H, W], got {}", config.input, x.shape());
  const NoGrad no_grad;
  const auto network = network_for(config, x.shape(1));
  require(x.numel() > 0 && x.shape(1) == network->channels(),
          "forward: {} must hold [N, {}, H, W] and not be empty, got {}", config.input,
          network->channels(), x.shape());
  const Tensor y = (*network)(x);
  io::save_npy(y, config.output);
  std::cout << fmt::format("{} {} -> {} {}\n", config.input, x.shape(), config.output, y.shape());
  return kDone;
}

}  // namespace

void add_forward(CLI::App& program, int& status) {
  add_verb<ForwardConfig>(
      program, status,
      {.name = "forward",
       .summary = "run a network on an array: raw input, raw output",
       .examples =
           "  tessera forward --model unet --weights unet.pth --input x.npy --output y.npy\n"
           "  tessera forward --weights best.tessera --input x.npy --output y.npy",
       .run = forward});
}

}  // namespace tessera::cli
