#include "ops/loss.h"

#include <cmath>
#include <numbers>

#include <fmt/core.h>

#include "core/amp.h"
#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/index.cu.inc"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/softmax_nodes.h"
#include "ops/unary.h"

namespace tessera {

namespace {

void require_floating(const char* op, const Tensor& x, const Tensor& target) {
  require(x.defined() && target.defined(), "{}: an argument is an undefined tensor", op);
  require(is_floating(x.dtype()), "{}: the first argument must be floating, got {} {}", op,
          x.dtype(), x.shape());
}

Tensor computable(const Tensor& x) {
  return is_floating(x.dtype()) ? cast(x, compute_type(x.dtype())) : cast(x, f32);
}

// The end of every loss: reduced, and in the dtype of what the model said.
Tensor finished(const char* op, const Tensor& loss, LossReduction reduction, DType dtype) {
  require(reduction != LossReduction::batchmean, "{}: batchmean is for kl_div only", op);
  if (reduction == LossReduction::mean) return cast(mean(loss), dtype);
  if (reduction == LossReduction::sum) return cast(sum(loss), dtype);
  return cast(loss, dtype);
}

// An element-wise loss f(x, target).
template <class F>
Tensor elementwise(const char* op, const Operand& given, const Tensor& target,
                   LossReduction reduction, F&& f) {
  const Call call(op, given.where);
  const Tensor x = detail::amp_full(given);
  require_floating(op, x, target);
  require(x.shape() == target.shape(),
          "{}: both arguments must have one shape, got {} and {}; expand or reshape one", op,
          x.shape(), target.shape());
  return finished(op, f(computable(x), computable(target)), reduction, x.dtype());
}

void require_broadcasts(const char* op, const char* what, const Tensor& factor,
                        const Shape& shape) {
  require(broadcast_shapes(factor.shape(), shape, op) == shape,
          "{}: {} must broadcast to the shape {} of the input, got {}", op, what, shape,
          factor.shape());
}

// Class indices as i64 with -1 where they are ignored; any other index outside [0, classes) is
// an error.
class ClassIndexOp final : public KernelOp {
 public:
  ClassIndexOp(int64_t classes, int64_t ignored) : classes_(classes), ignored_(ignored) {}
  std::string_view name() const override { return "class_index"; }
  void key(std::string& out) const override { append_key(out, classes_, ignored_); }
  bool differentiable() const override { return false; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    constexpr int64_t kGrain = 65536;
    const int64_t* target = inputs[0].as<int64_t>();
    int64_t* index = output.as<int64_t>();
    cpu::parallel_ranges(output.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t t = target[i];
        require(t == ignored_ || (t >= 0 && t < classes_),
                "target: class indices must lie in [0, {}) or be ignore_index = {}, got {} at "
                "element {} of {}",
                classes_, ignored_, t, i, output.shape);
        index[i] = t == ignored_ ? -1 : t;
      }
    });
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    const cuda::index::Classes classes{
        .n = out.numel(),
        .classes = classes_,
        .ignored = ignored_,
        .target = in[0].as<int64_t>(),
        .result = out.as<int64_t>(),
        .fault = stream.faults().fault(
            fmt::format("target: class indices must lie in [0, {}) or be ignore_index = {}",
                        classes_, ignored_))};
    stream.launch("ops/index.cu.inc", "cuda::index::class_index", cuda::blocks_for(classes.n),
                  classes);
    return true;
  }

 private:
  int64_t classes_, ignored_;
};

// Targets given as class indices, beside [N, C, d1, ...] or [C].
struct Classes {
  int axis;       // of the classes
  Tensor index;   // extent 1 along the axis; -1 where ignored
  Tensor counts;  // bool: not ignored
  Tensor weight;  // of each target, if there are weights
};

int class_axis(const Tensor& x) {
  return x.ndim() == 1 ? 0 : 1;
}

Tensor checked_weight(const char* op, const Tensor& weight, int64_t classes, DType type) {
  if (!weight.defined()) return weight;
  require(weight.shape() == Shape{classes} && is_floating(weight.dtype()),
          "{}: weight must be floating with one element for each of the {} classes, got {} {}", op,
          classes, weight.dtype(), weight.shape());
  return cast(weight, type);
}

