#pragma once

#include <map>
#include <string>

#include "core/tensor.h"

namespace tessera::optim {

struct EmaOptions {
  double decay = 0.999;  // in [0, 1]: what the average keeps of itself in each update
  bool warmup = false;   // decay at most (1 + t) / (10 + t) in update t = 0, 1, ..., which forgets
                         // the start sooner
};

// Exponential moving averages of variables, often better weights than the last ones:
// average = decay average + (1 - decay) x, starting from the value of x.
//
//   optim::Ema ema(model.parameters(), {.decay = 0.99});
//   for (...) { opt.step(loss); ema.update(); }
//   { const auto swap = ema.swap(); validate(model); }  // with the averages
//
// Buffers, such as running statistics, can be among the variables: integers are copied.
// Averages of halves are kept in f32.
class Ema {
 public:
  // Throws Error when a tensor is no variable, or the decay lies outside [0, 1].
  explicit Ema(const Tensors& variables, const EmaOptions& options = {});

  // Takes the present values into the averages, and computes them. Throws Error inside a swap.
  void update();

  // While alive, the variables hold the averages; then what they held before. What is made of them
  // meanwhile is lost, so nothing should be trained. Must not outlive the Ema; one at a time.
  class Swap {
   public:
    explicit Swap(Ema& ema);
    ~Swap();
    Swap(const Swap&) = delete;
    Swap& operator=(const Swap&) = delete;

   private:
    Ema& ema_;
    Tensors saved_;
  };
  [[nodiscard]] Swap swap() { return Swap(*this); }

  const Tensors& averages() const { return averages_; }

  // "step", and "average.i" of variable i.
  std::map<std::string, Tensor> state_dict() const;
  // Throws Error, and changes nothing, when entries are missing, unexpected or do not fit.
  void load_state_dict(const std::map<std::string, Tensor>& state);

 private:
  Tensors variables_, averages_;
  EmaOptions options_;
  int64_t updates_ = 0;
  bool swapped_ = false;
};

}  // namespace tessera::optim
