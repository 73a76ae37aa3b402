#include "core/precision.h"

namespace tessera {

static thread_local bool strict_now = false;

StrictF32::StrictF32() : saved_(strict_now) {
  strict_now = true;
}

StrictF32::~StrictF32() {
  strict_now = saved_;
}

bool strict_f32() {
  return strict_now;
}

}  // namespace tessera
