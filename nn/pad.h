#pragma once

#include <vector>

#include "nn/module.h"
#include "ops/pad.h"

namespace tessera::nn {

// What the padding layers share: x [N, C, spatial...], or without N, with elements added at the
// ends of its spatial axes. Constructors take one number for all ends, or as torch a pair {before,
// after} for each axis, the last axis first; negative numbers crop. They throw Error when there are
// not as many.
struct PadNd : Module {
  std::vector<int64_t> padding;  // a pair for each axis, the last axis first
  PadOptions options;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  PadNd(const char* name, int axes, const std::vector<int64_t>& padding, const PadOptions& options);

 private:
  const char* class_;
};

// Zeros; the elements mirrored at the last one; the last one; those of the other end. Same as
// torch.nn.ZeroPad1d, ReflectionPad1d, ReplicationPad1d, CircularPad1d, and so for 2d and 3d.
#define TESSERA_PAD_MODULES(X) \
  X(ZeroPad, constant)         \
  X(ReflectionPad, reflect)    \
  X(ReplicationPad, replicate) \
  X(CircularPad, circular)

#define TESSERA_MODULE(Name, axes, how)                            \
  struct Name : PadNd {                                            \
    explicit Name(int64_t padding) : Name(std::vector{padding}) {} \
    explicit Name(const std::vector<int64_t>& padding)             \
        : PadNd(#Name, axes, padding, {.mode = PadMode::how}) {}   \
  };
#define TESSERA_MODULES(Name, how) \
  TESSERA_MODULE(Name##1d, 1, how) \
  TESSERA_MODULE(Name##2d, 2, how) \
  TESSERA_MODULE(Name##3d, 3, how)
TESSERA_PAD_MODULES(TESSERA_MODULES)
#undef TESSERA_MODULES
#undef TESSERA_MODULE

// The number `value`. Same as torch.nn.ConstantPad1d, ConstantPad2d, ConstantPad3d.
#define TESSERA_CONSTANT_PAD_MODULES(X) \
  X(ConstantPad1d, 1)                   \
  X(ConstantPad2d, 2)                   \
  X(ConstantPad3d, 3)

#define TESSERA_MODULE(Name, axes)                                                    \
  struct Name : PadNd {                                                               \
    Name(int64_t padding, double value) : Name(std::vector{padding}, value) {}        \
    Name(const std::vector<int64_t>& padding, double value)                           \
        : PadNd(#Name, axes, padding, {.mode = PadMode::constant, .value = value}) {} \
  };
TESSERA_CONSTANT_PAD_MODULES(TESSERA_MODULE)
#undef TESSERA_MODULE

}  // namespace tessera::nn
