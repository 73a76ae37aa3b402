#include "tests/core/cuda/fake_cudnn.h"

#include <array>
#include <cstring>
#include <map>

#include <fmt/core.h>

#include "core/shape.h"
#include "tests/core/cuda/host_gpu.h"

namespace tessera::testing {

FakeCudnn& fake_cudnn() {
  static FakeCudnn state;
  return state;
}

#ifdef TESSERA_CUDNN

namespace {

constexpr cudnnStatus_t kBad = CUDNN_STATUS_BAD_PARAM;

struct Object {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  int engine = 0;                                // of engines and their configurations
  std::map<int, std::vector<int64_t>> integers;  // and flags, enumerations
  std::map<int, std::vector<double>> reals;
  std::map<int, std::vector<std::shared_ptr<Object>>> parts;
  std::map<int, std::vector<void*>> pointers;

  const Object& part(int name) const { return *parts.at(name).at(0); }
  int64_t integer(int name) const { return integers.at(name).at(0); }
};

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
    const bool fused = graph.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).size() > 1;
    *found = (fused ? fake_cudnn().fuses : fake_cudnn().knows_one) ? 3 : 0;
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
  if (object.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
    fake_cudnn().calls.push_back(
        fmt::format("graph {}", object.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).size()));
  if (object.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
    fake_cudnn().calls.push_back(
        fmt::format("engine {}", object.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine));
  object.finalized = true;
  return CUDNN_STATUS_SUCCESS;
}

// An array of up to 5 axes as its descriptor says; the missing ones have extent 1.
struct View {
  std::array<int64_t, 5> extent{1, 1, 1, 1, 1}, stride{};
  int64_t type = CUDNN_DATA_FLOAT;
  std::byte* data = nullptr;
  std::vector<double> own;  // of a virtual one

  View(const Object& tensor, const std::map<int64_t, void*>& arrays) {
    const auto& dims = tensor.integers.at(CUDNN_ATTR_TENSOR_DIMENSIONS);
    const auto& steps = tensor.integers.at(CUDNN_ATTR_TENSOR_STRIDES);
    for (size_t i = 0; i < dims.size(); ++i) {
      const size_t axis = i < 2 ? i : i + 5 - dims.size();
      extent[axis] = dims[i];
      stride[axis] = steps[i];
    }
    type = tensor.integer(CUDNN_ATTR_TENSOR_DATA_TYPE);
    if (tensor.integer(CUDNN_ATTR_TENSOR_IS_VIRTUAL) != 0) {
      int64_t count = 1;
      for (const int64_t e : extent) count *= e;
      own.resize(static_cast<size_t>(count));
      data = reinterpret_cast<std::byte*>(own.data());
      type = CUDNN_DATA_DOUBLE;
    } else {
      data = static_cast<std::byte*>(arrays.at(tensor.integer(CUDNN_ATTR_TENSOR_UNIQUE_ID)));
    }
  }
  int64_t at(const std::array<int64_t, 5>& index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < 5; ++i) offset += extent[i] == 1 ? 0 : index[i] * stride[i];
    return offset;
  }
  double read(int64_t i) const {
    if (type == CUDNN_DATA_DOUBLE) return reinterpret_cast<const double*>(data)[i];
    if (type == CUDNN_DATA_HALF) return static_cast<float>(reinterpret_cast<const Half*>(data)[i]);
    if (type == CUDNN_DATA_BFLOAT16)
      return static_cast<float>(reinterpret_cast<const BFloat16*>(data)[i]);
    return reinterpret_cast<const float*>(data)[i];
  }
  void write(int64_t i, double value) const {
    const auto narrow = static_cast<float>(value);
    if (type == CUDNN_DATA_DOUBLE) {
      reinterpret_cast<double*>(data)[i] = value;
    } else if (type == CUDNN_DATA_HALF) {
      reinterpret_cast<Half*>(data)[i] = Half(narrow);
    } else if (type == CUDNN_DATA_BFLOAT16) {
      reinterpret_cast<BFloat16*>(data)[i] = BFloat16(narrow);
    } else {
      reinterpret_cast<float*>(data)[i] = narrow;
    }
  }
};

// Calls f(index) for every index below the extents.
template <class F>
void for_each(const std::array<int64_t, 5>& extent, F&& f) {
  std::array<int64_t, 5> i{};
  for (i[0] = 0; i[0] < extent[0]; ++i[0])
    for (i[1] = 0; i[1] < extent[1]; ++i[1])
      for (i[2] = 0; i[2] < extent[2]; ++i[2])
        for (i[3] = 0; i[3] < extent[3]; ++i[3])
          for (i[4] = 0; i[4] < extent[4]; ++i[4]) f(i);
}

