#include "core/cuda/cudnn_graph.h"

#ifdef TESSERA_CUDNN

#include <algorithm>
#include <array>

#include "core/cuda/library.h"
#include "core/cuda/stream.h"

namespace tessera::cuda {

namespace {

constexpr int64_t kMostWorkspace = int64_t{1} << 30;

void check(const CudnnApi& api, cudnnStatus_t status, const char* call) {
  try {
    require(status == CUDNN_STATUS_SUCCESS, "cuda: {} must succeed, got {}", call,
            api.cudnnGetErrorString(status));
  } catch (const Error& error) {
    throw CudnnRefusal(error.what());
  }
}

}  // namespace

CudnnApi load_cudnn() {
  const Library library{"libcudnn.so.9", "libcudnn.so"};
  CudnnApi api;
  if (!library.found()) return api;
#define TESSERA_LOAD(name) api.name = reinterpret_cast<decltype(api.name)>(library.function(#name));
  TESSERA_CUDNN_FUNCTIONS(TESSERA_LOAD)
#undef TESSERA_LOAD
  return api;
}

cudnnDataType_t cudnn_type(DType type) {
  return type == f64    ? CUDNN_DATA_DOUBLE
         : type == bf16 ? CUDNN_DATA_BFLOAT16
         : type == f16  ? CUDNN_DATA_HALF
                        : CUDNN_DATA_FLOAT;
}

CudnnObject::CudnnObject(const CudnnApi& api, cudnnBackendDescriptorType_t type) : api_(&api) {
  check(api, api.cudnnBackendCreateDescriptor(type, &raw_), "cudnnBackendCreateDescriptor");
}

CudnnObject& CudnnObject::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                              int64_t count, const void* values) {
  check(*api_, api_->cudnnBackendSetAttribute(raw_, name, type, count, values),
        "cudnnBackendSetAttribute");
  return *this;
}

int64_t CudnnObject::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         int64_t count, void* values) const {
  int64_t found = 0;
  check(*api_, api_->cudnnBackendGetAttribute(raw_, name, type, count, &found, values),
        "cudnnBackendGetAttribute");
  return found;
}

CudnnObject&& CudnnObject::done() {
  check(*api_, api_->cudnnBackendFinalize(raw_), "cudnnBackendFinalize");
  return std::move(*this);
}

Cudnn::~Cudnn() {
  plans_.clear();
  if (handle_) api_.cudnnDestroy(handle_);
}

CudnnObject Cudnn::array(const CudnnArray& array) const {
  CudnnObject made = object(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  made.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, array.type)
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, array.shape)
      .set(CUDNN_ATTR_TENSOR_STRIDES, array.strides)
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, array.name)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, kCudnnAlignment)
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN,
           array.place == CudnnArray::Place::nowhere)
      .set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN,
           array.place == CudnnArray::Place::host);
  return made.done();
}

const CudnnPlan* Cudnn::find(Stream& stream, const std::string& key,
                             const std::function<Plan()>& make) {
  if (!handle_) {
    check(api_, api_.cudnnCreate(&handle_), "cudnnCreate");
    check(api_,
          api_.cudnnSetStream(handle_, static_cast<cudaStream_t>(stream.driver().native_stream())),
          "cudnnSetStream");
  }
  const auto known = plans_.find(key);
  if (known != plans_.end()) return known->second.get();
  return plans_.emplace(key, make()).first->second.get();
}

Cudnn::Plan Cudnn::plan(const std::vector<cudnnBackendDescriptor_t>& operations, bool exact) const {
  CudnnObject graph = object(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph
      .set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
           static_cast<int64_t>(operations.size()), operations.data())
      .set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle_);
  if (!graph.finalized()) return nullptr;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    CudnnObject heuristic = object(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
        .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
    if (!heuristic.finalized()) continue;
    constexpr int64_t most = 16;
    std::vector<CudnnObject> configurations;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (int64_t i = 0; i < most; ++i) {
      configurations.push_back(object(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
      raw.push_back(configurations.back().raw());
    }
    const int64_t found = heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data());
    for (size_t i = 0; i < static_cast<size_t>(std::min(found, most)); ++i) {
      if (!allowed(configurations[i], exact)) continue;
      CudnnObject plan = object(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle_)
          .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configurations[i]);
      if (!plan.finalized()) continue;
      int64_t workspace = 0;
      plan.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace);
      if (workspace > kMostWorkspace) continue;
      return std::make_unique<CudnnPlan>(CudnnPlan{std::move(plan), workspace});
    }
  }
  return nullptr;
}

// Not where results depend on the order of additions, nor, if that is asked for, with TF32.
bool Cudnn::allowed(const CudnnObject& configuration, bool exact) const {
  const CudnnObject engine = object(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t raw = engine.raw();
  configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes = {};
  const int64_t found = engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                   static_cast<int64_t>(notes.size()), notes.data());
  for (size_t i = 0; i < std::min(static_cast<size_t>(found), notes.size()); ++i) {
    if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) return false;
    const bool rounds = notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE ||
                        notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
    if (exact && rounds) return false;
  }
  return true;
}

void Cudnn::run(Stream& stream, const CudnnPlan& plan, const std::vector<Binding>& arrays) const {
  const Stream::Scratch workspace = stream.scratch(plan.workspace);
  std::vector<int64_t> names;
  std::vector<const void*> data;
  for (const Binding& array : arrays) {
    names.push_back(array.name);
    data.push_back(array.data);
  }
  const auto count = static_cast<int64_t>(arrays.size());
  CudnnObject pack = object(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, names.data())
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, data.data())
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace.data());
  pack.done();
  check(api_, api_.cudnnBackendExecute(handle_, plan.object.raw(), pack.raw()),
        "cudnnBackendExecute");
}

}  // namespace tessera::cuda

#endif
