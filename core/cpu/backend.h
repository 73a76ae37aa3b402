#pragma once

#include "core/backend.h"

namespace tessera::cpu {

// The processor: everything is done at once, programs by the tile interpreter.
Backend& backend();

}  // namespace tessera::cpu
