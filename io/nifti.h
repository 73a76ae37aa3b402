#pragma once

#include <filesystem>

#include "io/volume.h"

namespace tessera::io {

// Whether the name ends in .nii or .nii.gz, in small or capital letters.
bool is_nifti_name(const std::filesystem::path& path);

// Reads NIfTI-1 and NIfTI-2, .nii and .nii.gz, in either order of bytes. Voxels that the header
// scales (scl_slope, scl_inter) become f32, or f64 when they are stored as 4-byte integers or
// wider; all others keep their type, with i8, i16 and u16 as i32, u32 and u64 as i64. RGB and RGBA
// voxels become an axis of 3 or 4 channels in front. Axes of extent 1 behind the third are dropped.
//
// Throws Error naming the file and what is wrong: another format, damage, fewer voxels than the
// header says, complex voxels. The memory taken is bounded by what the header says, and that by
// the length of the file (1032 times it, when compressed).
Volume load_nifti(const std::filesystem::path& path);

// Writes NIfTI-1, compressed when the name ends in .gz; the file appears whole or not at all. f16
// and bf16 are written as f32, bool as u8, integers as they were stored (Volume::stored). Throws
// Error for more than seven axes or fewer than two.
void save_nifti(const Volume& volume, const std::filesystem::path& path);

}  // namespace tessera::io
