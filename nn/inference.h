#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "nn/module.h"

namespace tessera::nn {

// Prepares a model for inference: each batch norm that directly follows a convolution becomes a
// part of the weights of that convolution, which saves a pass over memory. Outputs are equal but
// for rounding. Returns how many norms were folded.
//
// Which norm follows which convolution is seen by tracing forward with `example`, a tensor of any
// values that the model takes; nothing of the size of pictures is computed. Convolutions and norms
// that run more than once are left alone, as are convolutions whose result others read too.
//
// Parameters, buffers and state_dict() stay as they are. The folded weights are a second copy, and
// are used while the model is in evaluation mode under NoGrad and no parameter changes; else the
// model computes as before. Call it again after changing parameters. Throws Error when the model is
// in training mode. Same idea as torch.nn.utils.fusion.fuse_conv_bn_eval.
int64_t optimize_for_inference(Module& model, const Tensor& example);

// A batch norm as part of a convolution; both have one.
class FoldedNorm {
 public:
  FoldedNorm(const Module& conv, const Module& norm, Tensors sources);
  // Whether the convolution uses the weights below, and the norm does nothing.
  bool in_use() const;

  Tensor weight, bias;

 private:
  const Module *conv_, *norm_;
  std::vector<std::pair<Tensor, uint64_t>> sources_;  // what they were made from, and of what value
};

}  // namespace tessera::nn
