// A CUDA driver without a GPU, for programs that ask what a library would do on one: it takes
// kernels that it is given to load, and refuses everything else.

using Result = int;
constexpr Result kFine = 0, kNoDevice = 100;

extern "C" {

#define TESSERA_LOADS(name)         \
  Result name(void** loaded, ...) { \
    static int any;                 \
    *loaded = &any;                 \
    return kFine;                   \
  }
TESSERA_LOADS(cuLibraryLoadData)
TESSERA_LOADS(cuLibraryGetKernel)
TESSERA_LOADS(cuModuleLoadData)
TESSERA_LOADS(cuModuleLoadDataEx)
TESSERA_LOADS(cuModuleGetFunction)

#define TESSERA_COUNTS(name)     \
  Result name(int* count, ...) { \
    *count = 1;                  \
    return kFine;                \
  }
TESSERA_COUNTS(cuKernelGetAttribute)
TESSERA_COUNTS(cuFuncGetAttribute)
TESSERA_COUNTS(cuOccupancyMaxActiveBlocksPerMultiprocessor)
TESSERA_COUNTS(cuOccupancyMaxPotentialClusterSize)

#define TESSERA_SUCCEEDS(name) \
  Result name(...) {           \
    return kFine;              \
  }
TESSERA_SUCCEEDS(cuKernelSetAttribute)
TESSERA_SUCCEEDS(cuFuncSetAttribute)
TESSERA_SUCCEEDS(cuLibraryUnload)
TESSERA_SUCCEEDS(cuModuleUnload)

#define TESSERA_FAILS(name) \
  Result name(...) {        \
    return kNoDevice;       \
  }
TESSERA_FAILS(cuInit)
TESSERA_FAILS(cuDriverGetVersion)
TESSERA_FAILS(cuDeviceGet)
TESSERA_FAILS(cuDeviceGetCount)
TESSERA_FAILS(cuDeviceGetAttribute)
TESSERA_FAILS(cuDevicePrimaryCtxRetain)
TESSERA_FAILS(cuDevicePrimaryCtxRelease)
TESSERA_FAILS(cuDevicePrimaryCtxReset)
TESSERA_FAILS(cuCtxGetCurrent)
TESSERA_FAILS(cuCtxGetDevice)
TESSERA_FAILS(cuCtxGetLimit)
TESSERA_FAILS(cuCtxPushCurrent)
TESSERA_FAILS(cuCtxPopCurrent)
TESSERA_FAILS(cuGetErrorName)
TESSERA_FAILS(cuGetErrorString)
TESSERA_FAILS(cuGetProcAddress)
TESSERA_FAILS(cuGetProcAddress_v2)
TESSERA_FAILS(cuLaunchKernel)
TESSERA_FAILS(cuLaunchKernelEx)
TESSERA_FAILS(cuLaunchCooperativeKernel)
TESSERA_FAILS(cuLibraryLoadFromFile)
TESSERA_FAILS(cuLinkCreate)
TESSERA_FAILS(cuLinkCreate_v2)
TESSERA_FAILS(cuLinkAddData)
TESSERA_FAILS(cuLinkAddData_v2)
TESSERA_FAILS(cuLinkAddFile_v2)
TESSERA_FAILS(cuLinkComplete)
TESSERA_FAILS(cuLinkDestroy)
TESSERA_FAILS(cuMemcpyDtoH_v2)
TESSERA_FAILS(cuModuleLoadFatBinary)
TESSERA_FAILS(cuModuleGetGlobal_v2)
TESSERA_FAILS(cuStreamGetCtx)
TESSERA_FAILS(cuStreamSynchronize)
TESSERA_FAILS(cuTensorMapEncodeTiled)

}  // extern "C"
