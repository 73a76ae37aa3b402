#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace tessera::optim {

// How the learning rate changes: a factor on it for each iteration, counted from 0.
//
//   const auto schedule = optim::schedule("warmup(500) + cosine", iterations);
//   for (int64_t i = 0; i < iterations; ++i) {
//     opt.set_lr(lr * schedule->factor(i));
//     opt.step(loss);
//   }
//
// All but plateau are functions of the iteration alone, so that resuming needs no state. After the
// last iteration they stay where they are (constant, step, multi_step and exponential go on).
class Schedule {
 public:
  virtual ~Schedule() = default;

  // The factor in an iteration >= 0; the largest is usually 1.
  virtual double factor(int64_t iteration) const = 0;

  // Tells how well it goes, after each validation. Only plateau listens.
  virtual void observe(double /*score*/) {}

  // What `observe` has left behind; empty for all but plateau.
  virtual std::map<std::string, Tensor> state_dict() const { return {}; }
  // Throws Error, and changes nothing, when entries are missing, unexpected or do not fit.
  virtual void load_state_dict(const std::map<std::string, Tensor>& state);
};
using SchedulePtr = std::unique_ptr<Schedule>;

// Lengths are numbers of iterations. Each of these throws Error when a length is less than 1 or a
// factor is negative. `lowest` is the factor at the end.

SchedulePtr constant();

// (1 - i / total)^power, as torch's PolynomialLR.
SchedulePtr poly(int64_t total, double power = 0.9);

// lowest + (1 - lowest) (1 + cos(pi i / total)) / 2, as torch's CosineAnnealingLR until its end.
SchedulePtr cosine(int64_t total, double lowest = 0);

// The same again and again, each time `multiply` as long, as torch's CosineAnnealingWarmRestarts.
SchedulePtr cosine_restarts(int64_t first, int64_t multiply = 1, double lowest = 0);

// gamma^floor(i / size), as torch's StepLR.
SchedulePtr step(int64_t size, double gamma = 0.1);

// gamma^(number of milestones <= i), as torch's MultiStepLR.
SchedulePtr multi_step(const std::vector<int64_t>& milestones, double gamma = 0.1);

// gamma^i, as torch's ExponentialLR.
SchedulePtr exponential(double gamma);

// As torch's OneCycleLR, with cosine annealing and max_lr as the learning rate: from 1 / div to 1
// in the share `rise` of the iterations, then down to 1 / (div * final_div). Momentum stays.
struct OneCycleOptions {
  double rise = 0.3;  // torch's pct_start
  double div = 25, final_div = 1e4;
};
SchedulePtr one_cycle(int64_t total, const OneCycleOptions& options = {});

// Multiplied by `factor` when the score has not become better for more than `patience`
// observations, as torch's ReduceLROnPlateau with threshold_mode "rel".
struct PlateauOptions {
  double factor = 0.1;
  int64_t patience = 10;
  bool maximize = false;    // whether larger scores are better: true for Dice, false for a loss
  double threshold = 1e-4;  // better means by this share of the best score
  int64_t cooldown = 0;     // observations after a change that do not count
  double lowest = 0;
};
SchedulePtr plateau(const PlateauOptions& options = {});

// From `start` to 1 along a line in `length` iterations, as torch's LinearLR, then `next` from its
// beginning, as torch's SequentialLR.
SchedulePtr warmup(int64_t length, SchedulePtr next, double start = 1e-3);

// Reads one of the above by its name, for a run of `total` iterations, if wanted with a warm-up in
// front: "poly", "cosine(lowest=0.01)", "warmup(500) + poly(power=0.9)".
//
//   constant                          poly(power)           cosine(lowest)
//   cosine_restarts(first, multiply, lowest)                step(size, gamma)
//   multi_step(milestones=[..], gamma)                      exponential(gamma)
//   one_cycle(rise, div, final_div)                         warmup(length, start) + ...
//   plateau(factor, patience, maximize, threshold, cooldown, lowest)
//
// Lengths below 1 are shares of `total`: "warmup(0.05) + step(0.3)". Throws Error with the place
// in the text, and the nearest known name, when it cannot be read or cannot be.
SchedulePtr schedule(const std::string& text, int64_t total);

}  // namespace tessera::optim
