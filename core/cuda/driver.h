#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tessera::cuda {

// What is known about a GPU.
struct GpuInfo {
  std::string name;
  int architecture = 0;  // 10 times the compute capability: 90 for 9.0
  int64_t memory = 0;    // bytes
};

// A kernel that was loaded, a mark in the stream, and launches that were recorded; only the driver
// that made them knows what they are.
using Function = void*;
using Event = void*;
using Recording = void*;

// One launch of a kernel: blocks of `threads` threads; all parameters are one struct.
struct Launch {
  Function function = nullptr;
  unsigned blocks_x = 1, blocks_y = 1, threads = 1;
  const void* parameters = nullptr;
  size_t parameter_bytes = 0;
};

// What tessera asks of the CUDA driver, for one GPU and one stream: everything that does not return
// a value is done later, in the order of the calls. The seam between the backend and the GPU: tests
// put a driver in its place whose memory is the processor's. Failures are Errors that name the
// call.
class Driver {
 public:
  virtual ~Driver() = default;

  virtual const GpuInfo& info() const = 0;

  // Memory of the GPU; nullptr when there is none left. Freeing waits for the stream.
  virtual std::byte* allocate(int64_t bytes) = 0;
  virtual void free(std::byte* block) = 0;

  // Memory of the processor that the GPU copies from and to by itself.
  virtual std::byte* allocate_pinned(int64_t bytes) = 0;
  virtual void free_pinned(std::byte* block) = 0;

  virtual void copy_in(std::byte* to, const std::byte* pinned, int64_t bytes) = 0;
  virtual void copy_out(std::byte* pinned, const std::byte* from, int64_t bytes) = 0;

  virtual void synchronize() = 0;  // waits for all that was asked for

  // A mark at the end of what was asked for so far, and waiting until it is reached.
  virtual Event make_event() = 0;
  virtual void record(Event event) = 0;
  virtual void wait(Event event) = 0;

  // Loads compiled code, for the rest of the program's life, and finds a kernel in it.
  virtual void* load(const std::string& image) = 0;
  virtual Function function(void* module, const char* name) = 0;
  virtual void launch(const Launch& launch) = 0;

  // Between these two nothing is done: launches are recorded, also those of libraries, to be
  // replayed as a whole and in their order. Nothing else may be asked for. Null when the driver
  // cannot record them.
  virtual void begin_recording() = 0;
  virtual Recording end_recording() = 0;
  virtual void replay(Recording recording) = 0;
  virtual void forget(Recording recording) = 0;  // waits for the stream

  // The stream as NVIDIA's libraries take it (a CUstream), with the GPU as the one that the calling
  // thread's next calls of them are for.
  virtual void* native_stream() = 0;
};

// Number of GPUs; 0 when there is no driver.
int gpu_count();

// The driver of GPU number `index`. Throws Error when it is not there, saying why.
std::unique_ptr<Driver> open_driver(int index);

}  // namespace tessera::cuda
