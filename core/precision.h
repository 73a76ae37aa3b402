#pragma once

#include "core/settings.h"

namespace tessera {

// Matrix products and convolutions of f32 on a GPU round their inputs to TF32, which has the
// exponents of f32 and 10 bits of fraction, and add in f32: several times as fast. While a
// StrictF32 is alive, what the thread evaluates keeps all 24 bits: `StrictF32 strict;`. Processors
// always do.
class StrictF32 : Scoped<bool> {
 public:
  StrictF32();
};

bool strict_f32();

}  // namespace tessera
