#pragma once

namespace tessera {

// Matrix products and convolutions of f32 on a GPU round their inputs to TF32, which has the
// exponents of f32 and 10 bits of fraction, and add in f32: several times as fast. While a
// StrictF32 is alive, what the thread evaluates keeps all 24 bits: `StrictF32 strict;`. Processors
// always do.
class StrictF32 {
 public:
  StrictF32();
  ~StrictF32();
  StrictF32(const StrictF32&) = delete;
  StrictF32& operator=(const StrictF32&) = delete;

 private:
  bool saved_;
};

bool strict_f32();

}  // namespace tessera
