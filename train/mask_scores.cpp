#include "train/mask_scores.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "nn/metric/average_precision.h"

namespace tessera::train {

namespace {

using nn::VoxelSet;

// The smallest box that holds what is of interest, [first, last] along each axis (d, h, w).
struct Box {
  std::array<int64_t, 3> first = {kFar, kFar, kFar}, last = {-1, -1, -1};
  static constexpr int64_t kFar = std::numeric_limits<int64_t>::max();

  bool empty() const { return last[2] < 0; }
  void add(const std::array<int64_t, 3>& low, const std::array<int64_t, 3>& high) {
    for (size_t i = 0; i < 3; ++i) {
      first[i] = std::min(first[i], low[i]);
      last[i] = std::max(last[i], high[i]);
    }
  }
  void add(const Box& other) {
    if (!other.empty()) add(other.first, other.last);
  }
};

// Both masks of a case on their common grid, [D, H, W]; a picture has one slice.
struct Masks {
  MaskVolume reference, prediction;
  int64_t depth() const { return reference.shape.ndim() == 3 ? reference.shape[0] : 1; }
  int64_t height() const { return reference.shape[reference.shape.ndim() - 2]; }
  int64_t width() const { return reference.shape.back(); }
};

// What one pass over the voxels finds out.
struct Survey {
  std::map<std::pair<int32_t, int32_t>, int64_t> counts;
  std::map<int32_t, Box> boxes;  // of each value but 0, in either mask
};

Survey survey(const Masks& masks) {
  Survey found;
  const int32_t *r = masks.reference.labels.data(), *p = masks.prediction.labels.data();
  for (int64_t d = 0; d < masks.depth(); ++d) {
    for (int64_t h = 0; h < masks.height(); ++h) {
      for (int64_t w = 0; w < masks.width();) {
        int64_t end = w + 1;
        while (end < masks.width() && r[end] == r[w] && p[end] == p[w]) ++end;
        found.counts[{r[w], p[w]}] += end - w;
        if (r[w] != 0) found.boxes[r[w]].add({d, h, w}, {d, h, end - 1});
        if (p[w] != 0 && p[w] != r[w]) found.boxes[p[w]].add({d, h, w}, {d, h, end - 1});
        w = end;
      }
      r += masks.width();
      p += masks.width();
    }
  }
  return found;
}

// The voxels of a class in the box, with one more voxel on every side.
VoxelSet cut_out(const MaskVolume& mask, const Masks& grid, const MaskClass& which,
                 const Box& box) {
  const bool flat = mask.shape.ndim() == 2;
  const int64_t depth = box.last[0] - box.first[0] + 3, height = box.last[1] - box.first[1] + 3,
                width = box.last[2] - box.first[2] + 3;
  VoxelSet set(flat ? Shape{height, width} : Shape{depth, height, width});
  for (int64_t d = box.first[0]; d <= box.last[0]; ++d) {
    for (int64_t h = box.first[1]; h <= box.last[1]; ++h) {
      const int32_t* row =
          mask.labels.data() + (d * grid.height() + h) * grid.width() + box.first[2];
      const auto bits = set.row(flat ? 0 : d - box.first[0] + 1, h - box.first[1] + 1);
      for (const int32_t value : which.values) {
        for (int64_t w = 1; w < width - 1; ++w) {
          bits[static_cast<size_t>(w / 64)] |= uint64_t{row[w - 1] == value} << (w % 64);
        }
      }
    }
  }
  return set;
}

// Masks of black and white that are stored as 0 and 255.
void number_white_(MaskVolume& mask) {
  const bool binary = std::all_of(mask.labels.begin(), mask.labels.end(),
                                  [](int32_t label) { return label == 0 || label == 255; });
  if (binary) std::replace(mask.labels.begin(), mask.labels.end(), 255, 1);
}

int64_t drop_ignored_(Masks& masks, int32_t ignore) {
  int64_t ignored = 0;
  for (size_t i = 0; i < masks.reference.labels.size(); ++i) {
    if (masks.reference.labels[i] != ignore) continue;
    masks.reference.labels[i] = masks.prediction.labels[i] = 0;
    ++ignored;
  }
  return ignored;
}

std::vector<MaskClass> classes_found(const Survey& found, const MaskPair& pair) {
  constexpr size_t kMost = 256;
  require(
      found.boxes.size() <= kMost,
      "eval: {} and {} hold {} different values; are they masks? name the classes with --labels",
      pair.reference.string(), pair.prediction.string(), found.boxes.size());
  std::vector<MaskClass> classes;
  for (const auto& entry : found.boxes) {
    require(entry.first > 0, "eval: {} or {} holds the label {}; give --ignore {} to leave it out",
            pair.reference.string(), pair.prediction.string(), entry.first, entry.first);
    classes.push_back({fmt::format("{}", entry.first), {entry.first}});
  }
  return classes;
}

double precision_of_scores(const Masks& masks, const Probabilities& scores, const MaskClass& which,
                           const std::filesystem::path& path) {
  const size_t voxels = masks.reference.labels.size();
  std::vector<float> sum(voxels, 0);
  std::vector<uint8_t> positive(voxels, 0);
  for (const int32_t value : which.values) {
    require(value >= 0 && value < scores.classes, "eval: {} has {} classes, but no class {}",
            path.string(), scores.classes, value);
    const float* plane = scores.values.data() + static_cast<size_t>(value) * voxels;
    for (size_t i = 0; i < voxels; ++i) {
      sum[i] += plane[i];
      positive[i] |= static_cast<uint8_t>(masks.reference.labels[i] == value);
    }
  }
  return nn::average_precision(sum, positive);
}

RegionScores scores_of(const nn::RegionPair& regions, const ScoreOptions& options) {
  RegionScores scores{regions.status(), regions.overlap()};
  for (const nn::MetricChoice& metric : options.metrics) {
    scores.values.push_back(nn::measure(metric, regions, *options.convention, options.empty));
  }
  return scores;
}

int32_t parse_value(const std::string& text, const std::string& all) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && value >= 0,
          "eval: labels must be values such as 1,2, named values such as liver=1,all=1+2, or the "
          "names of the classes from 0 on, got '{}'",
          all);
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::vector<MaskClass> parse_mask_classes(const std::string& text) {
  const std::vector<std::string> items = split(text, ',');
  const bool valued = text.find('=') != std::string::npos;
  const bool numbers = !valued && text.find_first_not_of("0123456789,+") == std::string::npos;
  std::vector<MaskClass> classes;
  std::set<std::string> names;
  for (size_t i = 0; i < items.size(); ++i) {
    MaskClass one{items[i], {static_cast<int32_t>(i)}};
    if (valued || numbers) {
      const size_t equals = items[i].find('=');
      one.name = items[i].substr(0, equals);
      one.values.clear();
      for (const std::string& value :
           split(equals == std::string::npos ? items[i] : items[i].substr(equals + 1), '+')) {
        one.values.push_back(parse_value(value, text));
      }
    }
    require(!one.name.empty() && names.insert(one.name).second,
            "eval: each of the labels needs a name of its own, got '{}'", text);
    if (valued || numbers || i > 0) classes.push_back(std::move(one));
  }
  require(!classes.empty(), "eval: the first of the labels is the background, got only '{}'", text);
  return classes;
}

CaseRegions score_masks(const MaskPair& pair, const ScoreOptions& options) {
  Masks masks{read_mask_volume(pair.reference), read_mask_volume(pair.prediction)};
  require_same_grid(pair, masks.reference, masks.prediction, options.ignore_geometry);
  if (options.classes.empty() && options.ignore != 255) {
    number_white_(masks.reference);
    number_white_(masks.prediction);
  }
  const int64_t ignored = options.ignore ? drop_ignored_(masks, *options.ignore) : 0;
  const Shape& whole = masks.reference.shape;
  const std::vector<double> spacing =
      options.spacing.empty() ? masks.reference.spacing() : options.spacing;
  require(static_cast<int>(spacing.size()) == whole.ndim(),
          "eval: the spacing must have {} numbers for {}, got {}", whole.ndim(),
          pair.reference.string(), spacing.size());

  Survey found = survey(masks);
  CaseRegions result{pair.name, options.classes, {}, {}, {}};
  if (result.classes.empty()) result.classes = classes_found(found, pair);
  std::optional<Probabilities> probabilities;
  for (const MaskClass& which : result.classes) {
    Box box;
    for (const int32_t value : which.values) box.add(found.boxes[value]);
    if (box.empty()) box.add({0, 0, 0}, {0, 0, 0});
    const nn::RegionPair regions(cut_out(masks.prediction, masks, which, box),
                                 cut_out(masks.reference, masks, which, box), whole, spacing,
                                 ignored);
    result.regions.push_back(scores_of(regions, options));
    for (size_t m = 0; m < options.metrics.size() && !pair.probabilities.empty(); ++m) {
      if (options.metrics[m].metric->kind != nn::Metric::Kind::scores) continue;
      if (!probabilities) probabilities = read_probabilities(pair.probabilities, whole);
      result.regions.back().values[m] =
          precision_of_scores(masks, *probabilities, which, pair.probabilities);
    }
  }
  const VoxelSet none(Shape::filled(whole.ndim(), 1));
  result.absent = scores_of({none, none, whole, spacing, ignored}, options);
  result.counts = std::move(found.counts);
  if (ignored > 0) result.counts[{0, 0}] -= ignored;
  return result;
}

}  // namespace tessera::train
