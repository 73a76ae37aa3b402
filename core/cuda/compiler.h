#pragma once

#include <memory>
#include <span>
#include <string>

namespace tessera::cuda {

// A header of this project that texts of kernels may include.
struct Source {
  const char* name;  // "core/cuda/kernel.h"
  const char* text;
};

// Those headers: all *_functions.h, and what they include. Their text is part of the library.
std::span<const Source> kernel_sources();

// Makes code for a GPU from text: the seam to NVRTC.
class Compiler {
 public:
  virtual ~Compiler() = default;

  // Another version makes other code.
  virtual std::string version() const = 0;

  // The code for GPUs of that architecture (90 for compute capability 9.0). Throws Error with the
  // compiler's messages if there are any.
  virtual std::string compile(const std::string& text, int architecture) const = 0;
};

// NVRTC, loaded now. Throws Error when it is not installed.
std::unique_ptr<Compiler> open_nvrtc();

}  // namespace tessera::cuda
