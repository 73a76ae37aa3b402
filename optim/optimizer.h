#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace tessera::optim {

// Parameters that are trained with the same options.
template <class Options>
struct Group {
  Tensors parameters;
  Options options = {};
};

// What happens in every step, whatever the method.
struct StepOptions {
  double clip_norm = 0;   // if positive: clip_grad_norm of all gradients together
  double clip_value = 0;  // if positive: clip_grad_value, before clip_norm
  // A loss (or, with clip_norm, a norm of the gradients) that is NaN or infinite is an Error, and
  // parameters and state stay as they are. A GPU is not waited for: see Optimizer::check.
  bool check_finite = true;
  // What is made of the gradients of a loss before all that, such as their means over several
  // processes. Empty: nothing.
  std::function<Tensors(const Tensors&)> combine = {};
};

// Trains parameters: variables, which it updates in place.
//
//   optim::Adam opt(model.parameters(), {.lr = 3e-4}, {.clip_norm = 1});
//   for (...) opt.step(loss(model(x), y));
//
// `step(loss)` is the whole step: gradients, clipping, update, all computed as one graph, in one
// go. Afterwards nothing is pending, and loss.item() costs nothing; asking for it before gives the
// same bits. Parameters that no path connects with the loss are not updated (nor decayed).
//
// To accumulate gradients over k small batches in the memory of one:
//
//   for (...) opt.backward(loss(model(x), y) / k);
//   opt.step();
//
// When an evaluation fails (a label out of range, a loss that is NaN, no memory left on a GPU), the
// error leaves parameters, state and accumulated gradients as they were. On the processor
// parameters are updated as soon as their gradients are there, so that a kernel of the backward
// pass that the system denies memory may come too late for that.
//
// Half parameters are updated in f32 and rounded once; their state is f32.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Updates every parameter against the gradient of `loss` (floating, one element) plus what
  // `backward` has accumulated. Throws Error when no parameter has a path to the loss, or the loss
  // is not finite.
  void step(const Operand& loss);

  // As `step` of loss / scale, where `loss` has been multiplied by `scale` so that gradients in
  // halves do not vanish. When a gradient is not finite nothing changes, but that what was
  // accumulated is forgotten, and false is returned. See optim/loss_scaler.h.
  bool step_scaled(const Operand& loss, double scale);
  // As `backward`, for a later step_scaled: a loss that is not finite is found out there.
  void backward_scaled(const Operand& loss);

  // Throws Error when the loss of the last step was not finite. On the processor `step` has done so
  // itself. On a GPU `step` may return before the update is computed, so that the processor records
  // the next step meanwhile; that one calls this before it changes anything. Afterwards loss.item()
  // costs nothing.
  void check();

  // Adds the gradients of `loss` to the accumulated ones, computes them, and forgets the graph.
  void backward(const Operand& loss);
  // Updates by the accumulated gradients. Throws Error when there are none.
  void step();
  // Forgets the accumulated gradients.
  void zero_grad();

  // Updates by these gradients, one for each of parameters(); undefined ones mean no update.
  void step(const Tensors& gradients);

  // The learning rate of a group, >= 0.
  double lr(size_t group = 0) const;
  void set_lr(double lr);  // of all groups
  void set_lr(double lr, size_t group);
  size_t groups() const { return lr_.size(); }

  Tensors parameters() const;  // of all groups, in their order

  // With clip_norm: the total norm of the gradients of the last step, before clipping.
  double grad_norm() const;

  // Everything a resumed run needs for the same bits: "group.0.lr", and for parameter i
  // "state.i.step" (number of updates), "state.i.<name>" (moments and the like, under torch's
  // names), "state.i.gradient" (accumulated).
  std::map<std::string, Tensor> state_dict() const;
  // Throws Error, and changes nothing, when entries are missing, unexpected, or of another shape or
  // dtype; names them.
  void load_state_dict(const std::map<std::string, Tensor>& state);

 protected:
  explicit Optimizer(const StepOptions& options);

  // For the constructor of a method: parameters of the next group.
  void add_group(const Tensors& parameters, double lr);

  // A tensor kept for each parameter, of its shape.
  struct Slot {
    std::string name;
    double initial = 0;
  };
  virtual std::vector<Slot> slots(size_t group) const = 0;

  // One update of one parameter.
  struct Update {
    size_t group;
    double lr;
    int64_t step;             // 1 for the first update of this parameter
    std::span<Tensor> state;  // in the order of `slots`; to be replaced by the new ones
  };
  // The new value of a parameter x with gradient dx. A method writes numbers that change from step
  // to step as operands, so that every step has the same plan.
  virtual Tensor updated(const Tensor& x, const Tensor& dx, const Update& update) const = 0;

 private:
  struct Parameter {
    Tensor variable;
    size_t group;
    int64_t steps = 0;
    Tensors state = {};
    Tensor accumulated = {};
  };

  // An update that may turn out not to have happened.
  struct Attempt {
    Tensor finite, loss;          // may be undefined
    std::vector<size_t> counted;  // the parameters whose number of steps it raised
    bool succeeded() const;
  };
  void take_back(const Attempt& attempt);

  // Gradients of the loss plus the accumulated ones.
  Tensors gradients_of(const char* function, const Tensor& loss) const;
  void accumulate(const Tensor& loss, bool check_finite);
  Tensors combined(Tensors&& gradients) const;
  // With `finite`, a bool: where it does not hold, nothing is updated and false returned; without,
  // what is not finite is an Error.
  bool apply(Tensors gradients, const Tensor& loss, Tensor finite = {});

  StepOptions options_;
  std::vector<double> lr_;
  std::vector<Parameter> parameters_;
  Tensor grad_norm_;
  std::optional<Attempt> unchecked_;
};

}  // namespace tessera::optim
