#pragma once

#include <string>
#include <vector>

#include "core/buffer.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace tessera {

// A block of memory in use, described by the tensor it was made for; views and other names of the
// same values share one block.
struct LiveTensor {
  int64_t bytes = 0;
  Shape shape;
  DType dtype = f32;
  std::string op;
  std::string line;  // file:line of the user, where known
  Device device = {};
};

// memory_stats() of a device; all zero for a GPU that was not used yet.
MemoryStats memory_stats(Device device);
void reset_peak_memory(Device device);
void empty_cache(Device device);

// The blocks in use, largest first. Blocks of running plans (arenas) are not among them.
std::vector<LiveTensor> live_tensors();

// "999 B", "12.30 MB".
std::string bytes_text(int64_t bytes);

// A table of the `most` largest, and how much memory is in use and cached in all:
//
//        bytes  value                op        line
//      4.19 MB  f32 [64, 16, 32, 32] conv2d    unet.cpp:31
//   ...
//   12.6 MB in use by 23 tensors, 21.0 MB at peak, 8.4 MB cached, 310 nodes
//
// Where GPUs are in use, each has a line of its own, and its tensors are marked.
std::string memory_report(size_t most = 20);

}  // namespace tessera
