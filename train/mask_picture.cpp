#include "train/mask_picture.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "io/contact_sheet.h"
#include "ops/unary.h"

namespace tessera::train {

namespace {

constexpr int32_t kIgnored = -1;

// Which slice is worth a look.
int64_t worst_slice(const MaskVolume& reference, const MaskVolume& prediction) {
  if (reference.shape.ndim() == 2) return 0;
  const auto size = static_cast<size_t>(reference.shape[1] * reference.shape[2]);
  int64_t best = 0;
  std::pair<int64_t, int64_t> most = {-1, -1};
  for (int64_t d = 0; d < reference.shape[0]; ++d) {
    std::pair<int64_t, int64_t> counts = {0, 0};  // errors, voxels of the reference
    for (size_t i = static_cast<size_t>(d) * size; i < static_cast<size_t>(d + 1) * size; ++i) {
      counts.first += reference.labels[i] != prediction.labels[i];
      counts.second += reference.labels[i] != 0;
    }
    if (counts > most) {
      most = counts;
      best = d;
    }
  }
  return best;
}

io::LabelMap slice_of(const MaskVolume& mask, int64_t d) {
  const int ndim = mask.shape.ndim();
  io::LabelMap map(mask.shape[ndim - 2], mask.shape[ndim - 1]);
  std::copy_n(mask.labels.begin() + d * map.height * map.width, map.labels.size(),
              map.labels.begin());
  return map;
}

// The numbers of the classes in place of their values.
void number_classes_(MaskVolume& mask, const ScoreOptions& options) {
  std::map<int32_t, int32_t> numbers;
  for (size_t c = 0; c < options.classes.size(); ++c) {
    for (const int32_t value : options.classes[c].values) {
      numbers[value] = static_cast<int32_t>(c) + 1;
    }
  }
  // As score_masks takes masks of black and white.
  if (!numbers.contains(255) && numbers.contains(1)) numbers[255] = numbers[1];
  if (options.ignore) numbers[*options.ignore] = kIgnored;
  for (int32_t& label : mask.labels) {
    const auto number = numbers.find(label);
    label = number == numbers.end() ? 0 : number->second;
  }
}

// The picture below the masks; black when there is none of that size.
io::Image ground(const MaskPair& pair, const Shape& shape, int64_t d) {
  const int64_t height = shape[shape.ndim() - 2], width = shape.back();
  io::Image black(1, height, width);
  if (pair.image.empty()) return black;
  if (io::is_image_name(pair.image) && shape.ndim() == 2) {
    io::Image image = io::read_image(pair.image);
    return image.height == height && image.width == width ? image : black;
  }
  const Tensor voxels = io::load_volume(pair.image).voxels;
  const Shape& stored = voxels.shape();
  if (stored.ndim() < shape.ndim() ||
      stored.slice(stored.ndim() - shape.ndim(), stored.ndim()) != shape) {
    return black;
  }
  const std::vector<float> values = voxels.to_vector<float>();
  std::copy_n(values.begin() + d * height * width, black.pixels.size(), black.pixels.begin());
  return black;
}

}  // namespace

io::Image mask_picture(const MaskPair& pair, const ScoreOptions& options, int64_t side) {
  MaskVolume reference = read_mask_volume(pair.reference);
  MaskVolume prediction = read_mask_volume(pair.prediction);
  require_same_grid(pair, reference, prediction, options.ignore_geometry);
  number_classes_(reference, options);
  number_classes_(prediction, options);
  for (size_t i = 0; i < reference.labels.size(); ++i) {
    if (reference.labels[i] == kIgnored) prediction.labels[i] = kIgnored;
  }
  const int64_t d = worst_slice(reference, prediction);
  io::LabelMap truth = slice_of(reference, d);
  return io::case_picture(ground(pair, reference.shape, d), slice_of(prediction, d), &truth, side,
                          {.ignore = kIgnored});
}

}  // namespace tessera::train
