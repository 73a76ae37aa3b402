#include "nn/metric/metric.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/nearest.h"
#include "nn/metric/boundary_iou.h"
#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

using Kind = Metric::Kind;
using SurfaceKind = Convention::SurfaceKind;

template <double (*score)(const LesionCounts&)>
double of_lesions(const RegionPair& pair, const Convention&, double) {
  return score(pair.lesions());
}

double volume(const RegionPair& pair, const Convention&, double) {
  return pair.voxel_volume() * static_cast<double>(pair.overlap().predicted());
}

double reference_volume(const RegionPair& pair, const Convention&, double) {
  return pair.voxel_volume() * static_cast<double>(pair.overlap().reference());
}

double hausdorff_distance(const RegionPair& pair, const Convention& c, double percent) {
  // JMedSeg knows no percentiles.
  if (c.surface == SurfaceKind::contours) return percent == 100 ? pair.slices().hausdorff : kNaN;
  return hausdorff(pair.distances(c.surface), percent, c.hausdorff);
}

double directed_hausdorff(const RegionPair& pair, const Convention& c, double percent) {
  if (c.surface == SurfaceKind::contours) return kNaN;
  return hausdorff(pair.distances(c.surface).to_reference, percent, c.hausdorff);
}

double asd_to_reference(const RegionPair& pair, const Convention& c, double) {
  if (c.surface == SurfaceKind::contours) return kNaN;
  return average_distance(pair.distances(c.surface).to_reference);
}

double asd_to_prediction(const RegionPair& pair, const Convention& c, double) {
  if (c.surface == SurfaceKind::contours) return kNaN;
  return average_distance(pair.distances(c.surface).to_prediction);
}

double assd(const RegionPair& pair, const Convention& c, double) {
  if (c.surface == SurfaceKind::contours) return pair.slices().average;
  return average_distance(pair.distances(c.surface));
}

double normalised_surface_distance(const RegionPair& pair, const Convention& c, double tolerance) {
  if (c.surface == SurfaceKind::contours) return kNaN;
  return surface_dice(pair.distances(c.surface), tolerance, c.single_precision_tolerance);
}

double boundary(const RegionPair& pair, const Convention&, double share) {
  return boundary_iou(pair.prediction(), pair.reference(), boundary_width(pair.whole(), share));
}

std::vector<Metric> make_metrics() {
  std::vector<Metric> all;
  const auto add = [&](Kind kind, const char* name, const char* title, const char* meaning,
                       auto function) -> Metric& {
    all.push_back(
        {.name = name, .title = title, .meaning = meaning, .kind = kind, .parameter = kNaN});
    using Function = decltype(function);
    if constexpr (std::is_same_v<Function, decltype(Metric::of_overlap)>) {
      all.back().of_overlap = function;
    } else if constexpr (std::is_same_v<Function, decltype(Metric::of_confusion)>) {
      all.back().of_confusion = function;
    } else if constexpr (std::is_same_v<Function, decltype(Metric::of_pair)>) {
      all.back().of_pair = function;
    }
    const bool error = kind == Kind::distance;
    all.back().less_is_better = error;
    all.back().perfect = error ? 0 : kind == Kind::volume ? kNaN : 1;
    return all.back();
  };
  add(Kind::overlap, "dice", "Dice", "2 shared / sum of both sizes", dice);
  add(Kind::overlap, "iou", "IoU", "shared / united; Jaccard index", iou);
  add(Kind::ratio, "precision", "precision", "share of the prediction that is right", precision);
  add(Kind::ratio, "recall", "recall", "share of the reference that is found; sensitivity", recall);
  add(Kind::ratio, "specificity", "specificity", "share of the rest that is left alone",
      specificity);
  add(Kind::ratio, "accuracy", "accuracy", "share of all voxels that are right", accuracy);
  add(Kind::ratio, "mcc", "MCC", "Matthews correlation coefficient, -1 to 1", matthews_correlation);
  Metric& voe = add(Kind::overlap, "voe", "VOE", "volumetric overlap error, 1 - IoU",
                    volumetric_overlap_error);
  voe.less_is_better = true;
  voe.perfect = 0;
  add(Kind::volume, "rvd", "RVD", "(predicted - reference) / reference volume",
      relative_volume_difference);
  add(Kind::volume, "volume", "volume", "of the prediction, mm^2 or mm^3", volume);
  add(Kind::volume, "reference_volume", "reference volume", "mm^2 or mm^3", reference_volume);
  add(Kind::distance, "hd", "HD", "Hausdorff distance, mm; hd@99 for a percentile",
      hausdorff_distance)
      .parameter = 100;
  add(Kind::distance, "hd95", "HD95", "Hausdorff distance at 95 %, mm", hausdorff_distance)
      .parameter = 95;
  add(Kind::distance, "hd_directed", "HD directed", "from the prediction only, mm; hd_directed@95",
      directed_hausdorff)
      .parameter = 100;
  add(Kind::distance, "asd", "ASD", "average distance from the prediction's surface, mm",
      asd_to_reference);
  add(Kind::distance, "asd_back", "ASD back", "average distance from the reference's surface, mm",
      asd_to_prediction);
  add(Kind::distance, "assd", "ASSD", "average distance from both surfaces, mm", assd);
  add(Kind::surface, "nsd", "NSD", "share of both surfaces within 1 mm; nsd@2 for 2 mm",
      normalised_surface_distance)
      .parameter = 1;
  add(Kind::surface, "boundary_iou", "boundary IoU",
      "IoU near the edges, as wide as 0.02 of the diagonal; boundary_iou@0.01", boundary)
      .parameter = 0.02;
  add(Kind::lesions, "lesion_recall", "lesion recall",
      "share of the reference's parts that are met", of_lesions<lesion_recall>);
  add(Kind::lesions, "lesion_precision", "lesion precision",
      "share of the predicted parts that meet one", of_lesions<lesion_precision>);
  add(Kind::lesions, "lesion_f1", "lesion F1", "harmonic mean of both", of_lesions<lesion_f1>);
  add(Kind::lesions, "lesion_dice", "lesion Dice", "mean Dice of each part; invented ones score 0",
      of_lesions<lesion_dice>);
  add(Kind::lesions, "pq", "PQ", "panoptic quality: parts matched with IoU above 0.5",
      of_lesions<panoptic_quality>);
  add(Kind::scores, "average_precision", "AP", "of probabilities (.npy with classes in front)",
      nullptr);
  add(Kind::picture, "pixel_accuracy", "pixel accuracy", "share of all pixels of the right class",
      pixel_accuracy);
  add(Kind::picture, "class_accuracy", "class accuracy",
      "mean recall of the classes, background too", mean_recall);
  add(Kind::picture, "fwiou", "FWIoU", "IoU of the classes weighted by their pixels",
      frequency_weighted_iou);
  add(Kind::picture, "miou", "mIoU", "mean IoU of the classes, background too", mean_iou);
  return all;
}

