#pragma once

#include "core/cuda/products.h"

#ifdef TESSERA_CUDNN
#include <cudnn.h>

namespace tessera::cuda {

// The functions of cuDNN's graph interface that are used; tests put others in their place.
#define TESSERA_CUDNN_FUNCTIONS(F) \
  F(cudnnGetErrorString)           \
  F(cudnnCreate)                   \
  F(cudnnDestroy)                  \
  F(cudnnSetStream)                \
  F(cudnnBackendCreateDescriptor)  \
  F(cudnnBackendDestroyDescriptor) \
  F(cudnnBackendSetAttribute)      \
  F(cudnnBackendGetAttribute)      \
  F(cudnnBackendFinalize)          \
  F(cudnnBackendExecute)

struct CudnnApi {
#define TESSERA_POINTER(name) decltype(&::name) name = nullptr;
  TESSERA_CUDNN_FUNCTIONS(TESSERA_POINTER)
#undef TESSERA_POINTER
};

std::unique_ptr<Convolutions> make_convolutions(const CudnnApi& api);

}  // namespace tessera::cuda
#endif
