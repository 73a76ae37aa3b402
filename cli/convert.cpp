#include "cli/command.h"
#include "cli/volume_job.h"

namespace tessera::cli {

namespace {

struct ConvertConfig : VolumeSettings {
  template <class Config, class F>
  static void fields(Config& c, F f) {
    names(c, f);
    ways(c, f);
  }
};

int convert(const ConvertConfig& config) {
  return run_volume_job("convert", "converted", config, [](io::Volume volume) { return volume; });
}

}  // namespace

void add_convert(CLI::App& program, int& status) {
  add_verb<ConvertConfig>(
      program, status,
      {.name = "convert",
       .summary = "volumes from one format to another, with their geometry",
       .examples = "  tessera convert brain.mha --out brain.nii.gz\n"
                   "  tessera convert nrrd_files --out nifti_files --format nii.gz\n"
                   "  tessera convert dicom_series --out ct.nii.gz",
       .run = convert,
       .positional = "input"});
}

}  // namespace tessera::cli
