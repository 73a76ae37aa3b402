#include "tests/core/cuda/fake_cudnn.h"

#include <algorithm>

#include <fmt/core.h>

#include "tests/core/cuda/fake_cudnn_object.h"
#include "tests/core/cuda/host_gpu.h"

namespace tessera::testing {

FakeCudnn& fake_cudnn() {
  static FakeCudnn state;
  return state;
}

#ifdef TESSERA_CUDNN

namespace {

constexpr cudnnStatus_t kBad = CUDNN_STATUS_BAD_PARAM;

using Object = CudnnFakeObject;

// The library's descriptors stand for pointers to shared pointers: what was made of an object
// outlives it.
std::shared_ptr<Object>& of(cudnnBackendDescriptor_t raw) {
  return *static_cast<std::shared_ptr<Object>*>(raw);
}

const char* error_string(cudnnStatus_t) {
  return "an error";
}
cudnnStatus_t create(cudnnHandle_t* handle) {
  ++fake_cudnn().objects;
  *handle = reinterpret_cast<cudnnHandle_t>(new void*(nullptr));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t destroy(cudnnHandle_t handle) {
  --fake_cudnn().objects;
  delete reinterpret_cast<void**>(handle);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t set_stream(cudnnHandle_t handle, cudaStream_t stream) {
  *reinterpret_cast<void**>(handle) = stream;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t create_descriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* raw) {
  if (type == fake_cudnn().refused) return CUDNN_STATUS_NOT_SUPPORTED;
  ++fake_cudnn().objects;
  *raw = new std::shared_ptr<Object>(std::make_shared<Object>());
  of(*raw)->type = type;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t destroy_descriptor(cudnnBackendDescriptor_t raw) {
  --fake_cudnn().objects;
  delete &of(raw);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set(cudnnBackendDescriptor_t raw, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  Object& object = *of(raw);
  if (object.finalized) return kBad;
  const auto each = [&]<class T>(T, auto f) {
    for (int64_t i = 0; i < count; ++i) f(static_cast<const T*>(values)[i]);
    return CUDNN_STATUS_SUCCESS;
  };
  auto& integers = object.integers[name];
  const auto add = [&](auto value) { integers.push_back(static_cast<int64_t>(value)); };
  switch (type) {
    case CUDNN_TYPE_INT64:
      return each(int64_t{}, add);
    case CUDNN_TYPE_BOOLEAN:
      return each(false, add);
    case CUDNN_TYPE_DATA_TYPE:
    case CUDNN_TYPE_CONVOLUTION_MODE:
    case CUDNN_TYPE_POINTWISE_MODE:
    case CUDNN_TYPE_REDUCTION_OPERATOR_TYPE:
    case CUDNN_TYPE_HEUR_MODE:
      return each(int{}, add);
    case CUDNN_TYPE_FLOAT:
      return each(0.0F, [&](float x) { object.reals[name].push_back(x); });
    case CUDNN_TYPE_DOUBLE:
      return each(0.0, [&](double x) { object.reals[name].push_back(x); });
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
      return each((void*)nullptr, [&](void* x) { object.pointers[name].push_back(x); });
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      for (int64_t i = 0; i < count; ++i) {
        const auto& part = of(static_cast<const cudnnBackendDescriptor_t*>(values)[i]);
        if (!part->finalized) return kBad;
        object.parts[name].push_back(part);
      }
      return CUDNN_STATUS_SUCCESS;
    default:
      return kBad;
  }
}

// Engine 0 is not deterministic, 1 uses tensor cores, 2 does neither.
cudnnStatus_t get(cudnnBackendDescriptor_t raw, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t, int64_t count, int64_t* found, void* values) {
  const Object& object = *of(raw);
  auto* const raws = static_cast<cudnnBackendDescriptor_t*>(values);
  if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    const Object& graph = object.part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    const auto& operations = graph.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    const bool attends = std::ranges::any_of(operations, [](const auto& operation) {
      return operation->type == CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR;
    });
    const bool knows = attends                 ? fake_cudnn().attends
                       : operations.size() > 1 ? fake_cudnn().fuses
                                               : fake_cudnn().knows_one;
    *found = knows ? 3 : 0;
    for (int64_t i = 0; i < std::min(*found, count); ++i) {
      of(raws[i])->engine = static_cast<int>(i);
      of(raws[i])->parts[CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH] =
          object.parts.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
      of(raws[i])->finalized = true;
    }
    return CUDNN_STATUS_SUCCESS;
  }
  if (name == CUDNN_ATTR_ENGINECFG_ENGINE) {
    *found = 1;
    of(raws[0])->engine = object.engine;
    return CUDNN_STATUS_SUCCESS;
  }
  if (name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE) {
    *found = object.engine < 2 ? 1 : 0;
    if (object.engine < 2)
      *static_cast<cudnnBackendNumericalNote_t*>(values) =
          object.engine == 0 ? CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC
                             : CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
    return CUDNN_STATUS_SUCCESS;
  }
  if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) {
    *found = 1;
    *static_cast<int64_t*>(values) = 4096;
    return CUDNN_STATUS_SUCCESS;
  }
  return kBad;
}

cudnnStatus_t finalize(cudnnBackendDescriptor_t raw) {
  Object& object = *of(raw);
  if (object.finalized) return kBad;
  if (object.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
    fake_cudnn().calls.push_back(
        fmt::format("graph {}", object.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).size()));
    if (!fits_together(object)) return kBad;
  }
  if (object.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
    fake_cudnn().calls.push_back(
        fmt::format("engine {}", object.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine));
  object.finalized = true;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                      cudnnBackendDescriptor_t pack) {
  if (!of(plan)->finalized || !of(pack)->finalized) return kBad;
  const auto& names = of(pack)->integers.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto& data = of(pack)->pointers.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  if (names.size() != data.size() || !of(pack)->pointers.at(CUDNN_ATTR_VARIANT_PACK_WORKSPACE)[0])
    return kBad;
  std::map<int64_t, void*> arrays;
  for (size_t i = 0; i < names.size(); ++i) arrays[names[i]] = data[i];
  const Object& graph = of(plan)
                            ->part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
                            .part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  if (fake_cudnn().stops) return CUDNN_STATUS_EXECUTION_FAILED;
  fake_cudnn().calls.emplace_back("run");
  if (fake_cudnn().computes) {
    HostDriver::of(*reinterpret_cast<void**>(handle)).in_stream(work_of(graph, arrays));
  } else {
    auto& given = fake_cudnn().given.emplace_back();
    for (const auto& [name, array] : arrays) given[name] = static_cast<const char*>(array);
  }
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

cuda::CudnnApi fake_cudnn_api() {
  cuda::CudnnApi api;
  api.cudnnGetVersion = [] {
    const int version = fake_cudnn().version;
    return version == 0 ? size_t{CUDNN_VERSION} : static_cast<size_t>(version);
  };
  api.cudnnGetErrorString = error_string;
  api.cudnnCreate = create;
  api.cudnnDestroy = destroy;
  api.cudnnSetStream = set_stream;
  api.cudnnBackendCreateDescriptor = create_descriptor;
  api.cudnnBackendDestroyDescriptor = destroy_descriptor;
  api.cudnnBackendSetAttribute = set;
  api.cudnnBackendGetAttribute = get;
  api.cudnnBackendFinalize = finalize;
  api.cudnnBackendExecute = execute;
  return api;
}

std::unique_ptr<cuda::Convolutions> open_fake_cudnn() {
  return cuda::make_convolutions(fake_cudnn_api());
}
std::unique_ptr<cuda::Attentions> open_fake_cudnn_attention() {
  return cuda::make_attentions(fake_cudnn_api());
}

#else

std::unique_ptr<cuda::Convolutions> open_fake_cudnn() {
  return nullptr;
}
std::unique_ptr<cuda::Attentions> open_fake_cudnn_attention() {
  return nullptr;
}

#endif

}  // namespace tessera::testing
