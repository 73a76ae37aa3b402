#include "core/cuda/cudnn.h"

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/cuda/library.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"

namespace tessera::cuda {

#ifdef TESSERA_CUDNN

namespace {

using Kind = Convolution::Kind;

constexpr int64_t kMostWorkspace = int64_t{1} << 30;

void check(const CudnnApi& api, cudnnStatus_t status, const char* call) {
  require(status == CUDNN_STATUS_SUCCESS, "cuda: {} must succeed, got {}", call,
          api.cudnnGetErrorString(status));
}

// One object of the graph interface.
class Descriptor {
 public:
  Descriptor(const CudnnApi& api, cudnnBackendDescriptorType_t type) : api_(&api) {
    check(api, api.cudnnBackendCreateDescriptor(type, &raw_), "cudnnBackendCreateDescriptor");
  }
  Descriptor(Descriptor&& other) noexcept : api_(other.api_), raw_(std::exchange(other.raw_, {})) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Descriptor() {
    if (raw_) api_->cudnnBackendDestroyDescriptor(raw_);
  }

  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                  const void* values) {
    check(*api_, api_->cudnnBackendSetAttribute(raw_, name, type, count, values),
          "cudnnBackendSetAttribute");
    return *this;
  }
  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                  const T& value) {
    return set(name, type, 1, &value);
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const Shape& values) {
    return set(name, CUDNN_TYPE_INT64, values.ndim(), values.begin());
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& part) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.raw_);
  }

  // How many values there are; at most `count` of them are written to `values`.
  int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
              void* values) const {
    int64_t found = 0;
    check(*api_, api_->cudnnBackendGetAttribute(raw_, name, type, count, &found, values),
          "cudnnBackendGetAttribute");
    return found;
  }

  bool finalized() { return api_->cudnnBackendFinalize(raw_) == CUDNN_STATUS_SUCCESS; }
  Descriptor&& done() {
    check(*api_, api_->cudnnBackendFinalize(raw_), "cudnnBackendFinalize");
    return std::move(*this);
  }
  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  const CudnnApi* api_;
  cudnnBackendDescriptor_t raw_ = nullptr;
};

cudnnDataType_t type_of(DType type) {
  return type == f64    ? CUDNN_DATA_DOUBLE
         : type == bf16 ? CUDNN_DATA_BFLOAT16
         : type == f16  ? CUDNN_DATA_HALF
                        : CUDNN_DATA_FLOAT;
}

// What the arrays are called in a plan.
using Name = int64_t;
constexpr Name kX = 1, kW = 2, kY = 3, kBias = 4, kBare = 5;

// Which descriptor and attributes stand for a kind of convolution.
struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
constexpr std::array<Names, 3> kNames = {{
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
}};

// cuDNN knows 2 and 3 spatial axes: a single one gets another in front.
Convolution with_two_axes(Convolution c) {
  if (c.input.ndim() > 1) return c;
  for (Shape* shape : {&c.input, &c.kernel, &c.output, &c.stride, &c.dilation})
    *shape = shape->inserted(0, 1);
  c.before = c.before.inserted(0, 0);
  return c;
}

Shape with_channels(int64_t first, int64_t second, const Shape& spatial) {
  return spatial.inserted(0, second).inserted(0, first);
}

// Zeros behind the input, so that the output has its extent.
Shape padding_behind(const Convolution& c) {
  Shape after = c.before;
  for (int i = 0; i < after.ndim(); ++i) {
    const int64_t seen = (c.output[i] - 1) * c.stride[i] + (c.kernel[i] - 1) * c.dilation[i] + 1;
    after[i] = std::max<int64_t>(0, seen - c.input[i] - c.before[i]);
  }
  return after;
}

