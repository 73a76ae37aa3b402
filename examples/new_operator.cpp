// Writes an operator with a kernel and a gradient of its own, and checks it with finite
// differences: the softened maximum of each row, log(sum(exp(x))).
//
//   ./new_operator
//
// Expected: both checks pass, and the program returns 0.

#include <algorithm>
#include <cmath>
#include <iostream>

#include "autograd/gradcheck.h"
#include "core/cpu/parallel.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/unary.h"

using namespace tessera;

// How it is computed: once for each row of a dense, row-major matrix of f64.
class RowLogSumExp final : public KernelOp {
 public:
  std::string_view name() const override { return "row_logsumexp"; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    const int64_t rows = inputs[0].shape[0], columns = inputs[0].shape[1];
    cpu::parallel_for(rows, output.numel() * columns < 4096, [&](int64_t row) {
      const double* x = inputs[0].as<double>() + row * columns;
      const double largest = *std::max_element(x, x + columns);  // keeps exp from overflowing
      double sum = 0;
      for (int64_t i = 0; i < columns; ++i) sum += std::exp(x[i] - largest);
      output.as<double>()[row] = largest + std::log(sum);
    });
  }

  // dx from x, y and dy, with public operators: so gradients of any order follow.
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    return {unsqueeze(dy, 1) * exp(x[0] - unsqueeze(y, 1))};
  }
};

// What users call. x [N, C] f64, C >= 1; returns [N].
Tensor row_logsumexp(const Operand& x) {
  static const RowLogSumExp op;
  const Call call("row_logsumexp", x.where);
  require(x.ndim() == 2 && x.shape(1) > 0 && x.dtype() == f64,
          "row_logsumexp: x must be [N, C] f64 with C >= 1, got {} {}", x.shape(), x.dtype());
  return make_node(static_op(op), {x}, {x.shape(0)}, f64);
}

int main() {
  const auto f = [](const Tensors& x) { return row_logsumexp(x[0]); };
  const GradcheckResult first = gradcheck(f, {randn({3, 5}, f64)});
  const GradcheckResult second = gradgradcheck(f, {randn({3, 5}, f64)});
  std::cout << first.report << "\n" << second.report << "\n";
  return first && second ? 0 : 1;
}
