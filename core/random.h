#pragma once

#include <cstdint>

#include "core/scalar.h"

namespace tessera {

// Random numbers are a function of (seed, number of the random tensor since manual_seed, position
// of the element), so they do not depend on the device, the number of threads, or on what is
// evaluated when and in which order.

// Philox4x32-10: encrypts a 128-bit counter with a 64-bit key into four independent, uniform words.
// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
struct Philox {
  uint32_t word[4];

  TESSERA_INLINE Philox(uint64_t key, uint64_t counter_low, uint64_t counter_high) {
    Word w0 = lower(counter_low), w1 = lower(counter_low >> 32);
    Word w2 = lower(counter_high), w3 = lower(counter_high >> 32);
    uint32_t k0 = lower(key), k1 = lower(key >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = uint64_t{0xD2511F53} * w0, b = uint64_t{0xCD9E8D57} * w2;
      w0 = lower(b >> 32) ^ w1 ^ k0;
      w1 = lower(b);
      w2 = lower(a >> 32) ^ w3 ^ k1;
      w3 = lower(a);
      k0 += 0x9E3779B9;  // golden ratio
      k1 += 0xBB67AE85;  // sqrt(3) - 1
    }
    word[0] = lower(w0);
    word[1] = lower(w1);
    word[2] = lower(w2);
    word[3] = lower(w3);
  }

 private:
  // A word between two rounds. A loop over elements becomes vector instructions, which multiply
  // whole 64-bit words where they can; elsewhere the compiler has better ways to multiply 32-bit
  // ones.
#ifdef __AVX512DQ__
  using Word = uint64_t;
#else
  using Word = uint32_t;
#endif
  TESSERA_INLINE static uint32_t lower(uint64_t value) {
    return static_cast<uint32_t>(value);
  }
};

// Where the generator of this process stands. Saved and restored, it continues the same numbers.
struct RandomState {
  uint64_t seed = 0;
  uint64_t next = 0;  // number of the next random tensor
};

// Starts the random numbers anew. Without it the seed is 0. Same as torch.manual_seed, but not the
// same numbers.
void manual_seed(uint64_t seed);

RandomState random_state();
void set_random_state(const RandomState& state);

// The state, which then moves on to the next tensor. Safe to call from several threads, but then
// which thread gets which number is up to their timing.
RandomState next_random();

}  // namespace tessera
