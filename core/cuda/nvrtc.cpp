#include <vector>

#include "core/cuda/compiler.h"
#include "core/cuda/library.h"
#include "core/error.h"

#ifdef TESSERA_CUDA
#include <nvrtc.h>
#endif

namespace tessera::cuda {

#ifdef TESSERA_CUDA

namespace {

#define TESSERA_NVRTC_FUNCTION(name) \
  decltype(&::name) name = reinterpret_cast<decltype(&::name)>(library.function(#name))

class Nvrtc final : public Compiler {
 public:
  explicit Nvrtc(const Library& found) : library(found) {
    for (const Source& source : kernel_sources()) {
      names_.push_back(source.name);
      texts_.push_back(source.text);
    }
    for (const char* name : {"cmath", "cstdint", "limits", "numbers", "type_traits"}) {
      names_.push_back(name);
      texts_.push_back("#include \"core/cuda/standard.h\"\n");
    }
  }

  std::string version() const override {
    int major = 0, minor = 0;
    check(nvrtcVersion(&major, &minor), "nvrtcVersion");
    return fmt::format("nvrtc {}.{}", major, minor);
  }

  std::string compile(const std::string& text, int architecture) const override {
    nvrtcProgram program = nullptr;
    check(nvrtcCreateProgram(&program, text.c_str(), "program.cu", static_cast<int>(names_.size()),
                             texts_.data(), names_.data()),
          "nvrtcCreateProgram");
    const std::string target = fmt::format("--gpu-architecture=sm_{}", architecture);
    // Without fused multiply-add fused and single operations give the same bits.
    const char* options[] = {target.c_str(),    "--std=c++20",
                             "--fmad=false",    "--device-as-default-execution-space",
                             "--device-int128", "--diag-suppress=177"};
    const nvrtcResult result =
        nvrtcCompileProgram(program, static_cast<int>(std::size(options)), options);
    size_t bytes = 0;
    nvrtcGetProgramLogSize(program, &bytes);
    std::string log(bytes, '\0');
    nvrtcGetProgramLog(program, log.data());
    log.resize(log.find_last_not_of(std::string_view("\0\n ", 3)) + 1);
    std::string code;
    if (result == NVRTC_SUCCESS && log.empty()) {
      nvrtcGetCUBINSize(program, &bytes);
      code.resize(bytes);
      nvrtcGetCUBIN(program, code.data());
    }
    nvrtcDestroyProgram(&program);
    require(!code.empty(),
            "cuda: a kernel must compile for sm_{} without warnings, got {}:\n{}\n{}", architecture,
            nvrtcGetErrorString(result), log, text);
    return code;
  }

 private:
  void check(nvrtcResult result, const char* call) const {
    require(result == NVRTC_SUCCESS, "cuda: {} must succeed, got {}", call,
            nvrtcGetErrorString(result));
  }

  const Library library;
  TESSERA_NVRTC_FUNCTION(nvrtcVersion);
  TESSERA_NVRTC_FUNCTION(nvrtcGetErrorString);
  TESSERA_NVRTC_FUNCTION(nvrtcCreateProgram);
  TESSERA_NVRTC_FUNCTION(nvrtcDestroyProgram);
  TESSERA_NVRTC_FUNCTION(nvrtcCompileProgram);
  TESSERA_NVRTC_FUNCTION(nvrtcGetProgramLogSize);
  TESSERA_NVRTC_FUNCTION(nvrtcGetProgramLog);
  TESSERA_NVRTC_FUNCTION(nvrtcGetCUBINSize);
  TESSERA_NVRTC_FUNCTION(nvrtcGetCUBIN);
  std::vector<const char*> names_, texts_;
};

}  // namespace

std::unique_ptr<Compiler> open_nvrtc() {
  const Library library{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  require(library.found(), "cuda: NVRTC must be installed, got '{}'; install the CUDA toolkit",
          library.error());
  return std::make_unique<Nvrtc>(library);
}

#else

std::unique_ptr<Compiler> open_nvrtc() {
  fail("cuda: tessera was built without CUDA; build it where the CUDA toolkit is");
}

#endif

}  // namespace tessera::cuda
