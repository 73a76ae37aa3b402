// What would the installed cuDNN do on GPUs that are not there?
//
//   cudnn_plans [word] [--quick]
//
// Has it plan convolutions and attention for an A100, an H200 and a B200, of which it is told the
// properties, and prints the number of the algorithm that each would take, or none where kernels of
// our own would compute it. So it needs no GPU: what it plans is compiled, but never loaded or run.
// A word restricts the lines to those with it. Where cuDNN is not installed or older than 9.11, it
// says so and exits with status 77.

#include <array>
#include <iostream>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <fmt/core.h>

#include "core/cuda/cudnn.h"
#include "core/error.h"

#if defined(TESSERA_CUDNN) && CUDNN_VERSION >= 91100

using namespace tessera;
using namespace tessera::cuda;

namespace {

struct Gpu {
  const char* name;
  int architecture, processors, threads, shared_memory, cache;
};
constexpr Gpu kGpus[] = {{"A100", 800, 108, 2048, 166912, 41943040},
                         {"H200", 900, 132, 2048, 232448, 62914560},
                         {"B200", 1000, 148, 2048, 232448, 132644864}};

std::string properties_of(const Gpu& gpu) {
  return fmt::format(
      R"({{"deviceName": "{}", "deviceVer": {}, "multiProcessorCount": {}, "maxThreadsPerSM": {},
          "maxSharedMemoryPerBlockOptin": {}, "l2CacheSize": {}, "driverVer": 13000,
          "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
          "regsPerBlock": 65536, "maxRegistersPerSM": 65536, "maxCtasPerSM": 32,
          "maxThreadsPerBlock": 1024, "warpSize": 32, "maxSharedMemoryPerBlock": 49152,
          "reservedSharedMemoryPerBlock": 1024, "smClockRateKHz": 1800000,
          "memClockRateKHz": 2600000, "pciDeviceId": 0, "cudaDeviceId": 0, "isTccDriver": 0,
          "supportCoopLaunch": 1, "totalGlobalMem": 80000000000}})",
      gpu.name, gpu.architecture, gpu.processors, gpu.threads, gpu.shared_memory, gpu.cache);
}

// The library, and what stands for the GPU; its functions have no other way to them.
CudnnApi real;
cudnnBackendDescriptor_t properties = nullptr;

