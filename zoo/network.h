#pragma once

#include <cstdint>

#include "nn/module.h"

namespace tessera::zoo {

// A segmentation network: pictures in, one score for each class and pixel out.
//
// x       [N, channels, H, W] f32, of any H and W >= 1
// returns [N, classes, H, W], logits: softmax over the classes gives probabilities
// throws  Error when x has another rank or number of channels
//
// Networks that halve their input k times need sides that are multiples of 2^k, their `divisor`.
// x is padded to that at the bottom and on the right by repeating its edge, and the result is
// cropped back.
class Network : public nn::Module {
 public:
  // Throws Error unless channels, classes and divisor are positive.
  Network(int64_t channels, int64_t classes, int64_t divisor);

  Tensor forward(const Tensor& x) final;

  // What training looks at: the logits, then those of further heads, [N, classes, h, w] of coarser
  // levels, finest first. Networks without such give the logits alone. nn::deep_supervision applies
  // a loss to all of them.
  Tensors outputs(const Tensor& x);

  int64_t channels() const { return channels_; }
  int64_t classes() const { return classes_; }
  int64_t divisor() const { return divisor_; }

 protected:
  // The network itself; the sides of x are multiples of the divisor.
  virtual Tensor logits(const Tensor& x) = 0;
  // The same with the further heads.
  virtual Tensors all_logits(const Tensor& x) { return {logits(x)}; }

 private:
  Tensor padded(const Tensor& x) const;

  int64_t channels_, classes_, divisor_;
};

}  // namespace tessera::zoo
