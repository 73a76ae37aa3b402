#pragma once

#include <string>
#include <vector>

#include "io/volume.h"

namespace tessera::testing {

// shift, 1 + shift, 2 + shift, ...: the voxels of the fixtures of volumes.
std::vector<double> count(size_t n, double shift = 0);

// A volume [2, 3, 2] of such voxels, turned in space, with exact numbers.
io::Volume example_volume(DType dtype = i32);

// The geometry must be the affine which `facts`, a JSON file of fixtures, has for `name`: its
// columns are in the order of the file, x first.
void check_affine(const io::Volume& volume, const std::string& facts, const std::string& name);

// `text`, a header, with `to` in the place of the first `from`, which must be there.
std::string replaced(std::string text, const std::string& from, const std::string& to);

// Voxels and geometry must be the same, and the dtypes too.
void check_equal(const io::Volume& got, const io::Volume& expected);

// Volumes of every dtype, and of 2 to 5 axes, are written to a file of that name and read again:
// with the same geometry, and the same voxels, halves as f32 and bool as u8.
void check_round_trip(const std::string& file_name, bool compress);

// What was stored as integers is stored so again, unless it does not fit any more.
void check_stored_types(const std::string& file_name);

}  // namespace tessera::testing
