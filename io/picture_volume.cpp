#include "io/picture_volume.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/png.h"
#include "io/pnm.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

constexpr int64_t kWhite8 = 255, kWhite16 = 65535;

// One picture [C, H, W] whatever the volume's shape is.
Shape planes_of(const Shape& shape, const std::string& name) {
  const int ndim = shape.ndim();
  const bool flat =
      ndim == 2 || (ndim == 3 && shape[0] == 1) || (ndim == 4 && shape[1] == 1 && shape[0] <= 4);
  require(flat && shape.numel() > 0,
          "{}: a picture has one slice of 1 to 4 channels, got voxels {}; write slices to one .tif "
          "file, or keep a format of volumes such as .nii.gz",
          name, shape);
  return {ndim == 4 ? shape[0] : 1, shape[ndim - 2], shape[ndim - 1]};
}

}  // namespace

Volume volume_of(const Picture& picture) {
  const bool wide = picture.white > kWhite8;
  const Shape extents = picture.channels == 1
                            ? Shape{picture.width, picture.height}
                            : Shape{picture.channels, picture.width, picture.height};
  const std::string_view bytes(reinterpret_cast<const char*>(picture.samples.data()),
                               picture.samples.size() * sizeof(uint16_t));
  const Layout layout = voxel_layout(extents, picture.channels == 1 ? -1 : 0);
  Volume volume = make_volume(bytes, {Kind::unsigned_integer, 2}, layout, {}, "picture");
  if (wide) return volume;
  const std::vector<uint8_t> samples = volume.voxels.to_vector<uint8_t>();
  return {tensor<uint8_t>(samples, layout.shape)};
}

Picture picture_of(const Volume& volume, const std::string& name) {
  const Shape planes = planes_of(volume.voxels.shape(), name);
  Picture picture{.height = planes[1], .width = planes[2], .channels = planes[0]};
  const std::vector<double> values = volume.voxels.to_vector<double>();
  bool wide = volume.stored && volume.stored->size > 1;
  for (const double value : values) {
    require(value >= 0 && value <= kWhite16 && value == std::floor(value),
            "{}: a picture holds whole numbers from 0 to {}, got {}; write .tif or .nii.gz", name,
            kWhite16, value);
    wide |= value > kWhite8;
  }
  picture.white = wide ? kWhite16 : kWhite8;
  const int64_t pixels = picture.height * picture.width;
  picture.samples.resize(values.size());
  for (int64_t c = 0; c < picture.channels; ++c) {
    for (int64_t i = 0; i < pixels; ++i) {
      picture.samples[static_cast<size_t>(i * picture.channels + c)] =
          static_cast<uint16_t>(values[static_cast<size_t>(c * pixels + i)]);
    }
  }
  return picture;
}

Volume load_picture_volume(const std::filesystem::path& path) {
  return volume_of(decode_picture(read_file(path), "load: " + path.string()));
}

void save_picture_volume(const Volume& volume, const std::filesystem::path& path) {
  const std::string name = "save: " + path.string();
  const Picture picture = picture_of(volume, name);
  if (!has_ending(path, {".png"})) {
    require(picture.white == kWhite8 && (picture.channels == 1 || picture.channels == 3),
            "{}: PGM and PPM are written with 8 bits and 1 or 3 channels; write .png", name);
    write_file(path, encode_pnm(picture));
    return;
  }
  write_file(path, encode_png(picture));
}

}  // namespace tessera::io
