#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/cuda/cudnn.h"

namespace tessera::testing {

// cuDNN's graph interface on a GPU that is the processor: its objects keep the attributes they are
// given, wrong use is an error status, and a plan computes what its graph describes, operation by
// operation, by strides. Null where tessera was built without cuDNN.
std::unique_ptr<cuda::Convolutions> open_fake_cudnn();
std::unique_ptr<cuda::Attentions> open_fake_cudnn_attention();

#ifdef TESSERA_CUDNN
cuda::CudnnApi fake_cudnn_api();
#endif

struct FakeCudnn {
  std::vector<std::string> calls;  // such as "graph 2 mode 0", "engine 1", "run"
  bool fuses = true;               // has an algorithm for graphs with a bias
  bool knows_one = true;           // has one for a convolution alone
  bool attends = true;             // has one for attention
  bool stops = false;              // takes plans and does not run them
  bool computes = true;            // else only notes where the arrays are, in `given`
  int refused = -1;                // objects of this type
  int version = 0;                 // 0: that of the headers
  int objects = 0;                 // not destroyed
  std::vector<std::map<int64_t, const char*>> given;
};
FakeCudnn& fake_cudnn();

}  // namespace tessera::testing