// What the convention says about empty masks, or else what was measured.
double in_convention(const MetricChoice& choice, const RegionPair& pair, const Convention& c) {
  const Metric& metric = *choice.metric;
  const auto measured = [&] {
    if (metric.of_overlap != nullptr) return metric.of_overlap(pair.overlap());
    return metric.of_pair == nullptr ? kNaN : metric.of_pair(pair, c, choice.parameter);
  };
  const ClassStatus status = pair.status();
  const bool absent = status == ClassStatus::absent;
  if (metric.kind == Kind::ratio) {
    const double value = measured();
    return std::isnan(value) ? c.undefined_ratio : value;
  }
  if (status == ClassStatus::found || metric.kind == Kind::volume) return measured();
  switch (metric.kind) {
    case Kind::overlap: {
      const double share = absent                            ? c.overlap_absent
                           : status == ClassStatus::invented ? c.overlap_invented
                                                             : 0;
      return metric.perfect == 0 ? 1 - share : share;
    }
    case Kind::distance: {
      if (c.no_average_from_nothing && std::isnan(metric.parameter)) return measured();
      if (absent) return c.distance_absent;
      const bool percentile = !std::isnan(metric.parameter) && choice.parameter < 100;
      return percentile ? c.percentile_to_nothing : c.distance_to_nothing;
    }
    case Kind::surface:
      return absent ? kNaN : c.surface_dice_to_nothing;
    default:
      return measured();
  }
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all = make_metrics();
  return all;
}

MetricChoice choose_metric(const std::string& text) {
  const size_t at = text.find('@');
  const std::string name = text.substr(0, at);
  std::vector<std::string> known;
  for (const Metric& metric : metrics()) {
    known.push_back(metric.name);
    if (metric.name != name) continue;
    MetricChoice choice{&metric, metric.parameter, text, metric.title};
    if (at == std::string::npos) return choice;
    const char *first = text.data() + at + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, choice.parameter);
    const double most = metric.kind == Kind::distance ? 100 : name == "nsd" ? 1e9 : 1;
    require(!std::isnan(metric.parameter) && name != "hd95" && error == std::errc() &&
                end == last && choice.parameter >= 0 && choice.parameter <= most,
            "metric: '{}' takes {}, got '{}'", name,
            std::isnan(metric.parameter) || name == "hd95"
                ? "no parameter"
                : fmt::format("a number from 0 to {} behind the @", most),
            text);
    choice.title += text.substr(at);
    return choice;
  }
  fail("metric: there is no '" + name + "'; " + suggest(name, known));
}

std::vector<MetricChoice> choose_metrics(const std::string& list) {
  std::vector<MetricChoice> chosen;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const MetricChoice choice = choose_metric(list.substr(begin, end - begin));
    const bool twice = std::any_of(chosen.begin(), chosen.end(),
                                   [&](const auto& one) { return one.name == choice.name; });
    require(!twice, "metric: '{}' is named twice in '{}'", choice.name, list);
    chosen.push_back(choice);
    begin = end + 1;
  }
  return chosen;
}

double measure(const MetricChoice& choice, const RegionPair& pair, const Convention& convention,
               const EmptyOptions& empty) {
  const Metric& metric = *choice.metric;
  const double value = in_convention(choice, pair, convention);
  if (empty.count_absent && pair.status() == ClassStatus::absent && std::isnan(value) &&
      metric.kind != Kind::scores && metric.kind != Kind::picture) {
    return metric.perfect;
  }
  const bool one_sided =
      pair.status() == ClassStatus::missed || pair.status() == ClassStatus::invented;
  if (empty.charge_diagonal && one_sided && metric.kind == Kind::distance &&
      !std::isfinite(value)) {
    return pair.diagonal();
  }
  return value;
}

}  // namespace tessera::nn
