#pragma once

#include <string>
#include <vector>

#include "nn/loss/loss.h"

namespace tessera::nn {

// How much the outputs of a network with several heads count, finest first.
enum class SupervisionWeights : uint8_t {
  nnunet,  // 1, 1/2, 1/4, ..., the coarsest 0 (unless it is the only one), divided by their sum
  exp,     // 1, 1/2, 1/4, 1/8, 1/16, 1/16, ...: MONAI's DeepSupervisionLoss
  two,     // 1, 1/2, 1/2, ...: its mode "two"
  same,    // 1, 1, ...: its mode "same"
};

// `levels` factors.
std::vector<double> supervision_weights(SupervisionWeights kind, int64_t levels);

// The sum over outputs [N, C, d1, ...] of weight times loss of the output and the target, of which
// a smaller output gets the classes that the centres of its pixels lie in. Outputs with weight 0
// are not looked at. `annotated` is as for Loss. Throws Error when there is not one weight >= 0 for
// each output, or where the loss does.
Tensor deep_supervision(const Loss& loss, const Tensors& outputs, const Tensor& target,
                        const std::vector<double>& weights, const Tensor& annotated = {});
Tensor deep_supervision(const Loss& loss, const Tensors& outputs, const Tensor& target,
                        SupervisionWeights weights = SupervisionWeights::nnunet,
                        const Tensor& annotated = {});

// Reads "nnunet", "exp", "two" or "same". Throws Error for anything else, with the nearest of them.
SupervisionWeights parse_supervision_weights(const std::string& text);

}  // namespace tessera::nn
