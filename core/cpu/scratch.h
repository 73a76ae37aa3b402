#pragma once

#include "core/buffer.h"

namespace tessera::cpu {

// Memory of the pool for `count` elements, not initialised, for as long as this lives.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : memory_(allocate(count * static_cast<int64_t>(sizeof(T)))) {}
  T* data() const { return reinterpret_cast<T*>(memory_->data); }

 private:
  Ref<Buffer> memory_;
};

}  // namespace tessera::cpu
