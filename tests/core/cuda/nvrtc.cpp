#include "tests/core/cuda/nvrtc.h"

#include "core/error.h"

namespace tessera::testing {

const cuda::Compiler* installed_nvrtc() {
  static const std::unique_ptr<cuda::Compiler> compiler = [] {
    try {
      return cuda::open_nvrtc();
    } catch (const Error&) {
      return std::unique_ptr<cuda::Compiler>();
    }
  }();
  return compiler.get();
}

}  // namespace tessera::testing
