#include "io/volume_slices.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "io/tiff.h"
#include "io/voxels.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

// Where the elements of a slice are in the array of the volume.
struct SliceFile {
  int64_t channels = 1, height = 0, width = 0;
  int64_t offset = 0, channel_step = 0, row_step = 0, column_step = 0;
};

void require_volume(const Volume& volume, const std::string& name) {
  require(volume.voxels.ndim() >= 2 && volume.voxels.numel() > 0,
          "{} must be a volume [D, H, W] or a picture [H, W], got shape {}", name,
          volume.voxels.shape());
}

SliceFile slice_at(const Volume& volume, int axis, int64_t index, const std::string& name) {
  require_volume(volume, name);
  const std::array<int64_t, 3> extents = extents_of(volume.voxels.shape());
  require(axis >= 0 && axis < 3 && index >= 0 && index < extents[static_cast<size_t>(axis)],
          "{}: there is no slice {} across axis {}", name, index, axis);
  const std::array<int64_t, 3> steps = {extents[1] * extents[2], extents[2], 1};
  const size_t row = axis == 0 ? 1 : 0, column = axis == 2 ? 1 : 2;
  const int64_t voxels = extents[0] * steps[0];
  return {.channels = volume.voxels.numel() / voxels,
          .height = extents[row],
          .width = extents[column],
          .offset = index * steps[static_cast<size_t>(axis)],
          .channel_step = voxels,
          .row_step = steps[row],
          .column_step = steps[column]};
}

// Calls f(value) for each element of a slice, channel by channel and row by row.
template <class F>
void visit(const Volume& volume, const SliceFile& slice, F f) {
  dispatch(volume.voxels.dtype(), [&]<class T>(T) {
    const auto values = volume.voxels.data<T>();
    const auto at = [&](int64_t c, int64_t h, int64_t w) {
      return values[static_cast<size_t>(slice.offset + c * slice.channel_step + h * slice.row_step +
                                        w * slice.column_step)];
    };
    for (int64_t c = 0; c < slice.channels; ++c)
      for (int64_t h = 0; h < slice.height; ++h)
        for (int64_t w = 0; w < slice.width; ++w) f(as_double(at(c, h, w)));
  });
}

}  // namespace

bool is_volume_file(const fs::path& path) {
  if (!is_image_name(path)) return is_volume_name(path);
  return has_ending(path, {".tif", ".tiff"}) && has_several_pages(path);
}

int through_plane_axis(const Geometry& geometry) {
  constexpr double kEqual = 1.01;
  int farthest = 0;
  for (int axis = 1; axis < 3; ++axis)
    if (geometry.spacing[static_cast<size_t>(axis)] >
        kEqual * geometry.spacing[static_cast<size_t>(farthest)])
      farthest = axis;
  return farthest;
}

SliceSize slice_size(const Volume& volume, int axis, const std::string& name) {
  const SliceFile slice = slice_at(volume, axis, 0, name);
  return {extents_of(volume.voxels.shape())[static_cast<size_t>(axis)],
          {slice.channels, slice.height, slice.width}};
}

Image slice_image(const Volume& volume, int axis, int64_t index, const std::string& name) {
  const SliceFile slice = slice_at(volume, axis, index, name);
  const float scale = volume.voxels.dtype() == u8 ? 1.0F / 255 : 1;
  Image image(slice.channels, slice.height, slice.width);
  size_t at = 0;
  visit(volume, slice, [&](double value) {
    require(std::isfinite(value), "{} holds {} in slice {}; all values must be finite", name, value,
            index);
    image.pixels[at++] = static_cast<float>(value) * scale;
  });
  return image;
}

LabelMap slice_labels(const Volume& volume, int axis, int64_t index, const std::string& name) {
  const SliceFile slice = slice_at(volume, axis, index, name);
  require(slice.channels == 1, "{} must have one channel, got {}", name, slice.channels);
  LabelMap map(slice.height, slice.width);
  size_t at = 0;
  visit(volume, slice, [&](double value) {
    require(value >= 0 && value <= 65535 && value == std::floor(value),
            "{} holds {}, but class indices must be whole numbers from 0 to 65535", name, value);
    map.labels[at++] = static_cast<int32_t>(value);
  });
  return map;
}

double geometry_distance(const Geometry& a, const Geometry& b,
                         const std::array<int64_t, 3>& extents) {
  double farthest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double squares = 0;
    for (size_t row = 0; row < 12; row += 4) {
      double apart = a.affine[row + 3] - b.affine[row + 3];
      for (size_t axis = 0; axis < 3; ++axis)
        if ((corner >> axis & 1) != 0)
          apart += static_cast<double>(extents[axis] - 1) *
                   (a.affine[row + axis] - b.affine[row + axis]);
      squares += apart * apart;
    }
    farthest = std::max(farthest, std::sqrt(squares));
  }
  return farthest;
}

bool same_geometry(const Geometry& a, const Geometry& b, const std::array<int64_t, 3>& extents) {
  const double finest = *std::min_element(a.spacing.begin(), a.spacing.end());
  return geometry_distance(a, b, extents) <= kSameGeometry * finest;
}

std::shared_ptr<const Volume> VolumeCache::load(const fs::path& path) {
  std::promise<Result> promise;
  std::shared_future<Result> result;
  bool mine = false;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[path];
    entry.used = ++clock_;
    mine = !entry.volume.valid();
    if (mine) {
      entry.volume = promise.get_future().share();
      ++reads_;
    }
    result = entry.volume;
  }
  if (mine) {
    try {
      promise.set_value(std::make_shared<const Volume>(load_volume(path)));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
    keep(path, result);
  }
  return result.get();
}

int64_t VolumeCache::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

// Notes how large the volume is that was read, and lets go of the ones not used for longest. One
// that could not be read is forgotten.
void VolumeCache::keep(const fs::path& path, const std::shared_future<Result>& result) {
  int64_t bytes = 0;
  try {
    const Tensor& voxels = result.get()->voxels;
    bytes = std::max<int64_t>(1, voxels.numel() * size_of(voxels.dtype()));
  } catch (...) {  // NOLINT(bugprone-empty-catch): whoever asked gets it from the future
  }
  const std::lock_guard lock(mutex_);
  if (bytes == 0) {
    entries_.erase(path);
    return;
  }
  entries_[path].bytes = bytes;
  held_ += bytes;
  while (held_ > bytes_ && entries_.size() > least_) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
      if (entry->second.bytes > 0 && entry->first != path &&
          (oldest == entries_.end() || entry->second.used < oldest->second.used))
        oldest = entry;
    if (oldest == entries_.end()) return;
    held_ -= oldest->second.bytes;
    entries_.erase(oldest);
  }
}

}  // namespace tessera::io
