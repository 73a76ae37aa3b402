#pragma once

#include <string_view>

#include "io/pickle.h"

namespace tessera::io {

// What a pickle may ask for by name. A pickle is a program that can call anything; this is the
// complete list of what it can call here. Each of these builds a value and does nothing else.

// The class, function or dtype `module`.`name`. Throws Error, naming it, when it is not listed.
Pickle::Index pickle_global(Pickle& pickle, std::string_view module, std::string_view name);

// The result of calling `callable` with a tuple of arguments.
Pickle::Index pickle_call(Pickle& pickle, Pickle::Index callable, Pickle::Index arguments);

// Completes an array or a dtype with its state; the state of a dict is its attributes, which are
// dropped.
void pickle_build(Pickle& pickle, Pickle::Index object, Pickle::Index state);

// PyTorch's reference to a storage: ("storage", type, key, device, elements, ...).
Pickle::Index pickle_storage(Pickle& pickle, Pickle::Index reference);

}  // namespace tessera::io
