#include "io/volume.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "io/dicom.h"
#include "io/metaimage.h"
#include "io/nifti.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/nrrd.h"
#include "io/picture_volume.h"
#include "io/text_numbers.h"
#include "io/tiff.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

namespace fs = std::filesystem;

Volume load_npy_volume(const fs::path& path) {
  Volume volume{load_npy(path)};
  require(volume.voxels.ndim() >= 2, "load: {}: a volume has 2 axes or more, got {}", path.string(),
          volume.voxels.shape());
  return volume;
}

void save_npy_volume(const Volume& volume, const fs::path& path, bool) {
  save_npy(volume.voxels, path);
}

Volume load_npz_volume(const fs::path& path) {
  const Archive archive = load_npz(path);
  const auto named = archive.tensors.find("voxels");
  require(named != archive.tensors.end() || archive.tensors.size() == 1,
          "load: {}: of several arrays, one must be named 'voxels'", path.string());
  Volume volume{named != archive.tensors.end() ? named->second : archive.tensors.begin()->second};
  require(volume.voxels.ndim() >= 2, "load: {}: a volume has 2 axes or more, got {}", path.string(),
          volume.voxels.shape());
  const auto affine = archive.tensors.find("affine");
  if (affine == archive.tensors.end()) return volume;
  require(affine->second.shape() == Shape{4, 4}, "load: {}: the affine must be [4, 4], got {}",
          path.string(), affine->second.shape());
  const std::vector<double> values = affine->second.to_vector<double>();
  FileAxes axes;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t axis = 0; axis < 3; ++axis) axes.steps[axis][row] = values[4 * row + 2 - axis];
    axes.origin[row] = values[4 * row + 3];
  }
  volume.geometry = geometry_of(axes, World::ras, "load: " + path.string());
  return volume;
}

void save_npz_volume(const Volume& volume, const fs::path& path, bool compress) {
  const Tensor affine = tensor<double>(volume.geometry.affine, {4, 4});
  save_npz({{{"voxels", volume.voxels}, {"affine", affine}}, {}}, path, compress);
}

struct Format {
  std::vector<const char*> endings;
  bool geometry;
  Volume (*load)(const fs::path&);
  void (*save)(const Volume&, const fs::path&, bool compress);
};

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {{".nii.gz", ".nii"},
       true,
       load_nifti,
       [](const Volume& volume, const fs::path& path, bool) { save_nifti(volume, path); }},
      {{".mha", ".mhd"}, true, load_metaimage, save_metaimage},
      {{".nrrd", ".nhdr"}, true, load_nrrd, save_nrrd},
      {{".tif", ".tiff"}, false, load_tiff, save_tiff},
      {{".dcm"}, true, load_dicom, nullptr},
      {{".npz"}, true, load_npz_volume, save_npz_volume},
      {{".npy"}, false, load_npy_volume, save_npy_volume},
      {{".png", ".pgm", ".ppm"},
       false,
       load_picture_volume,
       [](const Volume& volume, const fs::path& path, bool) { save_picture_volume(volume, path); }},
      {{".jpg", ".jpeg", ".bmp"}, false, load_picture_volume, nullptr},
  };
  return all;
}

// The format of a name, and its ending; null when there is none.
std::pair<const Format*, std::string_view> find_format(const fs::path& path) {
  for (const Format& format : formats()) {
    for (const char* ending : format.endings) {
      if (has_ending(path, {ending})) return {&format, ending};
    }
  }
  return {nullptr, ""};
}

std::string known_endings(bool writable) {
  std::vector<std::string> endings;
  for (const Format& format : formats()) {
    if (writable && !format.save) continue;
    endings.insert(endings.end(), format.endings.begin(), format.endings.end());
  }
  return fmt::format("{}", fmt::join(endings, " "));
}

}  // namespace

bool is_volume_name(const fs::path& path) {
  return find_format(path).first != nullptr;
}

bool keeps_geometry(const fs::path& path) {
  const Format* format = find_format(path).first;
  return format != nullptr && format->geometry;
}

std::string volume_stem(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.substr(0, name.size() - find_format(path).second.size());
}

Volume load_volume(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return load_dicom(path);
  const Format* format = find_format(path).first;
  require(format != nullptr, "load: {}: volumes are read from {}", path.string(),
          known_endings(false));
  return format->load(path);
}

void save_volume(const Volume& volume, const fs::path& path, bool compress) {
  const Format* format = find_format(path).first;
  require(format != nullptr && format->save != nullptr,
          "save: {}: volumes are written to {}; choose one of these endings", path.string(),
          known_endings(true));
  format->save(volume, path, compress);
}

Extents extents_of(const Shape& shape) {
  const int n = shape.ndim();
  return {n > 2 ? shape[n - 3] : 1, shape[n - 2], shape[n - 1]};
}

Extents extents_of(const Shape& shape, const std::string& name) {
  require(shape.ndim() >= 2 && shape.numel() > 0,
          "{}: a volume [D, H, W] or a picture [H, W] is needed, got {}", name, shape);
  return extents_of(shape);
}

Volume slice_of(const Volume& volume, int axis, int64_t index) {
  const Shape& shape = volume.voxels.shape();
  require(shape.ndim() >= 3 && 0 <= axis && axis < 3,
          "slice_of: a volume [..., D, H, W] and an axis 0, 1 or 2 are needed, got {} and {}",
          shape, axis);
  const int cut = shape.ndim() - 3 + axis;
  require(0 <= index && index < shape[cut], "slice_of: index {} is not among {} slices", index,
          shape[cut]);
  const Layout whole = Layout::row_major(shape);
  const Layout layout{shape.without(cut), whole.strides.without(cut), index * whole.strides[cut]};
  Volume slice{{}, volume.geometry};
  dispatch(volume.voxels.dtype(), [&]<class T>(T) {
    const auto raw = std::as_bytes(volume.voxels.data<T>());
    slice.voxels = make_tensor({reinterpret_cast<const char*>(raw.data()), raw.size()},
                               ElementType::of(volume.voxels.dtype()), layout, "slice_of");
  });

  // The axis that was cut becomes d, across the picture; the others keep their order.
  const size_t order[3] = {static_cast<size_t>(axis), axis == 0 ? 1u : 0u, axis == 2 ? 1u : 2u};
  for (size_t i = 0; i < 3; ++i) {
    slice.geometry.spacing[i] = volume.geometry.spacing[order[i]];
    for (size_t row = 0; row < 12; row += 4) {
      slice.geometry.affine[row + i] = volume.geometry.affine[row + order[i]];
    }
  }
  for (size_t row = 0; row < 12; row += 4) {
    slice.geometry.affine[row + 3] += static_cast<double>(index) * slice.geometry.affine[row];
  }
  return slice;
}

}  // namespace tessera::io
