#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "core/tensor.h"
#include "io/element_type.h"
#include "io/geometry.h"

namespace tessera::io {

// A picture of the inside of something.
//
// voxels  [D, H, W] or [H, W]; more axes (time, channels) stand in front: [T, D, H, W], and
//         [3, 1, H, W] for a coloured picture. The last axis is the fastest one of the file, which
//         tools in Python call x or i: voxels[d, h, w] is nibabel's array[w, h, d] and SimpleITK's
//         array[d, h, w]
struct Volume {
  Tensor voxels;
  Geometry geometry = {};  // of a picture [H, W]: d is across it
  // How the numbers were stored, when voxels are wider than that: i16 is read as i32. They are
  // written so again if they fit.
  std::optional<ElementType> stored = {};
};

// Extents [D, H, W] of a volume [..., D, H, W] or picture [H, W], whose D is 1.
using Extents = std::array<int64_t, 3>;
Extents extents_of(const Shape& shape);
// The same. Throws Error, beginning with `name`, for fewer axes or when there are no voxels.
Extents extents_of(const Shape& shape, const std::string& name);

// Whether the name, in small or capital letters, ends as one that load_volume reads: .nii, .nii.gz,
// .mha, .mhd, .nrrd, .nhdr, .tif, .tiff, .npy, .npz, .dcm, and the pictures .png, .jpg, .jpeg,
// .bmp, .pgm and .ppm.
bool is_volume_name(const std::filesystem::path& path);

// Whether files of that name hold spacing, origin and direction.
bool keeps_geometry(const std::filesystem::path& path);

// The name without the folder and such an ending: "brain" for "set/brain.nii.gz".
std::string volume_stem(const std::filesystem::path& path);

// Reads a volume, by the ending of its name: see nifti.h, metaimage.h, nrrd.h, tiff.h and npy.h; a
// folder is read as a DICOM series (dicom.h), and .dcm as a slice of one. Of .npz, the array
// "voxels" (with "affine", if that is there) or the only one. Pictures give their samples as they
// are stored, with a palette the indices: [H, W], or [C, 1, H, W] of several channels.
//
// Throws Error naming the file for an unknown ending, and as those readers do.
Volume load_volume(const std::filesystem::path& path);

// Writes a volume, by the ending of the name; all but .jpg, .jpeg, .bmp and .dcm can be.
// `compress` packs the voxels where the format can; .nii.gz is always packed, and .nii never.
// Files appear whole or not at all. Throws Error when the format cannot hold the voxels.
void save_volume(const Volume& volume, const std::filesystem::path& path, bool compress = true);

// The picture [H', W'] (axes in front kept) at `index` along axis 0 (d), 1 (h) or 2 (w) of a volume
// [..., D, H, W], with its place in the patient. Throws Error when there is no such slice.
Volume slice_of(const Volume& volume, int axis, int64_t index);

}  // namespace tessera::io
