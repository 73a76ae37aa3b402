#pragma once

#include "core/cuda/products.h"
#include "core/error.h"

#ifdef TESSERA_CUDNN
#include <cudnn.h>

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

// What convolutions and attention share of cuDNN's graph interface.
namespace tessera::cuda {

// The functions that are used; tests put others in their place.
#define TESSERA_CUDNN_FUNCTIONS(F) \
  F(cudnnGetVersion)               \
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

// Those of the installed library; without functions where there is none.
CudnnApi load_cudnn();

cudnnDataType_t cudnn_type(DType type);

// Thrown by what follows where the library returns anything but success, but for `finalized`.
class CudnnRefusal : public Error {
 public:
  using Error::Error;
};

// One object of the graph interface.
class CudnnObject {
 public:
  CudnnObject(const CudnnApi& api, cudnnBackendDescriptorType_t type);
  CudnnObject(CudnnObject&& other) noexcept
      : api_(other.api_), raw_(std::exchange(other.raw_, {})) {}
  CudnnObject& operator=(CudnnObject&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~CudnnObject() {
    if (raw_) api_->cudnnBackendDestroyDescriptor(raw_);
  }

  CudnnObject& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   int64_t count, const void* values);
  template <class T>
  CudnnObject& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   const T& value) {
    return set(name, type, 1, &value);
  }
  CudnnObject& set(cudnnBackendAttributeName_t name, const Shape& values) {
    return set(name, CUDNN_TYPE_INT64, values.ndim(), values.begin());
  }
  CudnnObject& set(cudnnBackendAttributeName_t name, const CudnnObject& part) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.raw_);
  }

  // How many values there are; at most `count` of them are written to `values`.
  int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
              void* values) const;

  bool finalized() { return api_->cudnnBackendFinalize(raw_) == CUDNN_STATUS_SUCCESS; }
  CudnnObject&& done();
  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  const CudnnApi* api_;
  cudnnBackendDescriptor_t raw_ = nullptr;
};

// Bytes to which arrays of a graph are aligned.
inline constexpr int64_t kCudnnAlignment = 16;

// An array of a graph.
struct CudnnArray {
  int64_t name = 0;  // no other of its graph has it
  Shape shape = {}, strides = {};
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  enum class Place : uint8_t { gpu, nowhere, host };  // nowhere: what operations hand each other
  Place place = Place::gpu;
};

struct CudnnPlan {
  CudnnObject object;
  int64_t workspace = 0;  // bytes
};

// A handle of cuDNN, and the plans made with it.
class Cudnn {
 public:
  explicit Cudnn(const CudnnApi& api) : api_(api) {}
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  int64_t version() const { return static_cast<int64_t>(api_.cudnnGetVersion()); }
  CudnnObject object(cudnnBackendDescriptorType_t type) const { return {api_, type}; }
  CudnnObject array(const CudnnArray& array) const;

  // The plan that `make` made when it was called for this key, which is once; null where it gave
  // null.
  using Plan = std::unique_ptr<CudnnPlan>;
  const CudnnPlan* find(Stream& stream, const std::string& key, const std::function<Plan()>& make);

  // By the first algorithm of cuDNN's own order that gives the same bits in every run and, if
  // `exact`, does not round its inputs; null when there is none.
  Plan plan(const std::vector<cudnnBackendDescriptor_t>& operations, bool exact) const;

  struct Binding {
    int64_t name;
    const void* data;
  };
  void run(Stream& stream, const CudnnPlan& plan, const std::vector<Binding>& arrays) const;

 private:
  bool allowed(const CudnnObject& configuration, bool exact) const;

  const CudnnApi api_;
  cudnnHandle_t handle_ = nullptr;
  std::unordered_map<std::string, Plan> plans_;
};

}  // namespace tessera::cuda
#endif
