#include "core/cuda/stream.h"

#include <fmt/core.h>

#include "core/error.h"

namespace tessera::cuda {

Stream::Scratch::Scratch(Stream& stream, int64_t bytes)
    : pool_(stream.pool_), data_(pool_.take(bytes, capacity_)) {
  require(data_ != nullptr,
          "memory: the GPU could not give {} bytes for intermediate results, {} are in use; use "
          "smaller batches or checkpoint(fn, args)",
          bytes, pool_.live());
  if (stream.noted_) stream.noted_->push_back({data_, capacity_});
}

MatrixProducts* Stream::products() {
  struct Idle final : MatrixProducts {
    bool run(Stream&, const MatrixProduct&) override { return true; }
  };
  static Idle idle;
  return rehearsing_ && products_.get() ? &idle : products_.get();
}

Convolutions* Stream::convolutions() {
  struct Idle final : Convolutions {
    bool run(Stream&, const Convolution&) override { return true; }
  };
  static Idle idle;
  return rehearsing_ && convolutions_.get() ? &idle : convolutions_.get();
}

Attentions* Stream::attentions() {
  struct Idle final : Attentions {
    bool run(Stream&, const Attention&) override { return true; }
  };
  static Idle idle;
  return rehearsing_ && attentions_.get() ? &idle : attentions_.get();
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
  if (rehearsing_) {
    kernels_.request(text);
    return;
  }
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
