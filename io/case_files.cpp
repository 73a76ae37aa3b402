#include "io/case_files.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/error.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

std::shared_ptr<const Volume> load(const fs::path& path, VolumeCache* volumes) {
  return volumes != nullptr ? volumes->load(path)
                            : std::make_shared<const Volume>(load_volume(path));
}

// A file as slices across an axis, and where it is in the patient.
struct OpenedFile {
  SliceSize slices;
  std::shared_ptr<const Volume> volume;  // null for pictures
};

OpenedFile open_file(const fs::path& path, int axis, VolumeCache& volumes) {
  if (!is_volume_file(path)) return {{1, read_image_size(path)}, nullptr};
  auto volume = volumes.load(path);
  return {slice_size(*volume, axis, "open_dataset: " + path.string()), std::move(volume)};
}

void require_alike(const OpenedFile& file, const OpenedFile& image, const fs::path& path,
                   const Case& one) {
  const SliceSize &a = file.slices, &b = image.slices;
  const auto text = [](const SliceSize& slices) {
    return (slices.count > 1 ? fmt::format("{} slices of ", slices.count) : "") +
           fmt::format("{}x{}", slices.size.height, slices.size.width);
  };
  require(a.count == b.count && a.size.height == b.size.height && a.size.width == b.size.width,
          "open_dataset: {} has {} pixels (height x width), but its image {} has {}; a mask must "
          "be as large as its image",
          path.string(), text(a), one.image.string(), text(b));
  if (!file.volume || !image.volume) return;
  const auto extents = extents_of(image.volume->voxels.shape());
  const Geometry &place = file.volume->geometry, &right = image.volume->geometry;
  require(same_geometry(right, place, extents),
          "open_dataset: {} lies elsewhere in the patient than {}: up to {:.3g} mm apart; mend "
          "spacing, origin or orientation of one, or let `tessera doctor` do it in a copy",
          path.string(), one.image.string(), geometry_distance(right, place, extents));
}

Image read_file_image(const fs::path& path, const Case& one, VolumeCache* volumes) {
  if (!is_volume_file(path)) return read_image(path);
  return slice_image(*load(path, volumes), one.axis, std::max<int64_t>(one.slice, 0),
                     "read_image: " + path.string());
}

}  // namespace

std::vector<Case> open_case(const Case& found, bool whole, VolumeCache& volumes) {
  Case one = found;
  const bool is_volume = is_volume_file(found.image);
  if (is_volume) one.axis = through_plane_axis(volumes.load(found.image)->geometry);
  if (whole) one.axis = 0;
  const OpenedFile image = open_file(found.image, one.axis, volumes);
  one.size = image.slices.size;
  one.depth = image.slices.count;
  for (const fs::path& path : found.further) {
    const OpenedFile file = open_file(path, one.axis, volumes);
    require_alike(file, image, path, one);
    one.size.channels += file.slices.size.channels;
  }
  if (!found.mask.empty() && (is_volume_file(found.mask) || one.depth > 1))
    require_alike(open_file(found.mask, one.axis, volumes), image, found.mask, one);
  if (whole) return {one};

  const int64_t count = one.depth;
  one.depth = 1;
  if (!is_volume) return {one};
  std::vector<Case> slices(static_cast<size_t>(count), one);
  for (int64_t i = 0; i < count; ++i) {
    Case& slice = slices[static_cast<size_t>(i)];
    slice.slice = i;
    slice.volume = found.name;
    if (count > 1) slice.name = fmt::format("{}_s{:03}", found.name, i);
    if (slice.group.empty()) slice.group = found.name;
  }
  return slices;
}

Image read_stored_image(const Case& one, VolumeCache* volumes) {
  Image image = read_file_image(one.image, one, volumes);
  for (const fs::path& path : one.further) {
    const Image more = read_file_image(path, one, volumes);
    require(more.height == image.height && more.width == image.width,
            "read_image: {} has {}x{} pixels (height x width), but {} has {}x{}; channels must be "
            "alike",
            path.string(), more.height, more.width, one.image.string(), image.height, image.width);
    image.channels += more.channels;
    image.pixels.insert(image.pixels.end(), more.pixels.begin(), more.pixels.end());
  }
  return image;
}

Volume read_stored_volume(const Case& one) {
  if (one.further.empty()) return load_volume(one.image);
  VolumeCache volumes(0, 1 + one.further.size());
  const int64_t channels = open_case(one, true, volumes)[0].size.channels;
  const auto first = volumes.load(one.image);
  std::vector<float> voxels;
  const auto append = [&](const fs::path& path) {
    const Tensor& more = volumes.load(path)->voxels;
    std::vector<float> values = more.to_vector<float>();
    if (more.dtype() == u8)  // as slice_image has it
      for (float& value : values) value /= 255;
    voxels.insert(voxels.end(), values.begin(), values.end());
  };
  append(one.image);
  for (const fs::path& path : one.further) append(path);
  const auto [depth, height, width] = extents_of(first->voxels.shape());
  return {tensor<float>(voxels, {channels, depth, height, width}), first->geometry};
}

LabelMap read_stored_mask(const Case& one, VolumeCache* volumes) {
  LabelMap mask = is_volume_file(one.mask) ? slice_labels(*load(one.mask, volumes), one.axis,
                                                          std::max<int64_t>(one.slice, 0),
                                                          "read_labels: " + one.mask.string())
                                           : read_labels(one.mask);
  require(mask.height == one.size.height && mask.width == one.size.width,
          "open_dataset: {} has {}x{} pixels (height x width), but its image {} has {}x{}; a mask "
          "must be as large as its image",
          one.mask.string(), mask.height, mask.width, one.image.string(), one.size.height,
          one.size.width);
  return mask;
}

}  // namespace tessera::io
