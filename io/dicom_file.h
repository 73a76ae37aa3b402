#pragma once

#include <filesystem>
#include <string>

#include "io/element_type.h"
#include "io/geometry.h"

namespace tessera::io {

// One DICOM file, read by GDCM, when that was there while tessera was built.

// Whether GDCM is there.
bool dicom_supported();

// What the file says about its picture, in DICOM's coordinates (LPS).
//
// bytes  [frames, height, width, channels] numbers of `type`, which slope and intercept scale
struct DicomFile {
  int64_t frames = 1, height = 0, width = 0, channels = 1;
  ElementType type;
  double slope = 1, intercept = 0;
  FileAxes axes;            // of the first frame; the step to the next is a guess for single slices
  std::string series = "";  // SeriesInstanceUID
  std::string bytes = "";
};

// Whether the file has the mark of DICOM, "DICM" behind 128 bytes.
bool is_dicom(const std::filesystem::path& path);

// Throws Error naming the file when it has no picture, is damaged, or this build has no GDCM. GDCM
// runs in a process of its own, so that a hostile file ends that one only.
DicomFile read_dicom(const std::filesystem::path& path);

}  // namespace tessera::io