// Adds up all products, each into where it belongs.
void convolve(const Object& convolution, const View& x, const View& w, const View& y,
              const View& result) {
  const auto setting = [&](int name, int64_t missing) {
    std::array<int64_t, 3> values{missing, missing, missing};
    const auto& given = convolution.integers.at(name);
    for (size_t i = 0; i < given.size(); ++i) values[i + 3 - given.size()] = given[i];
    return values;
  };
  const auto before = setting(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 0),
             stride = setting(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 1),
             dilation = setting(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1);
  const int64_t groups = x.extent[1] / w.extent[1], own = w.extent[0] / groups;
  std::map<int64_t, double> sums;
  for_each(result.extent, [&](const auto& i) { sums[result.at(i)] = 0; });
  for_each(y.extent, [&](const std::array<int64_t, 5>& o) {
    for_each({1, w.extent[1], w.extent[2], w.extent[3], w.extent[4]}, [&](const auto& k) {
      std::array<int64_t, 5> from{o[0], o[1] / own * w.extent[1] + k[1]};
      for (size_t a = 0; a < 3; ++a) {
        from[a + 2] = o[a + 2] * stride[a] - before[a] + k[a + 2] * dilation[a];
        if (from[a + 2] < 0 || from[a + 2] >= x.extent[a + 2]) return;
      }
      const int64_t at_x = x.at(from), at_y = y.at(o), at_w = w.at({o[1], k[1], k[2], k[3], k[4]});
      if (&result == &y) sums[at_y] += x.read(at_x) * w.read(at_w);
      if (&result == &x) sums[at_x] += y.read(at_y) * w.read(at_w);
      if (&result == &w) sums[at_w] += x.read(at_x) * y.read(at_y);
    });
  });
  for (const auto& [i, sum] : sums) result.write(i, sum);
}

struct Names {
  int x, w, y, convolution, alpha, beta;
};
const Names kForward = {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
const Names kData = {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
const Names kFilter = {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

cudnnStatus_t execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                      cudnnBackendDescriptor_t pack) {
  if (!of(plan)->finalized || !of(pack)->finalized) return kBad;
  const auto& names = of(pack)->integers.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto& data = of(pack)->pointers.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  if (names.size() != data.size() || !of(pack)->pointers.at(CUDNN_ATTR_VARIANT_PACK_WORKSPACE)[0])
    return kBad;
  std::map<int64_t, void*> arrays;
  for (size_t i = 0; i < names.size(); ++i) arrays[names[i]] = data[i];
  fake_cudnn().calls.emplace_back("run");
  const Object& graph = of(plan)
                            ->part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
                            .part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  const auto& operations = graph.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const Object& first = *operations[0];
  const bool data_gradient =
      first.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  const bool forward = first.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
  const Names& n = forward ? kForward : data_gradient ? kData : kFilter;
  if (first.reals.at(n.alpha)[0] != 1 || first.reals.at(n.beta)[0] != 0) return kBad;
  const auto work = [operations, arrays, &n, forward, data_gradient] {
    const Object& first = *operations[0];
    const View x(first.part(n.x), arrays), w(first.part(n.w), arrays), y(first.part(n.y), arrays);
    const View& result = forward ? y : data_gradient ? x : w;
    convolve(first.part(n.convolution), x, w, y, result);
    if (operations.size() == 1) return;
    const Object& add = *operations[1];
    const View bias(add.part(CUDNN_ATTR_OPERATION_POINTWISE_BDESC), arrays),
        sum(add.part(CUDNN_ATTR_OPERATION_POINTWISE_YDESC), arrays);
    for_each(sum.extent, [&](const auto& i) {
      sum.write(sum.at(i), result.read(result.at(i)) + bias.read(bias.at(i)));
    });
  };
  HostDriver::of(*reinterpret_cast<void**>(handle)).in_stream(work);
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

cuda::CudnnApi fake_cudnn_api() {
  cuda::CudnnApi api;
  api.cudnnGetVersion = [] { return size_t{CUDNN_VERSION}; };
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

#else

std::unique_ptr<cuda::Convolutions> open_fake_cudnn() {
  return nullptr;
}

#endif

}  // namespace tessera::testing
