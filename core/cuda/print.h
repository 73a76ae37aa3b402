#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cuda/launch.h"
#include "core/program.h"

namespace tessera::cuda {

// A program as CUDA C, and what a launch of it needs. The text depends on the structure of the
// program alone: extents, strides and bounds are numbers among the parameters, so one kernel serves
// every size. It defines `tessera_program` and, where a reduction may be cut into parts that are
// joined afterwards, `tessera_join`; both take Args (core/cuda/kernel.h): the program's arrays,
// the partial results (parts * outputs, `partial_bytes` each; null when there is one part), then
// `numbers`.
struct Printed {
  std::string text;
  // Programs without reductions: a text whose one kernel computes up to `most` programs of this
  // text, from parameters { int64_t first_block[most]; Args each[most]; }.
  std::string text_for_many;
  int64_t most = 1;
  std::vector<int64_t> numbers;
  int64_t blocks = 0;  // of 256 threads; 0 when there is nothing to compute
  int64_t parts = 1;
  int64_t outputs = 0;  // results that are joined, when there is more than one part
  int64_t partial_bytes = 0;
};

Printed print(const Program& program);

// Bytes that a program without reductions reads or writes of the array in a slot.
struct Touched {
  int slot;
  int64_t begin, end;
  bool written;
};
std::vector<Touched> touched_by(const Program& program);

}  // namespace tessera::cuda