class Cudnn final : public Convolutions {
 public:
  explicit Cudnn(const CudnnApi& api) : api_(api) {}
  ~Cudnn() override {
    plans_.clear();
    if (handle_) api_.cudnnDestroy(handle_);
  }
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  bool run(Stream& stream, const Convolution& given) override {
    void* const native = stream.driver().native_stream();
    if (!handle_) {
      check(api_, api_.cudnnCreate(&handle_), "cudnnCreate");
      check(api_, api_.cudnnSetStream(handle_, static_cast<cudaStream_t>(native)),
            "cudnnSetStream");
    }
    const Plan* plan = find(given);
    if (!plan) return false;
    const Stream::Scratch workspace = stream.scratch(plan->workspace);
    std::vector<int64_t> names = {kX, kW, kY};
    std::vector<const void*> arrays = {given.x, given.w, given.y};
    if (given.bias) {
      names.push_back(kBias);
      arrays.push_back(given.bias);
    }
    const auto count = static_cast<int64_t>(names.size());
    Descriptor pack(api_, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, names.data())
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, arrays.data())
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace.data());
    pack.done();
    check(api_, api_.cudnnBackendExecute(handle_, plan->descriptor.raw(), pack.raw()),
          "cudnnBackendExecute");
    return true;
  }

 private:
  struct Plan {
    Descriptor descriptor;
    int64_t workspace = 0;
  };

  // Null where no algorithm computes it.
  const Plan* find(const Convolution& c) {
    std::string key;
    append_key(key, c.kind, c.type, c.strict, c.bias != nullptr, c.batch, c.in_channels,
               c.out_channels, c.groups);
    for (const Shape* shape : {&c.input, &c.kernel, &c.output, &c.stride, &c.before, &c.dilation})
      append_key(key, *shape);
    const auto known = plans_.find(key);
    if (known == plans_.end())
      return plans_.emplace(key, make(with_two_axes(c))).first->second.get();
    return known->second.get();
  }

  Descriptor tensor(Name name, const Shape& shape, DType type, bool in_memory = true) const {
    Descriptor made(api_, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    made.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type_of(type))
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, shape)
        .set(CUDNN_ATTR_TENSOR_STRIDES, row_major_strides(shape))
        .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, name)
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, int64_t{16})
        .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, !in_memory);
    return made.done();
  }

  std::unique_ptr<Plan> make(const Convolution& c) const {
    const DType compute = c.type == f64 ? f64 : f32;
    const Shape x_shape = with_channels(c.batch, c.in_channels, c.input),
                w_shape = with_channels(c.out_channels, c.in_channels / c.groups, c.kernel),
                y_shape = with_channels(c.batch, c.out_channels, c.output);
    const Name result = c.kind == Kind::forward ? kY : c.kind == Kind::backward_data ? kX : kW;
    // With a bias the sum without it is never in memory.
    const auto part = [&](Name name, const Shape& shape) {
      const bool bare = c.bias && name == result;
      return tensor(bare ? kBare : name, shape, bare ? compute : c.type, !bare);
    };
    const Descriptor x = part(kX, x_shape), w = part(kW, w_shape), y = part(kY, y_shape);

    Descriptor convolution(api_, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, type_of(compute))
        .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION)
        .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, int64_t{c.input.ndim()})
        .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c.before)
        .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding_behind(c))
        .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c.stride)
        .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, c.dilation);
    convolution.done();

    const Names& names = kNames[static_cast<size_t>(c.kind)];
    Descriptor operation(api_, names.operation);
    operation.set(names.x, x).set(names.w, w).set(names.y, y).set(names.convolution, convolution);
    if (compute == f64) {
      operation.set(names.alpha, CUDNN_TYPE_DOUBLE, 1.0).set(names.beta, CUDNN_TYPE_DOUBLE, 0.0);
    } else {
      operation.set(names.alpha, CUDNN_TYPE_FLOAT, 1.0F).set(names.beta, CUDNN_TYPE_FLOAT, 0.0F);
    }
    if (!operation.finalized()) return nullptr;
    if (!c.bias) return choose(c, {operation.raw()});

    const Shape& shape = result == kY ? y_shape : x_shape;
    const Descriptor bias = tensor(kBias, Shape::filled(shape.ndim(), 1).with(1, shape[1]), c.type);
    const Descriptor sum = tensor(result, shape, c.type);
    Descriptor add(api_, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    add.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, CUDNN_POINTWISE_ADD)
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, type_of(compute));
    add.done();
    Descriptor adding(api_, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    adding.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, add)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, result == kY ? y : x)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, sum);
    if (!adding.finalized()) return nullptr;
    return choose(c, {operation.raw(), adding.raw()});
  }

  // The first algorithm of cuDNN's own order that may be used; null when there is none.
  std::unique_ptr<Plan> choose(const Convolution& c,
                               const std::vector<cudnnBackendDescriptor_t>& operations) const {
    Descriptor graph(api_, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph
        .set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
             static_cast<int64_t>(operations.size()), operations.data())
        .set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle_);
    if (!graph.finalized()) return nullptr;
    for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
      Descriptor heuristic(api_, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
      heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
          .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
      if (!heuristic.finalized()) continue;
      constexpr int64_t most = 16;
      std::vector<Descriptor> configurations;
      std::vector<cudnnBackendDescriptor_t> raw;
      for (int64_t i = 0; i < most; ++i) {
        configurations.emplace_back(api_, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
        raw.push_back(configurations.back().raw());
      }
      const int64_t found = heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data());
      for (size_t i = 0; i < static_cast<size_t>(std::min(found, most)); ++i) {
        if (!allowed(c, configurations[i])) continue;
        Descriptor plan(api_, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle_)
            .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configurations[i]);
        if (!plan.finalized()) continue;
        int64_t workspace = 0;
        plan.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &workspace);
        if (workspace > kMostWorkspace) continue;
        return std::make_unique<Plan>(Plan{std::move(plan), workspace});
      }
    }
    return nullptr;
  }

  // Not where results depend on the order of additions, nor, if that is asked for, with TF32.
  bool allowed(const Convolution& c, const Descriptor& configuration) const {
    const Descriptor engine(api_, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t raw = engine.raw();
    configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
    std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes = {};
    const int64_t found = engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                     static_cast<int64_t>(notes.size()), notes.data());
    for (size_t i = 0; i < static_cast<size_t>(found); ++i) {
      if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) return false;
      const bool rounds = notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE ||
                          notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
      if (c.strict && c.type == f32 && rounds) return false;
    }
    return true;
  }

  const CudnnApi api_;
  cudnnHandle_t handle_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<Plan>> plans_;
};

}  // namespace

std::unique_ptr<Convolutions> make_convolutions(const CudnnApi& api) {
  return std::make_unique<Cudnn>(api);
}

std::unique_ptr<Convolutions> open_cudnn() {
  const Library library{"libcudnn.so.9", "libcudnn.so"};
  if (!library.found()) return nullptr;
  CudnnApi api;
#define TESSERA_LOAD(name) api.name = reinterpret_cast<decltype(api.name)>(library.function(#name));
  TESSERA_CUDNN_FUNCTIONS(TESSERA_LOAD)
#undef TESSERA_LOAD
  return make_convolutions(api);
}

#else

std::unique_ptr<Convolutions> open_cudnn() {
  return nullptr;
}

#endif

}  // namespace tessera::cuda
