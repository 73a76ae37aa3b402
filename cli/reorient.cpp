#include "io/reorient.h"

#include "cli/command.h"
#include "cli/volume_job.h"

namespace tessera::cli {

namespace {

struct ReorientConfig : VolumeSettings {
  std::string to = "RAS";

  template <class Config, class F>
  static void fields(Config& c, F f) {
    names(c, f);
    f("to", c.to, "where x, y and z of the file shall go: one of L R, of A P and of I S each");
    ways(c, f);
  }
};

int reorient(const ReorientConfig& config) {
  return run_volume_job("reorient", "reoriented", config,
                        [&](const io::Volume& volume) { return io::reorient(volume, config.to); });
}

}  // namespace

void add_reorient(CLI::App& program, int& status) {
  add_verb<ReorientConfig>(
      program, status,
      {.name = "reorient",
       .summary = "turn and flip the axes of volumes; voxels are moved, none is computed",
       .examples = "  tessera reorient brain.nii.gz --to RAS --out brain_ras.nii.gz\n"
                   "  tessera reorient scans --to LPS --out scans_lps",
       .run = reorient,
       .positional = "input"});
}

}  // namespace tessera::cli
