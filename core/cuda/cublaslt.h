#pragma once

#include "core/cuda/products.h"

#ifdef TESSERA_CUDA
#include <cublasLt.h>

namespace tessera::cuda {

// The functions of cuBLASLt that are used; tests put others in their place.
#define TESSERA_CUBLASLT_FUNCTIONS(F)     \
  F(cublasLtGetStatusString)              \
  F(cublasLtCreate)                       \
  F(cublasLtDestroy)                      \
  F(cublasLtMatmulDescCreate)             \
  F(cublasLtMatmulDescDestroy)            \
  F(cublasLtMatmulDescSetAttribute)       \
  F(cublasLtMatrixLayoutCreate)           \
  F(cublasLtMatrixLayoutDestroy)          \
  F(cublasLtMatrixLayoutSetAttribute)     \
  F(cublasLtMatmulPreferenceCreate)       \
  F(cublasLtMatmulPreferenceDestroy)      \
  F(cublasLtMatmulPreferenceSetAttribute) \
  F(cublasLtMatmulAlgoGetHeuristic)       \
  F(cublasLtMatmul)

struct CublasLtApi {
#define TESSERA_POINTER(name) decltype(&::name) name = nullptr;
  TESSERA_CUBLASLT_FUNCTIONS(TESSERA_POINTER)
#undef TESSERA_POINTER
};

std::unique_ptr<MatrixProducts> make_matrix_products(const CublasLtApi& api);

}  // namespace tessera::cuda
#endif
