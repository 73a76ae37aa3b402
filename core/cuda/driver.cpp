#include "core/cuda/driver.h"

#include <bit>

#include "core/cuda/library.h"
#include "core/error.h"

#ifdef TESSERA_CUDA
#include <cuda.h>
#endif

namespace tessera::cuda {

#ifdef TESSERA_CUDA

namespace {

// Two steps, since cuda.h renames functions to their newest version by macros.
#define TESSERA_TEXT_OF(name) #name
#define TESSERA_DRIVER_FUNCTION(name) \
  decltype(&::name) name =            \
      reinterpret_cast<decltype(&::name)>(library.function(TESSERA_TEXT_OF(name)))

// The functions of the driver's library.
struct Api {
  Library library{"libcuda.so.1"};
  TESSERA_DRIVER_FUNCTION(cuInit);
  TESSERA_DRIVER_FUNCTION(cuGetErrorName);
  TESSERA_DRIVER_FUNCTION(cuGetErrorString);
  TESSERA_DRIVER_FUNCTION(cuDeviceGetCount);
  TESSERA_DRIVER_FUNCTION(cuDeviceGet);
  TESSERA_DRIVER_FUNCTION(cuDeviceGetName);
  TESSERA_DRIVER_FUNCTION(cuDeviceGetAttribute);
  TESSERA_DRIVER_FUNCTION(cuDeviceTotalMem);
  TESSERA_DRIVER_FUNCTION(cuDevicePrimaryCtxRetain);
  TESSERA_DRIVER_FUNCTION(cuCtxSetCurrent);
  TESSERA_DRIVER_FUNCTION(cuMemAlloc);
  TESSERA_DRIVER_FUNCTION(cuMemFree);
  TESSERA_DRIVER_FUNCTION(cuMemHostAlloc);
  TESSERA_DRIVER_FUNCTION(cuMemFreeHost);
  TESSERA_DRIVER_FUNCTION(cuMemcpyHtoDAsync);
  TESSERA_DRIVER_FUNCTION(cuMemcpyDtoHAsync);
  TESSERA_DRIVER_FUNCTION(cuStreamCreate);
  TESSERA_DRIVER_FUNCTION(cuStreamSynchronize);
  TESSERA_DRIVER_FUNCTION(cuEventCreate);
  TESSERA_DRIVER_FUNCTION(cuEventRecord);
  TESSERA_DRIVER_FUNCTION(cuEventSynchronize);
  TESSERA_DRIVER_FUNCTION(cuModuleLoadData);
  TESSERA_DRIVER_FUNCTION(cuModuleGetFunction);
  TESSERA_DRIVER_FUNCTION(cuLaunchKernel);
  TESSERA_DRIVER_FUNCTION(cuStreamBeginCapture);
  TESSERA_DRIVER_FUNCTION(cuStreamEndCapture);
  TESSERA_DRIVER_FUNCTION(cuGraphInstantiate);
  TESSERA_DRIVER_FUNCTION(cuGraphLaunch);
  TESSERA_DRIVER_FUNCTION(cuGraphDestroy);
  TESSERA_DRIVER_FUNCTION(cuGraphExecDestroy);

  void check(CUresult result, const char* call) const {
    if (result == CUDA_SUCCESS) return;
    const char *name = "unknown error", *text = "";
    cuGetErrorName(result, &name);
    cuGetErrorString(result, &text);
    fail(fmt::format("cuda: {} must succeed, got {} ({})", call, name, text));
  }
};

// The library, once it is initialized; null with `why` when it cannot be.
struct Start {
  std::unique_ptr<Api> api;
  std::string why;
  int gpus = 0;

