#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/metric/metric.h"
#include "train/mask_files.h"

namespace tessera::train {

// What is measured as one region: a class, or several together such as a tumour with its oedema.
struct MaskClass {
  std::string name;
  std::vector<int32_t> values;
};

// Classes from text: values "1,2", named values "liver=1,tumour=2,all=1+2", or the names of 0, 1,
// 2,
// ... "background,liver,tumour", of which the first is not measured. Throws Error when it is none
// of these, or names something twice.
std::vector<MaskClass> parse_mask_classes(const std::string& text);

struct ScoreOptions {
  std::vector<nn::MetricChoice> metrics;
  const nn::Convention* convention = nullptr;
  nn::EmptyOptions empty = {};
  std::vector<MaskClass> classes = {};  // empty: every value but 0 that occurs
  // A value of the reference that belongs to no class: such voxels count nowhere.
  std::optional<int32_t> ignore = {};
  std::vector<double> spacing =
      {};  // one for each axis, in mm; empty: as the reference's file says
  bool ignore_geometry = false;
};

// A class in one case.
struct RegionScores {
  nn::ClassStatus status = nn::ClassStatus::absent;
  nn::Overlap overlap;
  std::vector<double> values = {};  // of each metric
};

// What one case says: the regions of each class, in the order of the classes, and how often which
// value was predicted for which.
struct CaseRegions {
  std::string name;
  std::vector<MaskClass> classes;
  std::vector<RegionScores> regions;
  std::map<std::pair<int32_t, int32_t>, int64_t> counts;  // (reference, predicted) -> voxels
  RegionScores absent;  // the scores here of a class that neither mask has
};

// Reads and measures one case. Without classes in the options, a mask with no other values than 0
// and 255 is taken for one of 0 and 1. Throws Error naming the files when they cannot be compared.
CaseRegions score_masks(const MaskPair& pair, const ScoreOptions& options);

}  // namespace tessera::train
