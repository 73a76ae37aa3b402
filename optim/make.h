#pragma once

#include <memory>
#include <string>

#include "optim/optimizer.h"

namespace tessera::optim {

// An optimizer by its name and options as text: "adam", "sgd(momentum=0.9, nesterov=true)".
//
//   sgd      lr, momentum, dampening, weight_decay, nesterov
//   adam     lr, beta1, beta2, eps, weight_decay, amsgrad
//   adamw    the same
//   adagrad  lr, lr_decay, weight_decay, initial_accumulator_value, eps
//   rmsprop  lr, alpha, eps, weight_decay, momentum, centered
//
// Defaults are torch's. Throws Error with the nearest known name for one that is unknown, and when
// an option is impossible.
std::unique_ptr<Optimizer> make(const std::string& text, const Tensors& parameters,
                                const StepOptions& step_options = {});

// The names that `make` knows.
std::vector<std::string> names();

}  // namespace tessera::optim
