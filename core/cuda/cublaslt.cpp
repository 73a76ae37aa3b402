#include "core/cuda/cublaslt.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_map>

#include "core/cuda/library.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"

namespace tessera::cuda {

#ifdef TESSERA_CUDA

namespace {

constexpr int64_t kWorkspace = int64_t{32} << 20;  // what Hopper's fastest algorithms ask for

cudaDataType type_of(DType type) {
  return type == f64    ? CUDA_R_64F
         : type == bf16 ? CUDA_R_16BF
         : type == f16  ? CUDA_R_16F
                        : CUDA_R_32F;
}

// The largest power of two up to 256 that an address is a multiple of.
uint32_t alignment_of(const void* pointer) {
  return 1U << std::min(8, std::countr_zero(reinterpret_cast<uintptr_t>(pointer)));
}

class CublasLt final : public MatrixProducts {
 public:
  explicit CublasLt(const CublasLtApi& api) : api_(api) {}
  ~CublasLt() override {
    for (const auto& [key, plan] : plans_) destroy(plan);
    if (handle_) api_.cublasLtDestroy(handle_);
  }
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  bool run(Stream& stream, const MatrixProduct& p) override {
    void* const native = stream.driver().native_stream();
    const Plan& plan = find(p);
    if (!plan.algorithm) return false;
    const float one = 1, zero = 0;
    const double wide_one = 1, wide_zero = 0;
    const bool wide = p.type == f64;
    const Stream::Scratch workspace = stream.scratch(plan.workspace);
    // Row-major matrices are the transposes of column-major ones, and c' = b' a'.
    check(
        api_.cublasLtMatmul(handle_, plan.product, wide ? (const void*)&wide_one : &one, p.b,
                            plan.b, p.a, plan.a, wide ? (const void*)&wide_zero : &zero, p.c,
                            plan.c, p.c, plan.c, &*plan.algorithm, workspace.data(),
                            static_cast<size_t>(plan.workspace), static_cast<cudaStream_t>(native)),
        "cublasLtMatmul");
    return true;
  }

 private:
  struct Plan {
    cublasLtMatmulDesc_t product = nullptr;
    cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
    std::optional<cublasLtMatmulAlgo_t> algorithm;
    int64_t workspace = 0;
  };

  void check(cublasStatus_t status, const char* call) const {
    require(status == CUBLAS_STATUS_SUCCESS, "cuda: {} must succeed, got {}", call,
            api_.cublasLtGetStatusString(status));
  }

  const Plan& find(const MatrixProduct& p) {
    std::string key;
    append_key(key, p.type, p.strict, p.transpose_a, p.transpose_b, p.rows, p.columns, p.inner,
               p.batch, p.step_a, p.step_b, alignment_of(p.a), alignment_of(p.b),
               alignment_of(p.c));
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    if (!handle_) check(api_.cublasLtCreate(&handle_), "cublasLtCreate");
    return plans_.emplace(key, make(p)).first->second;
  }

  // A matrix stored row-major with `rows` rows, as its column-major transpose.
  cublasLtMatrixLayout_t layout(const MatrixProduct& p, int64_t rows, int64_t columns,
                                int64_t step) const {
    cublasLtMatrixLayout_t made = nullptr;
    check(api_.cublasLtMatrixLayoutCreate(&made, type_of(p.type), static_cast<uint64_t>(columns),
                                          static_cast<uint64_t>(rows), columns),
          "cublasLtMatrixLayoutCreate");
    const auto set = [&](cublasLtMatrixLayoutAttribute_t name, const auto& value) {
      check(api_.cublasLtMatrixLayoutSetAttribute(made, name, &value, sizeof value),
            "cublasLtMatrixLayoutSetAttribute");
    };
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(p.batch));
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, step);
    return made;
  }

  Plan make(const MatrixProduct& p) const {
    Plan plan;
    const cublasComputeType_t compute = p.type == f64                ? CUBLAS_COMPUTE_64F
                                        : p.type == f32 && !p.strict ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                                     : CUBLAS_COMPUTE_32F;
    check(api_.cublasLtMatmulDescCreate(&plan.product, compute,
                                        p.type == f64 ? CUDA_R_64F : CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    const auto transpose = [&](cublasLtMatmulDescAttributes_t which, bool flag) {
      const cublasOperation_t operation = flag ? CUBLAS_OP_T : CUBLAS_OP_N;
      check(api_.cublasLtMatmulDescSetAttribute(plan.product, which, &operation, sizeof operation),
            "cublasLtMatmulDescSetAttribute");
    };
    transpose(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b);
    transpose(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a);
    plan.a =
        p.transpose_a ? layout(p, p.inner, p.rows, p.step_a) : layout(p, p.rows, p.inner, p.step_a);
    plan.b = p.transpose_b ? layout(p, p.columns, p.inner, p.step_b)
                           : layout(p, p.inner, p.columns, p.step_b);
    plan.c = layout(p, p.rows, p.columns, p.rows * p.columns);
    choose(p, plan);
    return plan;
  }

  void choose(const MatrixProduct& p, Plan& plan) const {
    cublasLtMatmulPreference_t preference = nullptr;
    check(api_.cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t name, const auto& value) {
      check(api_.cublasLtMatmulPreferenceSetAttribute(preference, name, &value, sizeof value),
            "cublasLtMatmulPreferenceSetAttribute");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(kWorkspace));
    // Partial sums that are added in place come in any order.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE |
                              CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(p.b));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(p.a));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of(p.c));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_of(p.c));
    cublasLtMatmulHeuristicResult_t best = {};
    int found = 0;
    const cublasStatus_t status = api_.cublasLtMatmulAlgoGetHeuristic(
        handle_, plan.product, plan.b, plan.a, plan.c, plan.c, preference, 1, &best, &found);
    api_.cublasLtMatmulPreferenceDestroy(preference);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && found == 0))
      return;
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    plan.algorithm = best.algo;
    plan.workspace = static_cast<int64_t>(best.workspaceSize);
  }

  void destroy(const Plan& plan) const {
    for (const cublasLtMatrixLayout_t layout : {plan.a, plan.b, plan.c})
      api_.cublasLtMatrixLayoutDestroy(layout);
    api_.cublasLtMatmulDescDestroy(plan.product);
  }

  const CublasLtApi api_;
  cublasLtHandle_t handle_ = nullptr;
  std::unordered_map<std::string, Plan> plans_;
};

}  // namespace

std::unique_ptr<MatrixProducts> make_matrix_products(const CublasLtApi& api) {
  return std::make_unique<CublasLt>(api);
}

std::unique_ptr<MatrixProducts> open_cublaslt() {
  const Library library{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
  if (!library.found()) return nullptr;
  CublasLtApi api;
#define TESSERA_LOAD(name) api.name = reinterpret_cast<decltype(api.name)>(library.function(#name));
  TESSERA_CUBLASLT_FUNCTIONS(TESSERA_LOAD)
#undef TESSERA_LOAD
  return make_matrix_products(api);
}

#else

std::unique_ptr<MatrixProducts> open_cublaslt() {
  return nullptr;
}

#endif

}  // namespace tessera::cuda
