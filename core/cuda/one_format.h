#pragma once

#include <deque>
#include <span>
#include <vector>

#include "core/cuda/stream.h"
#include "core/op.h"

namespace tessera::cuda {

// The format in which a kernel op is computed: the one it is faster with, or that of its result.
MemoryFormat common_format(const KernelOp& op, std::span<const Array> inputs, const Array& output);

// The arrays of one call of a kernel op in one memory format: inputs that lie otherwise are copied
// in the stream, and `deliver` copies the result to where it was asked for.
class InOneFormat {
 public:
  InOneFormat(Stream& stream, MemoryFormat format, std::span<const Array> inputs,
              const Array& output);
  std::span<const Array> inputs() const { return inputs_; }
  const Array& output() const { return output_; }
  void deliver();

 private:
  Array in_scratch(const Array& array);
  void copy(const Array& from, const Array& to);

  Stream& stream_;
  const MemoryFormat format_;
  const Array target_;
  std::deque<Stream::Scratch> scratch_;
  std::vector<Array> inputs_;
  Array output_;
};

}  // namespace tessera::cuda
