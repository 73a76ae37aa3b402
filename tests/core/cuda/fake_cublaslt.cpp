#include "tests/core/cuda/fake_cublaslt.h"

#include <cstring>

#include <fmt/core.h>

#include "core/cuda/cublaslt.h"
#include "tests/core/cuda/host_gpu.h"

namespace tessera::testing {

FakeCublasLt& fake_cublaslt() {
  static FakeCublasLt state;
  return state;
}

#ifdef TESSERA_CUDA

namespace {

// The library's types stand for pointers to these.
struct Product {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
};
struct Layout {
  cudaDataType type;
  int64_t rows, columns, step_of_columns;
  int32_t batch = 1;
  int64_t step = 0;
};
struct Preference {
  uint64_t workspace = 0;
  uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  uint32_t alignment[4] = {256, 256, 256, 256};
};

template <class T, class Raw>
T& as(Raw* raw) {
  return *reinterpret_cast<T*>(raw);
}
template <class T, class Raw>
const T& as(const Raw* raw) {
  return *reinterpret_cast<const T*>(raw);
}

template <class T, class Raw, class... Values>
cublasStatus_t make(Raw* place, Values... values) {
  ++fake_cublaslt().objects;
  *place = reinterpret_cast<Raw>(new T{values...});
  return CUBLAS_STATUS_SUCCESS;
}
template <class T, class Raw>
cublasStatus_t destroy(Raw raw) {
  --fake_cublaslt().objects;
  delete reinterpret_cast<T*>(raw);
  return CUBLAS_STATUS_SUCCESS;
}
template <class T>
cublasStatus_t copy(T& place, const void* value, size_t bytes) {
  if (bytes != sizeof place) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&place, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

const char* status_string(cublasStatus_t) {
  return "an error";
}
cublasStatus_t create(cublasLtHandle_t* handle) {
  return make<int>(handle, 7);
}
cublasStatus_t product_create(cublasLtMatmulDesc_t* raw, cublasComputeType_t compute,
                              cudaDataType_t scale) {
  return make<Product>(raw, compute, scale);
}
cublasStatus_t product_set(cublasLtMatmulDesc_t raw, cublasLtMatmulDescAttributes_t name,
                           const void* value, size_t bytes) {
  auto& product = as<Product>(raw);
  if (name == CUBLASLT_MATMUL_DESC_TRANSA) return copy(product.a, value, bytes);
  if (name == CUBLASLT_MATMUL_DESC_TRANSB) return copy(product.b, value, bytes);
  return CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t layout_create(cublasLtMatrixLayout_t* raw, cudaDataType type, uint64_t rows,
                             uint64_t columns, int64_t step) {
  if (rows == 0 || columns == 0 || step < static_cast<int64_t>(rows))
    return CUBLAS_STATUS_INVALID_VALUE;
  return make<Layout>(raw, type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), step);
}
cublasStatus_t layout_set(cublasLtMatrixLayout_t raw, cublasLtMatrixLayoutAttribute_t name,
                          const void* value, size_t bytes) {
  auto& layout = as<Layout>(raw);
  if (name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return copy(layout.batch, value, bytes);
  if (name == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) return copy(layout.step, value, bytes);
  return CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t preference_create(cublasLtMatmulPreference_t* raw) {
  return make<Preference>(raw);
}
cublasStatus_t preference_set(cublasLtMatmulPreference_t raw,
                              cublasLtMatmulPreferenceAttributes_t name, const void* value,
                              size_t bytes) {
  auto& preference = as<Preference>(raw);
  if (name == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
    return copy(preference.workspace, value, bytes);
  if (name == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
    return copy(preference.reductions, value, bytes);
  const int which = name - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
  if (which < 0 || which > 3) return CUBLAS_STATUS_NOT_SUPPORTED;
  return copy(preference.alignment[which], value, bytes);
}

const char* name_of(const Product& product) {
  return product.compute == CUBLAS_COMPUTE_64F             ? "F64"
         : product.compute == CUBLAS_COMPUTE_32F_FAST_TF32 ? "TF32"
                                                           : "F32";
}

// Extents of a column-major product; false where the layouts do not fit.
bool extents(const Product& p, const Layout& a, const Layout& b, const Layout& c, int64_t& inner) {
  const bool turned_a = p.a == CUBLAS_OP_T, turned_b = p.b == CUBLAS_OP_T;
  inner = turned_a ? a.rows : a.columns;
  return (turned_b ? b.columns : b.rows) == inner && (turned_a ? a.columns : a.rows) == c.rows &&
         (turned_b ? b.rows : b.columns) == c.columns && a.batch == c.batch && b.batch == c.batch &&
         a.type == b.type && a.type == c.type &&
         (p.compute == CUBLAS_COMPUTE_64F) == (a.type == CUDA_R_64F);
}

cublasStatus_t find(cublasLtHandle_t, cublasLtMatmulDesc_t product, cublasLtMatrixLayout_t a,
                    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                    cublasLtMatmulPreference_t preference, int count,
                    cublasLtMatmulHeuristicResult_t* results, int* found) {
  const auto& rows = as<Layout>(c);
  int64_t inner = 0;
  if (!extents(as<Product>(product), as<Layout>(a), as<Layout>(b), rows, inner) || c != d ||
      count != 1 ||
      (as<Preference>(preference).reductions & CUBLASLT_REDUCTION_SCHEME_INPLACE) != 0)
    return CUBLAS_STATUS_INVALID_VALUE;
  fake_cublaslt().calls.push_back(fmt::format("find {}x{}x{} {}", rows.rows, rows.columns, inner,
                                              name_of(as<Product>(product))));
  *found = fake_cublaslt().knows_one ? 1 : 0;
  results[0] = {};
  results[0].workspaceSize = std::min<size_t>(4096, as<Preference>(preference).workspace);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T, class A>
void compute(const Product& p, const Layout& la, const Layout& lb, const Layout& lc, int64_t inner,
             const void* a, const void* b, void* c) {
  const auto element = [](const void* data, const Layout& layout, int64_t n, bool turned, int64_t i,
                          int64_t j) {
    return static_cast<A>(static_cast<const T*>(
        data)[n * layout.step + (turned ? i : j) * layout.step_of_columns + (turned ? j : i)]);
  };
  for (int64_t n = 0; n < lc.batch; ++n) {
    for (int64_t j = 0; j < lc.columns; ++j) {
      for (int64_t i = 0; i < lc.rows; ++i) {
        double sum = 0;
        for (int64_t k = 0; k < inner; ++k)
          sum += static_cast<double>(element(a, la, n, p.a == CUBLAS_OP_T, i, k)) *
                 static_cast<double>(element(b, lb, n, p.b == CUBLAS_OP_T, k, j));
        static_cast<T*>(c)[n * lc.step + j * lc.step_of_columns + i] =
            static_cast<T>(static_cast<A>(sum));
      }
    }
  }
}

cublasStatus_t run(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha, const void* a,
                   cublasLtMatrixLayout_t la, const void* b, cublasLtMatrixLayout_t lb,
                   const void* beta, const void* c, cublasLtMatrixLayout_t lc, void* d,
                   cublasLtMatrixLayout_t ld, const cublasLtMatmulAlgo_t* algorithm,
                   void* workspace, size_t bytes, cudaStream_t stream) {
  const auto& p = as<Product>(product);
  const bool wide = p.scale == CUDA_R_64F;
  const double one = wide ? *static_cast<const double*>(alpha) : *static_cast<const float*>(alpha),
               zero = wide ? *static_cast<const double*>(beta) : *static_cast<const float*>(beta);
  int64_t inner = 0;
  if (one != 1 || zero != 0 || c != d || lc != ld || !algorithm || !workspace || bytes != 4096 ||
      !extents(p, as<Layout>(la), as<Layout>(lb), as<Layout>(lc), inner))
    return CUBLAS_STATUS_INVALID_VALUE;
  fake_cublaslt().calls.push_back(fmt::format("run batch {}", as<Layout>(lc).batch));
  const auto with = [&](auto f) {
    HostDriver::of(stream).in_stream([=, p = p, la = as<Layout>(la), lb = as<Layout>(lb),
                                      lc = as<Layout>(lc)] { f(p, la, lb, lc, inner, a, b, d); });
    return CUBLAS_STATUS_SUCCESS;
  };
  switch (as<Layout>(lc).type) {
    case CUDA_R_64F:
      return with(compute<double, double>);
    case CUDA_R_32F:
      return with(compute<float, float>);
    case CUDA_R_16F:
      return with(compute<Half, float>);
    case CUDA_R_16BF:
      return with(compute<BFloat16, float>);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

}  // namespace

std::unique_ptr<cuda::MatrixProducts> open_fake_cublaslt() {
  cuda::CublasLtApi api;
  api.cublasLtGetStatusString = status_string;
  api.cublasLtCreate = create;
  api.cublasLtDestroy = destroy<int, cublasLtHandle_t>;
  api.cublasLtMatmulDescCreate = product_create;
  api.cublasLtMatmulDescDestroy = destroy<Product, cublasLtMatmulDesc_t>;
  api.cublasLtMatmulDescSetAttribute = product_set;
  api.cublasLtMatrixLayoutCreate = layout_create;
  api.cublasLtMatrixLayoutDestroy = destroy<Layout, cublasLtMatrixLayout_t>;
  api.cublasLtMatrixLayoutSetAttribute = layout_set;
  api.cublasLtMatmulPreferenceCreate = preference_create;
  api.cublasLtMatmulPreferenceDestroy = destroy<Preference, cublasLtMatmulPreference_t>;
  api.cublasLtMatmulPreferenceSetAttribute = preference_set;
  api.cublasLtMatmulAlgoGetHeuristic = find;
  api.cublasLtMatmul = run;
  return cuda::make_matrix_products(api);
}

#else

std::unique_ptr<cuda::MatrixProducts> open_fake_cublaslt() {
  return nullptr;
}

#endif

}  // namespace tessera::testing