Classes classes_of(const char* op, const Tensor& x, const Tensor& target, const Tensor& weight,
                   int64_t ignored) {
  const int axis = class_axis(x);
  require(target.shape() == x.shape().without(axis) && is_integer(target.dtype()),
          "{}: the target of {} must be integers of shape {}, got {} {}", op, x.shape(),
          x.shape().without(axis), target.dtype(), target.shape());
  Classes classes{axis, {}, {}, {}};
  const Shape kept = x.shape().with(axis, 1);
  classes.index = reshape(class_index(target, x.shape(axis), ignored), kept);
  classes.counts = ge(classes.index, 0);
  if (weight.defined()) {
    const Tensor found = take(weight, where(classes.counts, classes.index, 0));
    classes.weight = where(classes.counts, found, 0);
  }
  return classes;
}

// x at the class of each target, 0 where it is ignored. A masked sum takes the same time as a
// gather (measured for 2 to 21 classes), and neither it nor its gradient stores anything of the
// size of x, where the gather needs log_softmax in memory and its gradient scatters.
Tensor picked(const Tensor& x, const Classes& classes) {
  const Shape along = Shape::filled(x.ndim(), 1).with(classes.axis, x.shape(classes.axis));
  return sum(where(eq(iota(along), classes.index), x, 0), {classes.axis}, true);
}

// Losses of the targets (extent 1 along the class axis), weighted and reduced.
Tensor finished(const char* op, const Tensor& loss, const Classes& classes, LossReduction reduction,
                DType dtype) {
  const Tensor counted = where(classes.counts, loss, 0);
  if (reduction == LossReduction::mean) {
    const Tensor total =
        classes.weight.defined() ? sum(classes.weight) : cast(sum(classes.counts), loss.dtype());
    return cast(sum(counted) / total, dtype);
  }
  const Shape shape = loss.shape().without(classes.axis);
  return finished(op, reshape(counted, shape), reduction, dtype);
}

Tensor weighted(const Tensor& loss, const Classes& classes) {
  return classes.weight.defined() ? loss * classes.weight : loss;
}

// [1, C, 1, ...] beside x.
Tensor along_classes(const Tensor& weight, const Tensor& x) {
  const int axis = class_axis(x);
  return reshape(weight, Shape::filled(x.ndim(), 1).with(axis, x.shape(axis)));
}

Tensor with_probabilities(const Tensor& logits, const Tensor& target, const Tensor& weight,
                          const CrossEntropyOptions& o) {
  const int axis = class_axis(logits);
  const auto classes = static_cast<double>(logits.shape(axis));
  Tensor share = target;
  if (o.label_smoothing > 0) share = target * (1 - o.label_smoothing) + o.label_smoothing / classes;
  if (weight.defined()) share = share * along_classes(weight, logits);
  const Tensor loss = -sum(log_softmax(logits, axis) * share, {axis});
  return o.reduction == LossReduction::mean
             ? sum(loss) / static_cast<double>(loss.numel())
             : finished("cross_entropy", loss, o.reduction, loss.dtype());
}

Tensor with_classes(const Tensor& logits, const Tensor& target, const Tensor& weight,
                    const CrossEntropyOptions& o) {
  const Classes classes = classes_of("cross_entropy", logits, target, weight, o.ignore_index);
  const Tensor own = detail::cross_entropy_node(logits, classes.index, classes.axis);
  const Tensor loss = weighted(own, classes);
  if (o.label_smoothing == 0)
    return finished("cross_entropy", loss, classes, o.reduction, logits.dtype());
  Tensor spread = -log_softmax(logits, classes.axis);
  if (weight.defined()) spread = spread * along_classes(weight, logits);
  const Tensor smooth = mean(spread, {classes.axis}, true);
  return finished("cross_entropy", loss * (1 - o.label_smoothing) + smooth * o.label_smoothing,
                  classes, o.reduction, logits.dtype());
}

// log(1 + exp(-x)) without overflow, by the sign of x, so that every derivative is right at 0 too.
Tensor softplus_of_minus(const Tensor& x) {
  const Tensor negative = lt(x, 0);
  return log1p(exp(where(negative, x, -x))) - where(negative, x, 0);
}

