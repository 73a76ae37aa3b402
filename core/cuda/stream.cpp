#include "core/cuda/stream.h"

#include <fmt/core.h>

#include "core/error.h"

namespace tessera::cuda {

Stream::Scratch::Scratch(Pool& pool, int64_t bytes)
    : pool_(pool), data_(pool.take(bytes, capacity_)) {
  require(data_ != nullptr,
          "memory: the GPU could not give {} bytes for intermediate results, {} are in use; use "
          "smaller batches or checkpoint(fn, args)",
          bytes, pool.live());
}

void Stream::launch(std::string_view file, std::string_view kernel, Blocks blocks,
                    const void* parameters, size_t bytes) {
  if (blocks.x == 0 || blocks.y == 0) return;
  require(blocks.x < (int64_t{1} << 31) && blocks.y < (1 << 16),
          "cuda: {} must have less than 2^31 by 2^16 blocks, got {} by {}; use smaller tensors",
          kernel, blocks.x, blocks.y);
  const std::string text = fmt::format(
      "#include \"{}\"\n"
      "using namespace tessera;\n"
      "using A = decltype(parameters_of({}));\n"
      "TESSERA_KERNEL(tessera_program, A) {{\n"
      "  {}(a);\n"
      "}}\n",
      file, kernel, kernel);
  Launch all;
  all.function = kernels_.find(text).program;
  all.blocks_x = static_cast<unsigned>(blocks.x);
  all.blocks_y = static_cast<unsigned>(blocks.y);
  all.threads = kThreads;
  all.parameters = parameters;
  all.parameter_bytes = bytes;
  driver_.launch(all);
}

}  // namespace tessera::cuda
