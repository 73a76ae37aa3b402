#pragma once

#include <source_location>

#include "core/random.h"
#include "core/tensor.h"

namespace tessera {

// Random tensors, reproducible from manual_seed: equal for any number of threads, lazy or eager,
// fused or not. Each call makes new numbers; a tensor, once made, has the same ones for ever, also
// where it is computed twice. Names and arguments are those of torch, the numbers are not.

// Uniform in [0, 1), a multiple of 2^-24 (f64: 2^-53, f16: 2^-11, bf16: 2^-8), of floating dtype.
Tensor rand(const Shape& shape, DType dtype = f32,
            const std::source_location& where = std::source_location::current());

// Normal with mean 0 and variance 1, of floating dtype.
Tensor randn(const Shape& shape, DType dtype = f32,
             const std::source_location& where = std::source_location::current());

// Whole numbers in [low, high), each equally likely (to within (high - low) / 2^64).
// Throws Error when low >= high or dtype does not hold them.
Tensor randint(int64_t low, int64_t high, const Shape& shape, DType dtype = i64,
               const std::source_location& where = std::source_location::current());

// The numbers 0 ... n - 1 in random order, [n].
Tensor randperm(int64_t n, DType dtype = i64,
                const std::source_location& where = std::source_location::current());

// 1 with probability p and 0 otherwise, of the shape and dtype of p: probabilities in [0, 1].
Tensor bernoulli(const Operand& p);

}  // namespace tessera
