#include "nn/metric/convention.h"

#include "core/error.h"
#include "core/nearest.h"
#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

std::vector<Convention> make_conventions() {
  using Kind = Convention::SurfaceKind;
  using Mean = Convention::Mean;
  std::vector<Convention> all;
  all.push_back({.name = "tessera",
                 .meaning = "border voxels and HD95 as MONAI; a class that neither mask has does "
                            "not count, one that only one mask has scores 0 and an infinite "
                            "distance, which is counted beside the mean",
                 .single_precision_tolerance = true,
                 .overlap_absent = kNaN,
                 .overlap_invented = 0,
                 .undefined_ratio = kNaN,
                 .distance_to_nothing = kInfinity,
                 .distance_absent = kNaN,
                 .percentile_to_nothing = kInfinity,
                 .surface_dice_to_nothing = 0,
                 .mean_skips_infinity = true});
  all.push_back({.name = "medpy",
                 .meaning = "HD95 over the distances of both directions together; two empty masks "
                            "have Dice 1; distances of empty masks are undefined",
                 .hausdorff = HausdorffRule::pooled,
                 .overlap_absent = 1,
                 .overlap_invented = 0,
                 .undefined_ratio = 0,
                 .distance_to_nothing = kNaN,
                 .distance_absent = kNaN,
                 .percentile_to_nothing = kNaN,
                 .surface_dice_to_nothing = kNaN});
  all.push_back({.name = "monai",
                 .meaning = "HD95 is the larger one of both directions; a class that is not in the "
                            "reference does not count in Dice and IoU; means over the classes of "
                            "each case first",
                 .single_precision_tolerance = true,
                 .overlap_absent = kNaN,
                 .overlap_invented = kNaN,
                 .undefined_ratio = kNaN,
                 .distance_to_nothing = kInfinity,
                 .distance_absent = kNaN,
                 .percentile_to_nothing = kNaN,
                 .surface_dice_to_nothing = 0,
                 .mean = Mean::of_cases});
  all.push_back({.name = "deepmind",
                 .meaning = "surface elements between voxels weighted with their length or area; "
                            "HD95 without interpolation",
                 .surface = Kind::corners,
                 .hausdorff = HausdorffRule::by_area,
                 .overlap_absent = kNaN,
                 .overlap_invented = 0,
                 .undefined_ratio = kNaN,
                 .distance_to_nothing = kInfinity,
                 .distance_absent = kInfinity,
                 .percentile_to_nothing = kInfinity,
                 .no_average_from_nothing = true,
                 .surface_dice_to_nothing = 0});
  // Dice of a class that is not there, and every distance to nothing, are undefined.
  const Convention undefined{.name = {},
                             .meaning = {},
                             .overlap_absent = kNaN,
                             .overlap_invented = 0,
                             .undefined_ratio = kNaN,
                             .distance_to_nothing = kNaN,
                             .distance_absent = kNaN,
                             .percentile_to_nothing = kNaN,
                             .surface_dice_to_nothing = kNaN};
  Convention& nnunet = all.emplace_back(undefined);
  nnunet.name = "nnunet";
  nnunet.meaning =
      "Dice and IoU over the cases of each class, then over the classes; distances as MedPy";
  nnunet.hausdorff = HausdorffRule::pooled;
  nnunet.nan_spreads = true;
  Convention& jmedseg = all.emplace_back(undefined);
  jmedseg.name = "jmedseg";
  jmedseg.meaning =
      "one table of the pixels of all cases, the background being a class; distances between outer "
      "contours, slice by slice";
  jmedseg.surface = Kind::contours;
  jmedseg.mean = Mean::pooled;
  return all;
}

}  // namespace

const std::vector<Convention>& conventions() {
  static const std::vector<Convention> all = make_conventions();
  return all;
}

const Convention& convention(const std::string& name) {
  std::vector<std::string> known;
  for (const Convention& one : conventions()) {
    if (one.name == name) return one;
    known.push_back(one.name);
  }
  fail("convention: there is no '" + name + "'; " + suggest(name, known));
}

}  // namespace tessera::nn