// log(x) and log(1 - x), but -100 with gradient 0 where they are less.
Tensor bounded_log(const Tensor& x) {
  const Tensor small = lt(x, std::exp(-100.0));
  return where(small, -100.0, log(where(small, 1, x)));
}
Tensor bounded_log_of_rest(const Tensor& x) {
  const Tensor small = eq(x, 1);
  return where(small, -100.0, log1p(-where(small, 0, x)));
}

// x log(x), 0 at 0.
Tensor x_log_x(const Tensor& x) {
  const Tensor zero = eq(x, 0);
  return x * log(where(zero, 1, x));
}

}  // namespace

Tensor cross_entropy(const Operand& given, const Tensor& target, const CrossEntropyOptions& o) {
  const Call call("cross_entropy", given.where);
  const Tensor logits = detail::amp_full(given);
  require_floating("cross_entropy", logits, target);
  require(logits.ndim() >= 1, "cross_entropy: the logits need an axis of classes, got shape {}",
          logits.shape());
  const int64_t classes = logits.shape(class_axis(logits));
  require(classes > 0, "cross_entropy: the logits {} have no classes", logits.shape());
  require(o.label_smoothing >= 0 && o.label_smoothing <= 1,
          "cross_entropy: label_smoothing must lie in [0, 1], got {}", o.label_smoothing);
  const DType type = compute_type(logits.dtype());
  const Tensor x = cast(logits, type);
  const Tensor weight = checked_weight("cross_entropy", o.weight, classes, type);
  Tensor loss;
  if (is_floating(target.dtype())) {
    require(target.shape() == logits.shape(),
            "cross_entropy: target probabilities must have the shape {} of the logits, got {}; "
            "class indices must be integers",
            logits.shape(), target.shape());
    loss = with_probabilities(x, cast(target, type), weight, o);
  } else {
    loss = with_classes(x, target, weight, o);
  }
  return cast(loss, logits.dtype());
}

Tensor class_index(const Operand& target, int64_t classes, int64_t ignore_index) {
  const Call call("class_index", target.where);
  require(target.defined() && is_integer(target.dtype()),
          "class_index: the target must be integers, got {}",
          target.defined() ? name_of(target.dtype()) : "an undefined tensor");
  return make_node(std::make_shared<ClassIndexOp>(classes, ignore_index), {cast(target, i64)},
                   target.shape(), i64);
}

Tensor nll_loss(const Operand& given, const Tensor& target, const NllLossOptions& o) {
  const Call call("nll_loss", given.where);
  const Tensor log_probabilities = detail::amp_full(given);
  require_floating("nll_loss", log_probabilities, target);
  require(log_probabilities.ndim() >= 1,
          "nll_loss: the input needs an axis of classes, got shape "
          "{}",
          log_probabilities.shape());
  const Tensor x = computable(log_probabilities);
  const Tensor weight = checked_weight("nll_loss", o.weight, x.shape(class_axis(x)), x.dtype());
  const Classes classes = classes_of("nll_loss", x, target, weight, o.ignore_index);
  return finished("nll_loss", weighted(-picked(x, classes), classes), classes, o.reduction,
                  log_probabilities.dtype());
}

Tensor binary_cross_entropy(const Operand& p, const Tensor& target,
                            const BinaryCrossEntropyOptions& o) {
  return elementwise("binary_cross_entropy", p, target, o.reduction,
                     [&](const Tensor& x, const Tensor& t) {
                       Tensor loss = -(t * bounded_log(x) + (1 - t) * bounded_log_of_rest(x));
                       if (!o.weight.defined()) return loss;
                       require_broadcasts("binary_cross_entropy", "weight", o.weight, x.shape());
                       return loss * o.weight;
                     });
}

Tensor binary_cross_entropy_with_logits(const Operand& x, const Tensor& target,
                                        const BceWithLogitsOptions& o) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  return elementwise(op, x, target, o.reduction, [&](const Tensor& input, const Tensor& t) {
    Tensor positive = softplus_of_minus(input);
    if (o.pos_weight.defined()) {
      require_broadcasts(op, "pos_weight", o.pos_weight, input.shape());
      positive = positive * ((o.pos_weight - 1) * t + 1);
    }
    Tensor loss = (1 - t) * input + positive;
    if (!o.weight.defined()) return loss;
    require_broadcasts(op, "weight", o.weight, input.shape());
    return loss * o.weight;
  });
}

