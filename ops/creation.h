#pragma once

#include <optional>
#include <source_location>

#include "core/tensor.h"

namespace tessera {

// Tensors of known values. They take no memory until they are stored: inside an expression they are
// computed where they are used. They are constants, for which no gradient can be asked;
// variable(zeros(shape)) can be trained. Names and arguments are those of torch.

Tensor zeros(const Shape& shape, DType dtype = f32,
             const std::source_location& where = std::source_location::current());
Tensor ones(const Shape& shape, DType dtype = f32,
            const std::source_location& where = std::source_location::current());

// Every element is `value`, a number or a 0-dimensional tensor, whose dtype the result has if none
// is given (a floating number gives f32, an integer i64, a truth value bool).
Tensor full(const Shape& shape, const Operand& value, std::optional<DType> dtype = std::nullopt);

// The same with the shape and, if none is given, the dtype of x.
Tensor zeros_like(const Operand& x, std::optional<DType> dtype = std::nullopt);
Tensor ones_like(const Operand& x, std::optional<DType> dtype = std::nullopt);
Tensor full_like(const Operand& x, const Operand& value, std::optional<DType> dtype = std::nullopt);

// start, start + step, ... before end: ceil((end - start) / step) numbers, [K]. Without a dtype,
// i64 when all three are integers, else f32; floating values are computed in f64.
// Throws Error when step is 0 or leads away from end.
Tensor arange(const Operand& start, const Operand& end, const Operand& step = 1,
              std::optional<DType> dtype = std::nullopt);
Tensor arange(const Operand& end, std::optional<DType> dtype = std::nullopt);  // from 0

// `steps` numbers at equal distances from start to end, both included, [steps].
Tensor linspace(double start, double end, int64_t steps, DType dtype = f32,
                const std::source_location& where = std::source_location::current());

// Ones on the diagonal of an [n, m] matrix of zeros; [n, n] without m.
Tensor eye(int64_t n, std::optional<int64_t> m = std::nullopt, DType dtype = f32,
           const std::source_location& where = std::source_location::current());

}  // namespace tessera
