#include "io/doctor_examine.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "core/error.h"
#include "io/bytes.h"
#include "io/npy.h"
#include "io/picture.h"
#include "io/sha1.h"
#include "io/volume_slices.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

bool is_array_name(const fs::path& path) {
  return is_image_name(path) && path.extension().string().size() == 4 &&
         std::tolower(path.extension().string()[1]) == 'n';
}

// Voxels with their geometry: a volume, or an array without one.
struct Stored {
  Tensor voxels;
  std::optional<Geometry> geometry = {};
};

Stored load_stored(const fs::path& path) {
  if (!is_volume_file(path)) return {load_npy(path)};
  Volume volume = load_volume(path);
  return {std::move(volume.voxels), volume.geometry};
}

float colour_code(const uint16_t* rgb) {
  return static_cast<float>(65536 * rgb[0] + 256 * rgb[1] + rgb[2]);
}

RawMask raw_picture_mask(const fs::path& path) {
  Picture picture = decode_picture(read_file(path), "read_labels: " + path.string());
  RawMask mask{.extents = {1, picture.height, picture.width},
               .palette = std::move(picture.palette),
               .lossy = picture.lossy};
  const auto step = static_cast<size_t>(picture.channels);
  const size_t count = picture.samples.size() / step;
  const auto pixel = [&](size_t i) { return picture.samples.data() + i * step; };
  for (size_t i = 0; i < count && step >= 3 && !mask.coloured; ++i)
    mask.coloured = pixel(i)[0] != pixel(i)[1] || pixel(i)[0] != pixel(i)[2];
  require(!mask.coloured || picture.white == 255,
          "read_labels: {} holds colours of 16 bits; write it with class indices", path.string());
  mask.codes.reserve(count);
  for (size_t i = 0; i < count; ++i)
    mask.codes.push_back(mask.coloured ? colour_code(pixel(i)) : pixel(i)[0]);
  return mask;
}

void count_solid(const RawMask& mask, std::map<float, Code>& codes) {
  const int64_t depth = mask.extents[0], height = mask.extents[1], width = mask.extents[2];
  for (int64_t d = 0; d < depth; ++d) {
    const float* plane = mask.codes.data() + d * height * width;
    for (int64_t h = 1; h + 1 < height; ++h) {
      for (int64_t w = 1; w + 1 < width; ++w) {
        const float* at = plane + h * width + w;
        const float code = *at;
        const bool solid = at[-1] == code && at[1] == code && at[-width] == code &&
                           at[width] == code && at[-width - 1] == code && at[-width + 1] == code &&
                           at[width - 1] == code && at[width + 1] == code;
        if (solid) ++codes.find(code)->second.solid;
      }
    }
  }
}

// ImageFacts::look.
std::vector<float> look_of(const RawImage& image) {
  constexpr int64_t kSide = 32;
  const auto [depth, height, width] = image.extents;
  if (height < kSide || width < kSide) return {};
  const float* plane = image.pixels.data() + depth / 2 * height * width;
  std::vector<float> look;
  for (int64_t i = 0; i < kSide; ++i) {
    const int64_t top = i * height / kSide, bottom = (i + 1) * height / kSide;
    for (int64_t j = 0; j < kSide; ++j) {
      const int64_t left = j * width / kSide, right = (j + 1) * width / kSide;
      float sum = 0;
      for (int64_t h = top; h < bottom; ++h)
        for (int64_t w = left; w < right; ++w) sum += plane[h * width + w];
      look.push_back(sum / static_cast<float>((bottom - top) * (right - left)));
    }
  }
  float mean = 0, squares = 0;
  for (const float value : look) mean += value / static_cast<float>(look.size());
  for (float& value : look) {
    value -= mean;
    squares += value * value;
  }
  if (!(squares > 0) || !std::isfinite(squares)) return {};
  for (float& value : look) value /= std::sqrt(squares);
  return look;
}

