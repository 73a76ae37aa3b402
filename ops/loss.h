#pragma once

#include "core/tensor.h"

namespace tessera {

// Losses of torch.nn.functional, with its semantics. The first argument is what the model said, the
// second what is true. Everything is computed in f32 or f64 and rounded once for halves. Shapes of
// element-wise losses must be equal: torch broadcasts them, which is hardly ever meant.

// What becomes of the losses of the elements.
enum class LossReduction : uint8_t {
  none,
  mean,
  sum,
  batchmean,  // kl_div only: sum / extent of axis 0
};

struct CrossEntropyOptions {
  Tensor weight = {};           // [C], a factor for each class
  int64_t ignore_index = -100;  // targets that do not count
  LossReduction reduction = LossReduction::mean;
  double label_smoothing = 0;  // in [0, 1]: this share of the target is spread over all classes
};

// -log(softmax(logits)[target]). logits [N, C, d1, ...] or [C]; target either integers [N, d1, ...]
// (or []), the classes in [0, C), or floating of the shape of the logits, their probabilities.
// mean divides by the sum of the weights of the targets that count, which gives NaN when all are
// ignored; with probabilities, by the number of targets. A class outside [0, C) that is not
// ignore_index is an Error when the loss is computed. Same as torch.nn.functional.cross_entropy.
Tensor cross_entropy(const Operand& logits, const Tensor& target,
                     const CrossEntropyOptions& options = {});

// Classes as losses read them: the target as i64, -1 where it is ignore_index. Another value
// outside [0, classes) is an Error when the result is computed, naming it and its place.
Tensor class_index(const Operand& target, int64_t classes, int64_t ignore_index = -100);

struct NllLossOptions {
  Tensor weight = {};
  int64_t ignore_index = -100;
  LossReduction reduction = LossReduction::mean;
};

// -log_probabilities[target], shapes and options as in cross_entropy with classes.
Tensor nll_loss(const Operand& log_probabilities, const Tensor& target,
                const NllLossOptions& options = {});

struct BinaryCrossEntropyOptions {
  Tensor weight = {};  // a factor for each element, broadcast
  LossReduction reduction = LossReduction::mean;
};

// -(t log p + (1 - t) log(1 - p)) for p in [0, 1], with logarithms not below -100, whose gradient
// is 0 where that bound holds (torch gives 1e12). NaN for p outside [0, 1].
Tensor binary_cross_entropy(const Operand& p, const Tensor& target,
                            const BinaryCrossEntropyOptions& options = {});

struct BceWithLogitsOptions {
  Tensor weight = {};      // a factor for each element, broadcast
  Tensor pos_weight = {};  // a factor for the positive part, broadcast
  LossReduction reduction = LossReduction::mean;
};

// binary_cross_entropy of sigmoid(x), stable for any x.
Tensor binary_cross_entropy_with_logits(const Operand& x, const Tensor& target,
                                        const BceWithLogitsOptions& options = {});

Tensor mse_loss(const Operand& x, const Tensor& target,  // (x - target)^2
                LossReduction reduction = LossReduction::mean);
Tensor l1_loss(const Operand& x, const Tensor& target,  // |x - target|
               LossReduction reduction = LossReduction::mean);

struct SmoothL1Options {
  double beta = 1;  // 0 gives l1_loss
  LossReduction reduction = LossReduction::mean;
};
// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = x - target.
Tensor smooth_l1_loss(const Operand& x, const Tensor& target, const SmoothL1Options& options = {});

struct HuberOptions {
  double delta = 1;
  LossReduction reduction = LossReduction::mean;
};
// d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = x - target.
Tensor huber_loss(const Operand& x, const Tensor& target, const HuberOptions& options = {});

struct KlDivOptions {
  LossReduction reduction = LossReduction::mean;
  bool log_target = false;  // target holds logarithms of probabilities
};
// target (log(target) - x), x being logarithms of probabilities.
Tensor kl_div(const Operand& x, const Tensor& target, const KlDivOptions& options = {});

struct GaussianNllOptions {
  bool full = false;  // with the constant log(2 pi) / 2
  double eps = 1e-6;  // least variance; the gradient passes this bound unchanged
  LossReduction reduction = LossReduction::mean;
};
// (log(var) + (x - target)^2 / var) / 2. var broadcasts to the shape of x.
Tensor gaussian_nll_loss(const Operand& x, const Tensor& target, const Tensor& var,
                         const GaussianNllOptions& options = {});

struct PoissonNllOptions {
  bool log_input = true;  // x is the logarithm of the rate
  bool full = false;      // with Stirling's approximation of log(target!) where target > 1
  double eps = 1e-8;      // added to the rate under the logarithm
  LossReduction reduction = LossReduction::mean;
};
// exp(x) - target x; without log_input: x - target log(x + eps).
Tensor poisson_nll_loss(const Operand& x, const Tensor& target,
                        const PoissonNllOptions& options = {});

}  // namespace tessera