  Start() {
    const Library library{"libcuda.so.1"};
    if (!library.found()) {
      why = "there is no NVIDIA driver: " + library.error();
      return;
    }
    auto loaded = std::make_unique<Api>();
    const char* text = "the driver does not start";
    if (const CUresult result = loaded->cuInit(0); result != CUDA_SUCCESS) {
      loaded->cuGetErrorString(result, &text);
      why = text;
      return;
    }
    loaded->check(loaded->cuDeviceGetCount(&gpus), "cuDeviceGetCount");
    why = fmt::format("the machine has {} NVIDIA GPUs", gpus);
    api = std::move(loaded);
  }
};

const Start& start() {
  static const Start once;
  return once;
}

CUdeviceptr address_of(const std::byte* block) {
  return reinterpret_cast<CUdeviceptr>(block);
}

class NvidiaDriver final : public Driver {
 public:
  NvidiaDriver(const Api& api, int index) : api_(api) {
    CUdevice device = 0;
    api_.check(api_.cuDeviceGet(&device, index), "cuDeviceGet");
    char name[256] = {};
    api_.check(api_.cuDeviceGetName(name, sizeof name, device), "cuDeviceGetName");
    int major = 0, minor = 0;
    size_t memory = 0;
    api_.check(
        api_.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
        "cuDeviceGetAttribute");
    api_.check(
        api_.cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
        "cuDeviceGetAttribute");
    api_.check(api_.cuDeviceTotalMem(&memory, device), "cuDeviceTotalMem");
    info_ = {name, 10 * major + minor, static_cast<int64_t>(memory)};
    api_.check(api_.cuDevicePrimaryCtxRetain(&context_, device), "cuDevicePrimaryCtxRetain");
    use();
    api_.check(api_.cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
  }

  const GpuInfo& info() const override { return info_; }

  std::byte* allocate(int64_t bytes) override {
    use();
    CUdeviceptr block = 0;
    const CUresult result = api_.cuMemAlloc(&block, static_cast<size_t>(bytes));
    if (result == CUDA_ERROR_OUT_OF_MEMORY) return nullptr;
    api_.check(result, "cuMemAlloc");
    return std::bit_cast<std::byte*>(block);
  }
  void free(std::byte* block) override {
    use();
    api_.check(api_.cuMemFree(address_of(block)), "cuMemFree");
  }
  std::byte* allocate_pinned(int64_t bytes) override {
    use();
    void* block = nullptr;
    api_.check(api_.cuMemHostAlloc(&block, static_cast<size_t>(bytes), CU_MEMHOSTALLOC_PORTABLE),
               "cuMemHostAlloc");
    return static_cast<std::byte*>(block);
  }
  void free_pinned(std::byte* block) override {
    use();
    api_.check(api_.cuMemFreeHost(block), "cuMemFreeHost");
  }

  void copy_in(std::byte* to, const std::byte* pinned, int64_t bytes) override {
    use();
    api_.check(api_.cuMemcpyHtoDAsync(address_of(to), pinned, static_cast<size_t>(bytes), stream_),
               "cuMemcpyHtoDAsync");
  }
  void copy_out(std::byte* pinned, const std::byte* from, int64_t bytes) override {
    use();
    api_.check(
        api_.cuMemcpyDtoHAsync(pinned, address_of(from), static_cast<size_t>(bytes), stream_),
        "cuMemcpyDtoHAsync");
  }
  void synchronize() override {
    use();
    api_.check(api_.cuStreamSynchronize(stream_), "cuStreamSynchronize");
  }

  Event make_event() override {
    use();
    CUevent event = nullptr;
    api_.check(api_.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    return event;
  }
  void record(Event event) override {
    use();
    api_.check(api_.cuEventRecord(static_cast<CUevent>(event), stream_), "cuEventRecord");
  }
  void wait(Event event) override {
    use();
    api_.check(api_.cuEventSynchronize(static_cast<CUevent>(event)), "cuEventSynchronize");
  }

  void* load(const std::string& image) override {
    use();
    CUmodule module = nullptr;
    api_.check(api_.cuModuleLoadData(&module, image.data()), "cuModuleLoadData");
    return module;
  }
  Function function(void* module, const char* name) override {
    use();
    CUfunction function = nullptr;
    api_.check(api_.cuModuleGetFunction(&function, static_cast<CUmodule>(module), name),
               "cuModuleGetFunction");
    return function;
  }
  void launch(const Launch& launch) override {
    use();
    size_t bytes = launch.parameter_bytes;
    void* parameters[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, const_cast<void*>(launch.parameters),
                          CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
    api_.check(api_.cuLaunchKernel(static_cast<CUfunction>(launch.function), launch.blocks_x,
                                   launch.blocks_y, 1, launch.threads, 1, 1, 0, stream_, nullptr,
                                   parameters),
               "cuLaunchKernel");
  }

  void begin_recording() override {
    use();
    api_.check(api_.cuStreamBeginCapture(stream_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
               "cuStreamBeginCapture");
  }
  Recording end_recording() override {
    use();
    CUgraph graph = nullptr;
    if (api_.cuStreamEndCapture(stream_, &graph) != CUDA_SUCCESS) return nullptr;
    CUgraphExec ready = nullptr;
    const CUresult result = api_.cuGraphInstantiate(&ready, graph, 0);
    api_.check(api_.cuGraphDestroy(graph), "cuGraphDestroy");
    return result == CUDA_SUCCESS ? ready : nullptr;
  }
  void replay(Recording recording) override {
    use();
    api_.check(api_.cuGraphLaunch(static_cast<CUgraphExec>(recording), stream_), "cuGraphLaunch");
  }
  void forget(Recording recording) override {
    synchronize();
    api_.check(api_.cuGraphExecDestroy(static_cast<CUgraphExec>(recording)), "cuGraphExecDestroy");
  }

  void* native_stream() override {
    use();
    return stream_;
  }

 private:
  // The driver's functions work on the context that is current in the calling thread.
  void use() const { api_.check(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"); }

  const Api& api_;
  GpuInfo info_;
  CUcontext context_ = nullptr;
  CUstream stream_ = nullptr;
};

}  // namespace

int gpu_count() {
  return start().gpus;
}

std::unique_ptr<Driver> open_driver(int index) {
  require(index < start().gpus, "device: cuda:{} must be there, but {}; use cpu", index,
          start().why);
  return std::make_unique<NvidiaDriver>(*start().api, index);
}

#else

int gpu_count() {
  return 0;
}

std::unique_ptr<Driver> open_driver(int index) {
  fail(
      fmt::format("device: cuda:{} must be there, but tessera was built without CUDA; build it "
                  "where the CUDA toolkit is, or use cpu",
                  index));
}

#endif

}  // namespace tessera::cuda
