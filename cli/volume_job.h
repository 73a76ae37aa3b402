#pragma once

#include <functional>
#include <string>

#include "io/volume.h"

namespace tessera::cli {

// What convert, reorient and resample have in common: one volume or a folder of them, each read,
// changed, and written under another name.
struct VolumeSettings {
  std::string input, out, format;
  bool compress = true, force = false, quiet = false;
  int64_t threads = 0;

  // The settings in front of those of the verb, and those behind.
  template <class Config, class F>
  static void names(Config& c, F f) {
    f("input", c.input, "volume, folder of volumes, or folder of a DICOM series");
    f("out", c.out, "file to write, or folder for the volumes");
    f("format", c.format,
      "ending of files in the folder --out: nii.gz, mha, nrrd, ...; "
      "empty: that of the input");
  }
  template <class Config, class F>
  static void ways(Config& c, F f) {
    f("compress", c.compress, "pack voxels where the format can (.nii.gz is always packed)");
    f("force", c.force, "replace files that exist");
    f("threads", c.threads, "that compute; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

// Does the work and says so: `done` is the verb's past, "converted". A volume that cannot be read
// or written does not keep the others from it. Returns the exit status; throws Error before
// anything is written when a file exists that --force does not allow to replace, and behind when
// some volumes were left out.
int run_volume_job(const char* verb, const char* done, const VolumeSettings& settings,
                   const std::function<io::Volume(io::Volume)>& change);

}  // namespace tessera::cli
