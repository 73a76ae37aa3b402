#pragma once

#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/fixed_sums.cu.inc"

namespace tessera::detail {

// Sums on a GPU into elements that any thread may reach: ops/fixed_sums.cu.inc. A kernel that is
// launched between the constructor and `finish` adds to sums().
class FixedSums {
 public:
  // n sums, each of up to `addends` products of a value and a factor that is at most `factor`.
  FixedSums(cuda::Stream& stream, int64_t n, const Array& values, int64_t addends,
            double factor = 1);

  const cuda::fixed_sums::Sums& sums() const { return sums_; }

  // result = base + the sums; no base means 0.
  void finish(const Array& result, const void* base = nullptr);

 private:
  void launch(const std::string& kernel, cuda::Blocks blocks);

  cuda::Stream& stream_;
  const cuda::Stream::Scratch memory_;
  cuda::fixed_sums::Sums sums_;
};

}  // namespace tessera::detail
