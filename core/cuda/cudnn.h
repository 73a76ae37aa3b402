#pragma once

#include "core/cuda/cudnn_graph.h"

#ifdef TESSERA_CUDNN
namespace tessera::cuda {

// By those functions.
std::unique_ptr<Convolutions> make_convolutions(const CudnnApi& api);

}  // namespace tessera::cuda
#endif