Tensor mse_loss(const Operand& x, const Tensor& target, LossReduction reduction) {
  return elementwise("mse_loss", x, target, reduction,
                     [](const Tensor& a, const Tensor& b) { return square(a - b); });
}

Tensor l1_loss(const Operand& x, const Tensor& target, LossReduction reduction) {
  return elementwise("l1_loss", x, target, reduction,
                     [](const Tensor& a, const Tensor& b) { return abs(a - b); });
}

Tensor smooth_l1_loss(const Operand& x, const Tensor& target, const SmoothL1Options& o) {
  const Call call("smooth_l1_loss", x.where);
  require(o.beta >= 0, "smooth_l1_loss: beta must not be negative, got {}", o.beta);
  return elementwise("smooth_l1_loss", x, target, o.reduction,
                     [&](const Tensor& a, const Tensor& b) {
                       if (o.beta == 0) return abs(a - b);
                       const Tensor d = abs(a - b);
                       return where(lt(d, o.beta), square(d) * (0.5 / o.beta), d - 0.5 * o.beta);
                     });
}

Tensor huber_loss(const Operand& x, const Tensor& target, const HuberOptions& o) {
  const Call call("huber_loss", x.where);
  require(o.delta > 0, "huber_loss: delta must be positive, got {}", o.delta);
  return elementwise("huber_loss", x, target, o.reduction, [&](const Tensor& a, const Tensor& b) {
    const Tensor d = abs(a - b);
    return where(le(d, o.delta), 0.5 * square(d), o.delta * (d - 0.5 * o.delta));
  });
}

Tensor kl_div(const Operand& x, const Tensor& target, const KlDivOptions& o) {
  const Call call("kl_div", x.where);
  const bool batch = o.reduction == LossReduction::batchmean;
  Tensor loss = elementwise("kl_div", x, target, batch ? LossReduction::sum : o.reduction,
                            [&](const Tensor& input, const Tensor& t) {
                              return o.log_target ? exp(t) * (t - input) : x_log_x(t) - t * input;
                            });
  if (!batch) return loss;
  require(x.ndim() > 0, "kl_div: batchmean needs a batch axis, got a 0-dimensional tensor");
  return loss / static_cast<double>(x.shape(0));
}

Tensor gaussian_nll_loss(const Operand& x, const Tensor& target, const Tensor& var,
                         const GaussianNllOptions& o) {
  const Call call("gaussian_nll_loss", x.where);
  require(var.defined(), "gaussian_nll_loss: var is an undefined tensor");
  require(o.eps > 0, "gaussian_nll_loss: eps must be positive, got {}", o.eps);
  return elementwise(
      "gaussian_nll_loss", x, target, o.reduction, [&](const Tensor& a, const Tensor& b) {
        require_broadcasts("gaussian_nll_loss", "var", var, a.shape());
        const Tensor given = computable(var);
        const Tensor v = where(lt(given, o.eps), given - detached(given) + o.eps, given);
        const Tensor loss = 0.5 * (log(v) + square(a - b) / v);
        return o.full ? loss + 0.5 * std::log(2 * std::numbers::pi) : loss;
      });
}

Tensor poisson_nll_loss(const Operand& x, const Tensor& target, const PoissonNllOptions& o) {
  const Call call("poisson_nll_loss", x.where);
  return elementwise("poisson_nll_loss", x, target, o.reduction,
                     [&](const Tensor& a, const Tensor& t) {
                       Tensor loss = o.log_input ? exp(a) - t * a : a - t * log(a + o.eps);
                       if (!o.full) return loss;
                       const Tensor large = gt(t, 1), n = where(large, t, 1);
                       const Tensor stirling = n * log(n) - n + 0.5 * log(2 * std::numbers::pi * n);
                       return loss + where(large, stirling, 0);
                     });
}

}  // namespace tessera
