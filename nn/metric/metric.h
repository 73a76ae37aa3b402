#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/metric/region_pair.h"

namespace tessera::nn {

// Something that is measured of a class in one case.
struct Metric {
  std::string name, title;  // "assd", "ASSD"
  std::string meaning;
  // What it is about; decides what an empty mask means.
  enum class Kind : uint8_t {
    overlap,   // a share of the regions
    ratio,     // a share of one of them, whose denominator may be 0
    distance,  // in mm
    surface,   // a share of the surfaces
    volume,    // in mm^2 or mm^3
    lesions,   // of components
    picture,   // of all classes of a case together
    scores,    // of probabilities; see average_precision
  };
  Kind kind = Kind::overlap;
  bool less_is_better = false;
  double perfect = 1;  // NaN where nothing is better than anything else
  // What may follow the name, as in nsd@2 or hd@95; NaN where nothing may.
  double parameter;
  // How it is computed: one of these, none for the kind `scores`. NaN where that is undefined.
  double (*of_overlap)(const Overlap&) = nullptr;
  double (*of_confusion)(const Confusion&) = nullptr;  // of the kind `picture`
  double (*of_pair)(const RegionPair&, const Convention&, double parameter) = nullptr;
};

// All there are, in the order in which they are listed.
const std::vector<Metric>& metrics();

// A metric as the user named it: "dice", "nsd@2", "hd95".
struct MetricChoice {
  const Metric* metric = nullptr;
  double parameter = 0;
  std::string name, title;  // with the parameter, "nsd@2" and "NSD@2"
};
// Throws Error for an unknown name, naming the nearest one, and for an impossible parameter.
MetricChoice choose_metric(const std::string& text);
// Of a list separated by commas. Throws Error when it is empty or names one twice.
std::vector<MetricChoice> choose_metrics(const std::string& list);

// What to say where a mask is empty, beyond the convention.
struct EmptyOptions {
  bool count_absent = false;     // a class that neither mask has is perfectly segmented
  bool charge_diagonal = false;  // distances to nothing are as long as the picture's diagonal
};

// The value in that convention; NaN where it is undefined, infinite for distances to nothing where
// the convention has it so. Metrics of the kinds `picture` and `scores` are NaN here: they need
// more than a pair of regions.
double measure(const MetricChoice& choice, const RegionPair& pair, const Convention& convention,
               const EmptyOptions& empty = {});

}  // namespace tessera::nn