// Where a graph or plan would have a handle, it has properties.
cudnnStatus_t set(cudnnBackendDescriptor_t object, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  const auto tell = [&](cudnnBackendAttributeName_t which) {
    return real.cudnnBackendSetAttribute(object, which, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                         &properties);
  };
  if (name == CUDNN_ATTR_OPERATIONGRAPH_HANDLE) return CUDNN_STATUS_SUCCESS;
  if (name == CUDNN_ATTR_EXECUTION_PLAN_HANDLE) return tell(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
  if (name == CUDNN_ATTR_ENGINEHEUR_MODE) {
    const cudnnStatus_t status = tell(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
    if (status != CUDNN_STATUS_SUCCESS) return status;
  }
  return real.cudnnBackendSetAttribute(object, name, type, count, values);
}

// The number of the algorithm that a plan would run.
int64_t algorithm(const Cudnn& cudnn, const CudnnPlan& plan) {
  const CudnnObject configuration = cudnn.object(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR),
                    engine = cudnn.object(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t raw = configuration.raw();
  plan.object.get(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  raw = engine.raw();
  configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  int64_t number = -1;
  engine.get(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &number);
  return number;
}

class Table {
 public:
  explicit Table(std::string word) : word_(std::move(word)) {}

  template <class T>
  void line(const std::string& what, const T& form) {
    if (what.find(word_) == std::string::npos) return;
    std::string text = fmt::format("{:58}", what);
    for (const Gpu& gpu : kGpus) text += fmt::format("{:>8}", planned(gpu, form));
    std::cout << text << std::endl;
  }
  int refused() const { return refused_; }

 private:
  template <class T>
  std::string planned(const Gpu& gpu, const T& form) {
    CudnnApi api = real;
    api.cudnnBackendSetAttribute = set;
    const std::string text = properties_of(gpu);
    CudnnObject told(real, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    told.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
             static_cast<int64_t>(text.size()), text.data());
    told.done();
    properties = told.raw();
    const Cudnn cudnn(api);
    try {
      const Cudnn::Plan plan = plan_of(cudnn, form);
      return plan ? std::to_string(algorithm(cudnn, *plan)) : "none";
    } catch (const Error& error) {
      ++refused_;
      std::cerr << error.what() << '\n';
      return "refused";
    }
  }

  const std::string word_;
  int refused_ = 0;
};

const char* name_of(Convolution::Kind kind) {
  return kind == Convolution::Kind::forward         ? "forward"
         : kind == Convolution::Kind::backward_data ? "of input"
                                                    : "of weight";
}

void convolutions(Table& table, bool quick) {
  static const std::byte any{};
  Convolution c;
  for (const auto& [in, out, extent, kernel] : std::vector<std::array<int64_t, 4>>{
           {3, 64, 256, 3}, {64, 64, 256, 3}, {512, 512, 32, 3}, {64, 2, 256, 1}}) {
    if (quick && in != 64) continue;
    c.batch = 4;
    c.in_channels = in;
    c.out_channels = out;
    c.input = c.output = {extent, extent};
    c.kernel = {kernel, kernel};
    c.stride = c.dilation = {1, 1};
    c.before = {kernel / 2, kernel / 2};
    for (const DType type : {f32, bf16, f16}) {
      for (const MemoryFormat format : {MemoryFormat::row_major, MemoryFormat::channels_last}) {
        for (const auto kind : {Convolution::Kind::forward, Convolution::Kind::backward_data,
                                Convolution::Kind::backward_weight}) {
          for (const bool bias : {false, true}) {
            if (bias && kind != Convolution::Kind::forward) continue;
            if (quick && (type == f16 || kernel == 1)) continue;
            c.type = type;
            c.format = format;
            c.kind = kind;
            c.bias = bias ? &any : nullptr;
            table.line(fmt::format("convolution {0} -> {1} {2}x{2} {3} {4} {5}{6}", in, out, kernel,
                                   tessera::name_of(type),
                                   format == MemoryFormat::row_major ? "rows" : "channels-last",
                                   name_of(kind), bias ? " + bias" : ""),
                       c);
          }
        }
      }
    }
  }
}

void attention(Table& table, bool quick) {
  Attention a;
  for (const auto& [heads, queries, keys, width, value_width] : std::vector<std::array<int64_t, 5>>{
           {16, 1024, 1024, 64, 64}, {12, 200, 300, 40, 72}, {32, 4096, 77, 128, 128}}) {
    for (const DType type : {bf16, f16}) {
      for (const bool causal : {false, true}) {
        for (const auto kind : {Attention::Kind::forward, Attention::Kind::backward}) {
          if (quick && (heads != 16 || type == f16)) continue;
          a.kind = kind;
          a.type = type;
          a.causal = causal;
          a.heads = heads;
          a.queries = queries;
          a.keys = keys;
          a.width = width;
          a.value_width = value_width;
          table.line(
              fmt::format("attention {} x {} x {}, {} and {} {}{} {}", heads, queries, keys, width,
                          value_width, tessera::name_of(type), causal ? " causal" : "",
                          kind == Attention::Kind::forward ? "forward" : "backward"),
              a);
        }
      }
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::string word;
  bool quick = false;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    argument == "--quick" ? void(quick = true) : void(word = argument);
  }
  // cuDNN compiles nothing without a driver that could load it.
  dlopen(TESSERA_ABSENT_GPU, RTLD_NOW | RTLD_GLOBAL);
  real = load_cudnn();
  if (!real.cudnnGetVersion || real.cudnnGetVersion() < 91100) {
    std::cout << "cudnn_plans: cuDNN 9.11 or newer must be installed\n";
    return 77;
  }
  std::string head = fmt::format("{:58}", fmt::format("cuDNN {}", real.cudnnGetVersion()));
  for (const Gpu& gpu : kGpus) head += fmt::format("{:>8}", gpu.name);
  std::cout << head << '\n';
  Table table(word);
  attention(table, quick);
  convolutions(table, quick);
  return table.refused() == 0 ? 0 : 1;
}

#else

int main() {
  std::cout << "cudnn_plans: tessera must be built with cuDNN 9.11 or newer\n";
  return 77;
}

#endif
