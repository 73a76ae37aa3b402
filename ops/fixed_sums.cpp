#include "ops/fixed_sums.h"

#include <algorithm>

#include <fmt/core.h>

namespace tessera::detail {

FixedSums::FixedSums(cuda::Stream& stream, int64_t n, const Array& values, int64_t addends,
                     double factor)
    : stream_(stream),
      memory_(stream.scratch((n + 1) * size_of(i64))),
      sums_{.n = n,
            .addends = std::max<int64_t>(1, addends),
            .factor = factor,
            .values = values.data,
            .count = values.numel(),
            .greatest = reinterpret_cast<uint64_t*>(memory_.data())} {
  launch("clear", cuda::blocks_for(n + 1));
  launch(fmt::format("find_greatest<{}>", cuda::c_type(values.dtype)),
         {(sums_.count + 4095) / 4096});
}

void FixedSums::finish(const Array& result, const void* base) {
  sums_.base = base;
  sums_.result = result.data;
  launch(fmt::format("finish<{}>", cuda::c_type(result.dtype)), cuda::blocks_for(sums_.n));
}

void FixedSums::launch(const std::string& kernel, cuda::Blocks blocks) {
  stream_.launch("ops/fixed_sums.cu.inc", "cuda::fixed_sums::" + kernel, blocks, sums_);
}

}  // namespace tessera::detail
