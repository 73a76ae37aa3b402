#include "core/cuda/one_format.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/memory_format.cu.inc"

namespace tessera::cuda {

namespace {

using enum MemoryFormat;

bool lies_otherwise(const Array& array, MemoryFormat format) {
  return array.format != format && !same_in_both_formats(array.shape);
}

// Arrays of fewer than three axes have no other name for what they are.
MemoryFormat named(const Array& array, MemoryFormat format) {
  return array.shape.ndim() < 3 ? row_major : format;
}

}  // namespace

MemoryFormat common_format(const KernelOp& op, std::span<const Array> inputs, const Array& output) {
  if (op.formats() == KernelOp::Formats::channels_last) return channels_last;
  if (op.formats() == KernelOp::Formats::row_major) return row_major;
  if (!same_in_both_formats(output.shape)) return output.format;
  const bool any = std::ranges::any_of(
      inputs, [](const Array& input) { return lies_otherwise(input, row_major); });
  return any ? channels_last : row_major;
}

InOneFormat::InOneFormat(Stream& stream, MemoryFormat format, std::span<const Array> inputs,
                         const Array& output)
    : stream_(stream), format_(format), target_(output), output_(output) {
  for (const Array& input : inputs) {
    inputs_.push_back(input);
    if (lies_otherwise(input, format)) {
      inputs_.back() = in_scratch(input);
      copy(input, inputs_.back());
    }
    inputs_.back().format = named(input, format);
  }
  if (lies_otherwise(output, format)) output_ = in_scratch(output);
  output_.format = named(output, format);
}

void InOneFormat::deliver() {
  if (lies_otherwise(target_, format_)) copy(output_, target_);
}

Array InOneFormat::in_scratch(const Array& array) {
  scratch_.emplace_back(stream_, array.numel() * size_of(array.dtype));
  Array moved = array;
  moved.data = scratch_.back().data();
  moved.format = format_;
  return moved;
}

void InOneFormat::copy(const Array& from, const Array& to) {
  if (from.numel() == 0) return;
  const int64_t channels = from.shape[1];
  const int64_t pixels = from.shape.slice(2, from.shape.ndim()).numel();
  const bool spread = from.format == row_major;
  const memory_format::Matrices all{from.shape[0], spread ? channels : pixels,
                                    spread ? pixels : channels, from.data, to.data};
  stream_.launch("core/memory_format.cu.inc",
                 fmt::format("cuda::memory_format::transpose<uint{}_t>", 8 * size_of(from.dtype)),
                 {all.tiles()}, all);
}

}  // namespace tessera::cuda
