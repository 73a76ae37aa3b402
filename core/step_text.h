#pragma once

#include <span>
#include <string>

#include "core/fuser.h"

namespace tessera {

// What a step of a plan is called in profiles and drawings: the name of its kernel, or the
// operations its program fuses, as "sub mul exp 2 sum" (the last two are 2 exp and a sum).
std::string name_of_step(const Group& step, std::span<const Node* const> values);

// "unet.cpp:12", the line of the user; empty when it is not known.
std::string line_of(const CallSite& site);

// Bytes a step reads and writes, and its arithmetic operations.
struct StepWork {
  double bytes = 0, flops = 0;
};
StepWork work_of_step(const Group& step, std::span<const Node* const> values);

}  // namespace tessera
