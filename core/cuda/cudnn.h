#pragma once

#include "core/cuda/cudnn_graph.h"

#ifdef TESSERA_CUDNN
namespace tessera::cuda {

// Plans for these, whatever their arrays are; null where cuDNN has no algorithm.
Cudnn::Plan plan_of(const Cudnn& cudnn, const Convolution& convolution);
Cudnn::Plan plan_of(const Cudnn& cudnn, const Attention& attention);

// By those functions.
std::unique_ptr<Convolutions> make_convolutions(const CudnnApi& api);
std::unique_ptr<Attentions> make_attentions(const CudnnApi& api);

}  // namespace tessera::cuda
#endif
