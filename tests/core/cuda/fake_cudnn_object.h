#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/core/cuda/fake_cudnn.h"

#ifdef TESSERA_CUDNN
namespace tessera::testing {

// An object of the stand-in for cuDNN: what it was given, by the attributes' names.
struct CudnnFakeObject {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  int engine = 0;                                // of engines and their configurations
  std::map<int, std::vector<int64_t>> integers;  // and flags, enumerations
  std::map<int, std::vector<double>> reals;
  std::map<int, std::vector<std::shared_ptr<CudnnFakeObject>>> parts;
  std::map<int, std::vector<void*>> pointers;

  const CudnnFakeObject& part(int name) const { return *parts.at(name).at(0); }
  int64_t integer(int name) const { return integers.at(name).at(0); }
};

// Whether the operations fit together: extents, and that nothing is read before it is written.
bool fits_together(const CudnnFakeObject& graph);

// What computes the graph on these arrays, by their names. Numbers passed by value are read now.
std::function<void()> work_of(const CudnnFakeObject& graph, std::map<int64_t, void*> arrays);

}  // namespace tessera::testing
#endif