// Keeps the most frequent codes.
void shorten(MaskFacts& facts) {
  if (facts.codes.size() <= kMostCodes) return;
  std::vector<int64_t> counts;
  for (const auto& entry : facts.codes) counts.push_back(entry.second.count);
  std::nth_element(counts.begin(), counts.begin() + kMostCodes, counts.end(), std::greater<>());
  std::erase_if(facts.codes,
                [&](const auto& entry) { return entry.second.count <= counts[kMostCodes]; });
  facts.complete = false;
}

}  // namespace

RawMask read_raw_mask(const fs::path& path) {
  if (!is_volume_file(path) && !is_array_name(path)) return raw_picture_mask(path);
  const Stored stored = load_stored(path);
  const Shape& shape = stored.voxels.shape();
  require(shape.ndim() >= 2 && stored.voxels.numel() > 0,
          "read_labels: {} must be an array [height, width] or a volume, got shape {}",
          path.string(), shape);
  RawMask mask{.extents = extents_of(shape),
               .codes = stored.voxels.to_vector<float>(),
               .floating = is_floating(stored.voxels.dtype()),
               .geometry = stored.geometry};
  require(mask.extents[0] * mask.extents[1] * mask.extents[2] == std::ssize(mask.codes),
          "read_labels: {} must have one value for each voxel, got shape {}", path.string(), shape);
  for (float& code : mask.codes)
    if (!std::isfinite(code)) code = -1;
  return mask;
}

MaskFacts facts_of(const RawMask& mask) {
  MaskFacts facts{.extents = mask.extents,
                  .palette = mask.palette,
                  .coloured = mask.coloured,
                  .lossy = mask.lossy,
                  .floating = mask.floating,
                  .geometry = mask.geometry};
  auto last = facts.codes.end();
  for (const float code : mask.codes) {
    // Neighbours are mostly equal.
    if (last == facts.codes.end() || last->first != code)
      last = facts.codes.try_emplace(code, Code{.value = code}).first;
    ++last->second.count;
  }
  count_solid(mask, facts.codes);
  shorten(facts);
  return facts;
}

RawImage read_raw_image(const fs::path& path) {
  if (!is_volume_file(path) && !is_array_name(path)) {
    Image image = read_image(path);
    return {image.channels, {1, image.height, image.width}, std::move(image.pixels)};
  }
  const Stored stored = load_stored(path);
  const Shape& shape = stored.voxels.shape();
  require(shape.ndim() >= 2 && stored.voxels.numel() > 0,
          "read_image: {} must be an array [height, width] or a volume, got shape {}",
          path.string(), shape);
  RawImage image{.pixels = stored.voxels.to_vector<float>(), .geometry = stored.geometry};
  // Arrays have their channels last.
  image.extents = stored.geometry ? extents_of(shape) : std::array{int64_t{1}, shape[0], shape[1]};
  image.channels =
      std::ssize(image.pixels) / (image.extents[0] * image.extents[1] * image.extents[2]);
  if (stored.voxels.dtype() == u8)
    for (float& value : image.pixels) value /= 255;
  return image;
}

ImageFacts examine_image(const fs::path& path) {
  ImageFacts facts;
  try {
    const RawImage image = read_raw_image(path);
    facts.extents = image.extents;
    facts.geometry = image.geometry;
    facts.values = std::ssize(image.pixels);
    bool first = true;
    for (const float value : image.pixels) {
      if (!std::isfinite(value)) {
        ++facts.broken;
        continue;
      }
      facts.low = first ? value : std::min(facts.low, value);
      facts.high = first ? value : std::max(facts.high, value);
      first = false;
    }
    std::string text(reinterpret_cast<const char*>(image.pixels.data()),
                     image.pixels.size() * sizeof(float));
    for (const int64_t extent : image.extents) text += bytes_of(extent);
    facts.digest = sha1(text);
    facts.look = look_of(image);
  } catch (const std::exception& error) {
    facts.error = error.what();
  }
  return facts;
}

MaskFacts examine_mask(const fs::path& path) {
  try {
    return facts_of(read_raw_mask(path));
  } catch (const std::exception& error) {
    MaskFacts facts;
    facts.error = error.what();
    return facts;
  }
}

}  // namespace tessera::io
