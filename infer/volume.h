#pragma once

#include <functional>
#include <span>

#include "infer/model.h"
#include "io/volume.h"

namespace tessera::infer {

// The classes of the voxels of a volume [D, H, W] or [C, D, H, W], u8 [D, H, W] (i32 where there
// are more than 256), where the volume is. The networks see the slices across the axis along which
// voxels are farthest apart, as in training; the first model's post-processing sees the whole. One
// slice's probabilities are in memory at a time. `each` is called after every slice. Throws Error
// beginning with `name` when a slice cannot be read.
io::Volume segment_volume(std::span<const Model> models, const io::Volume& volume,
                          const PredictOptions& options, const std::string& name,
                          const std::function<void()>& each = {});

// About the memory, in bytes, that this takes at most, with the volume and its result.
int64_t memory_bound(std::span<const Model> models, const io::Volume& volume,
                     const PredictOptions& options);

}  // namespace tessera::infer
