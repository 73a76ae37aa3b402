#pragma once

#include "core/tensor.h"

namespace tessera {

// Products of matrices and vectors. All take tensors of one dtype, floating or integer (integers
// wrap around), and sum in the order of the inner axis in blocks, so that the result does not
// depend on the number of threads. Halves are multiplied exactly, summed in f32 and rounded once.
// They throw Error when a rank, a dtype or an inner extent does not fit.

// For matmul: read the last two axes of an argument swapped, without copying it.
struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;
};

// The matrix product with the conventions of torch.matmul. Two vectors [k] give their dot product;
// a vector stands for one row (a) or one column (b), whose axis is left out of the result; leading
// axes are a batch and broadcast:  [..., m, k] x [..., k, n] gives [..., m, n].
Tensor matmul(const Operand& a, const Tensor& b, const MatmulOptions& options = {});

Tensor mm(const Operand& a, const Tensor& b);     // [m, k] x [k, n]; same as torch.mm
Tensor bmm(const Operand& a, const Tensor& b);    // [B, m, k] x [B, k, n]; same as torch.bmm
Tensor mv(const Operand& a, const Tensor& b);     // [m, k] x [k]; same as torch.mv
Tensor dot(const Operand& a, const Tensor& b);    // [k] x [k]; same as torch.dot
Tensor outer(const Operand& a, const Tensor& b);  // [m], [n] -> [m, n]; same as torch.outer

// y = x weight^T + bias. x [..., in], weight [out, in] or [in] for one output without an axis,
// bias [out] or undefined for none; returns [..., out]. Same as torch.nn.functional.linear.
Tensor linear(const Operand& x, const Tensor& weight, const Tensor& bias = {});

// beta input + alpha (a b), where input broadcasts to the matrix [m, n]. With beta = 0 input is not
// read, so that its nan and inf do not spread. Same as torch.addmm.
struct AddmmOptions {
  double beta = 1, alpha = 1;
};
Tensor addmm(const Operand& input, const Tensor& a, const Tensor& b,
             const AddmmOptions& options = {});

}  // namespace tessera
