#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cuda/cudnn.h"

namespace tessera::testing {

// cuDNN's graph interface on a GPU that is the processor: its objects keep the attributes they are
// given, wrong use is an error status, and a plan computes the convolution that its graph
// describes, by strides. Null where tessera was built without cuDNN.
std::unique_ptr<cuda::Convolutions> open_fake_cudnn();

#ifdef TESSERA_CUDNN
cuda::CudnnApi fake_cudnn_api();
#endif

struct FakeCudnn {
  std::vector<std::string> calls;  // such as "graph 2 mode 0", "engine 1", "run"
  bool fuses = true;               // has an algorithm for graphs with a bias
  bool knows_one = true;           // has one for a convolution alone
  int objects = 0;                 // not destroyed
};
FakeCudnn& fake_cudnn();

}  // namespace tessera::testing
