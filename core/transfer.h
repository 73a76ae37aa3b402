#pragma once

#include <cstddef>
#include <memory>

#include "core/tensor.h"

namespace tessera {

class Parcel;

// x on `device`: x itself if it is there, else a copy, for which x is computed now. Gradients flow
// back to where x is. Same as torch.Tensor.to(device). Throws Error when the device is not there or
// has no memory left.
Tensor to(const Operand& x, Device device);

// Values on their way to a device. Any thread may make one, which copies them; where the device is
// a GPU, to memory from which it copies by itself while the processor goes on.
class Staged {
 public:
  Staged() = default;
  // shape.numel() elements of that type, row-major.
  Staged(const void* values, const Shape& shape, DType dtype, Device device);
  bool defined() const { return parcel_ != nullptr; }

  // The tensor on the device, as tensor(values, shape) makes it. Does not wait for the copy. Once
  // at most.
  Tensor arrive();

 private:
  Shape shape_;
  DType dtype_ = f32;
  Device device_;
  std::shared_ptr<Parcel> parcel_;
};

// The elements of an evaluated node, row-major, where the processor can read them: copied from
// another device when the first reader asks. Valid as long as the node is.
const std::byte* host_data(const Node& node);

}  // namespace tessera
