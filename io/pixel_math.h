#pragma once

#include <cstdint>
#include <span>

namespace tessera::io {

// Functions of every pixel that need more than a multiplication, in vector instructions. They give
// the same bits on every processor; errors are below 1e-6 of the result, of normal numbers below
// 1e-5.

// x becomes ((x - low) scale) ^ power factor + offset, with the base clipped to [0, 1].
void power_(std::span<float> x, float low, float scale, float power, float factor, float offset);

// x becomes x e^(exponent), of which there are as many.
void multiply_by_exp_(std::span<float> x, std::span<const float> exponent);

// x becomes x + strength n, with normal numbers n (mean 0, standard deviation 1) that depend on the
// key and the place of x alone.
void add_normal_(std::span<float> x, float strength, uint64_t key);

}  // namespace tessera::io
