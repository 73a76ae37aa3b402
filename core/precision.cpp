#include "core/precision.h"

namespace tessera {

static thread_local bool strict_now = false;

StrictF32::StrictF32() : Scoped(strict_now, true) {}

bool strict_f32() {
  return strict_now;
}

}  // namespace tessera
