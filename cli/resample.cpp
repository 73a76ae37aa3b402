#include <algorithm>

#include "cli/command.h"
#include "cli/volume_job.h"
#include "core/error.h"
#include "core/nearest.h"
#include "io/resample_grid.h"
#include "io/resample_volume.h"
#include "io/text_numbers.h"

namespace tessera::cli {

namespace {

struct ResampleConfig : VolumeSettings {
  std::string spacing, like, rule = "nnunet", interpolation;
  bool labels = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    names(c, f);
    f("spacing", c.spacing,
      "mm along d,h,w, as `tessera info` prints them; one number for all; "
      "0 keeps an axis");
    f("like", c.like, "volume whose voxels the result shall have, instead of --spacing");
    f("labels", c.labels, "the volumes hold labels, which must not be mixed");
    f("rule", c.rule,
      "nnunet: same extent, cubic, thick slices one by one; monai: same first "
      "voxel, linear");
    f("interpolation", c.interpolation, "cubic, linear or nearest; empty: as the rule has it");
    ways(c, f);
  }
};

io::Vector3 spacing_of(const std::string& text) {
  const auto commas = static_cast<size_t>(std::count(text.begin(), text.end(), ','));
  require(commas == 0 || commas == 2, "resample: --spacing takes one number or three, got '{}'",
          text);
  const std::vector<double> numbers =
      io::parse_numbers<double>(text, commas + 1, "resample: --spacing");
  if (commas == 0) return {numbers[0], numbers[0], numbers[0]};
  return {numbers[0], numbers[1], numbers[2]};
}

int resample(const ResampleConfig& config) {
  require(config.spacing.empty() != config.like.empty(),
          "resample: to which voxels? give either --spacing or --like");
  const auto rule = choose<io::SpacingRule>(
      "resample: --rule", config.rule,
      {{"nnunet", io::SpacingRule::nnunet}, {"monai", io::SpacingRule::monai}});
  std::optional<io::Interpolation> interpolation;
  if (!config.interpolation.empty()) {
    interpolation = choose<io::Interpolation>("resample: --interpolation", config.interpolation,
                                              {{"cubic", io::Interpolation::cubic},
                                               {"linear", io::Interpolation::linear},
                                               {"nearest", io::Interpolation::nearest}});
  }
  require(!config.labels || interpolation != io::Interpolation::cubic,
          "resample: labels are resampled with linear or nearest, got cubic");
  if (!config.like.empty()) {
    const io::Grid grid = io::grid_of(io::load_volume(config.like));
    return run_volume_job("resample", "resampled", config, [&](const io::Volume& volume) {
      return config.labels
                 ? resample_labels(volume, grid, interpolation.value_or(io::Interpolation::nearest))
                 : resample_image(volume, grid, interpolation.value_or(io::Interpolation::linear));
    });
  }
  const io::Vector3 spacing = spacing_of(config.spacing);
  const io::SpacingOptions options{rule, interpolation};
  return run_volume_job("resample", "resampled", config, [&](const io::Volume& volume) {
    return config.labels ? resample_labels(volume, spacing, options)
                         : resample_image(volume, spacing, options);
  });
}

}  // namespace

void add_resample(CLI::App& program, int& status) {
  add_verb<ResampleConfig>(
      program, status,
      {.name = "resample",
       .summary = "volumes at another spacing, or with the voxels of another one",
       .examples = "  tessera resample ct.nii.gz --spacing 1 --out ct_1mm.nii.gz\n"
                   "  tessera resample masks --labels --spacing 3,0.8,0.8 --out masks_resampled\n"
                   "  tessera resample pet.nrrd --like ct.nii.gz --out pet_on_ct.nii.gz",
       .run = resample,
       .positional = "input"});
}

}  // namespace tessera::cli
