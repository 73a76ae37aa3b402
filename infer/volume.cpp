#include "infer/volume.h"

#include <algorithm>

#include "io/volume_slices.h"
#include "ops/unary.h"

namespace tessera::infer {

io::Volume segment_volume(std::span<const Model> models, const io::Volume& volume,
                          const PredictOptions& options, const std::string& name,
                          const std::function<void()>& each) {
  const int axis = io::through_plane_axis(volume.geometry);
  const auto [depth, height, width] = io::extents_of(volume.voxels.shape());
  const Shape shape{depth, height, width}, strides = row_major_strides(shape);
  const int rows = axis == 0 ? 1 : 0, columns = axis == 2 ? 1 : 2;  // the axes of a slice
  std::vector<int32_t> labels(static_cast<size_t>(shape.numel()));
  for (int64_t i = 0; i < shape[axis]; ++i) {
    const io::Image slice = io::slice_image(volume, axis, i, name);
    const io::LabelMap map = io::best_class(probabilities(models, slice, options));
    for (int64_t h = 0; h < map.height; ++h) {
      for (int64_t w = 0; w < map.width; ++w) {
        labels[static_cast<size_t>(i * strides[axis] + h * strides[rows] + w * strides[columns])] =
            map.at(h, w);
      }
    }
    if (each) each();
  }
  apply_(labels, shape, models[0].spec.classes, models[0].postprocess);
  constexpr int64_t kBytes = 256;
  const Tensor voxels = tensor<int32_t>(labels, shape);
  return {models[0].spec.classes <= kBytes ? cast(voxels, u8) : voxels, volume.geometry};
}

int64_t memory_bound(std::span<const Model> models, const io::Volume& volume,
                     const PredictOptions& options) {
  const int axis = io::through_plane_axis(volume.geometry);
  const auto [count, slice] = io::slice_size(volume, axis, "memory_bound");
  int64_t network = 0;
  for (const Model& model : models) {
    network = std::max(network, memory_bound(model, slice.height, slice.width, options));
  }
  const int64_t pixels = slice.height * slice.width, classes = models[0].spec.classes;
  // Scores of a slice for a model and their mean; labels while they are computed and as a result.
  return network + 2 * classes * pixels * size_of(f32) +
         volume.voxels.numel() * size_of(volume.voxels.dtype()) +
         count * pixels * (2 * size_of(i32));
}

}  // namespace tessera::infer
