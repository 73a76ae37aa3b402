#include "io/tiff.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/text_numbers.h"
#include "io/tiff_pages.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

// The lines "key=value" of ImageJ's description.
class Description {
 public:
  explicit Description(std::string_view text) : text_(text) {}

  bool known() const { return text_.starts_with("ImageJ="); }
  std::string_view get(std::string_view key) const {
    for (std::string_view rest = text_; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      const size_t equals = line.find('=');
      if (equals != std::string_view::npos && line.substr(0, equals) == key) {
        return trim(line.substr(equals + 1));
      }
    }
    return {};
  }
  // Nobody checked the text: what is no number is `otherwise`.
  double number(std::string_view key, double otherwise) const {
    try {
      const double value = parse_numbers<double>(get(key), 1, "ImageJ")[0];
      return std::isfinite(value) && value > 0 ? value : otherwise;
    } catch (const Error&) {
      return otherwise;
    }
  }

 private:
  std::string_view text_;
};

// Millimetres in a unit of ImageJ; 0 for pixels and unknown ones.
double millimetres_of(std::string_view unit) {
  constexpr std::pair<std::string_view, double> units[] = {
      {"mm", 1},        {"cm", 10},          {"m", 1000},        {"um", 1e-3},
      {"micron", 1e-3}, {"\xb5m", 1e-3},     {"\\u00B5m", 1e-3}, {"nm", 1e-6},
      {"inch", 25.4},   {"\xc2\xb5m", 1e-3}, {"microns", 1e-3}};
  for (const auto& [name, factor] : units) {
    if (unit == name) return factor;
  }
  return 0;
}

Geometry geometry_in(const TiffStack& stack, const std::string& name) {
  const Description description(stack.description);
  const double unit = description.known()    ? millimetres_of(description.get("unit"))
                      : stack.per_centimetre ? 10
                                             : 0;
  FileAxes axes;
  const auto step = [&](size_t axis, double spacing) {
    if (unit > 0 && std::isfinite(spacing) && spacing > 0) axes.steps[axis][axis] = spacing * unit;
  };
  step(0, 1 / stack.x_resolution);
  step(1, 1 / stack.y_resolution);
  if (description.known()) step(2, description.number("spacing", 0));
  return geometry_of(axes, World::ras, name);
}

// The pages of ImageJ: channels are fastest, then slices, then times.
struct Pages {
  int64_t times = 1, slices = 1, channels = 1;
};

Pages pages_of(const TiffStack& stack) {
  const Description description(stack.description);
  const auto count = [&](const char* key) {
    const double number = description.known() ? description.number(key, 1) : 1;
    return static_cast<int64_t>(std::min(number, 1e6));
  };
  const Pages pages{count("frames"), count("slices"), count("channels")};
  const bool fits = pages.times * pages.slices * pages.channels == stack.pages;
  return fits ? pages : Pages{1, stack.pages, 1};
}

Layout layout_of(const TiffStack& stack) {
  const Pages pages = pages_of(stack);
  const int64_t row = stack.width * stack.channels, page = stack.height * row;
  Layout layout;
  const auto add = [&](bool there, int64_t extent, int64_t stride) {
    if (!there) return;
    layout.shape.push_back(extent);
    layout.strides.push_back(stride);
  };
  const bool leading = pages.times > 1 || pages.channels > 1 || stack.channels > 1;
  add(pages.times > 1, pages.times, page * pages.channels * pages.slices);
  add(pages.channels > 1, pages.channels, page);
  add(stack.channels > 1, stack.channels, 1);
  add(pages.slices > 1 || leading, pages.slices, page * pages.channels);
  add(true, stack.height, row);
  add(true, stack.width, stack.channels);
  return layout;
}

Picture picture_in(const TiffStack& stack, const std::string& name) {
  require(stack.pages == 1, "{} has {} pages; a picture has one. It can be read as a volume", name,
          stack.pages);
  constexpr int kMostBytes = 2;
  require(stack.type.kind == Kind::unsigned_integer && stack.type.size <= kMostBytes &&
              stack.channels <= 4,
          "{}: pictures have 1 to 4 channels of whole numbers of 1, 8 or 16 bits", name);
  require_size(stack.height, stack.width, name);
  return {.height = stack.height,
          .width = stack.width,
          .channels = stack.channels,
          .white = stack.white,
          .palette = stack.palette,
          .lossy = stack.lossy};
}

}  // namespace

Volume load_tiff(const std::filesystem::path& path) {
  const std::string name = "load: " + path.string();
  const TiffStack stack = decode_tiff(read_file(path), name);
  return make_volume(stack.bytes, stack.type, layout_of(stack), geometry_in(stack, name), name);
}

void save_tiff(const Volume& volume, const std::filesystem::path& path, bool compress) {
  const std::string name = "save: " + path.string();
  const Tensor& voxels = volume.voxels.eval();
  const int ndim = voxels.ndim();
  require(2 <= ndim && ndim <= 5 && voxels.numel() > 0,
          "{}: a TIFF has axes [T, C, D, H, W] at most, got {}", name, voxels.shape());
  RawVoxels raw = raw_voxels(volume);
  const auto extent = [&](int from_end) {
    return ndim >= from_end ? voxels.shape(ndim - from_end) : 1;
  };
  TiffStack stack{.height = extent(2), .width = extent(1), .type = raw.type};
  const int64_t slices = extent(3), channels = extent(4), times = extent(5);
  const bool colours = (channels == 3 || channels == 4) && times == 1 &&
                       raw.type.kind == Kind::unsigned_integer && raw.type.size <= 2;
  stack.channels = colours ? channels : 1;
  stack.pages = times * slices * (colours ? 1 : channels);

  // From [T, C, D, H, W] to [T, D, C, H, W], or to [D, H, W, C] of colours.
  const size_t plane = static_cast<size_t>(stack.height * stack.width) * raw.type.size;
  if (channels == 1) {
    stack.bytes = std::move(raw.bytes);
  } else {
    stack.bytes.resize(raw.bytes.size());
    char* to = stack.bytes.data();
    const size_t size = raw.type.size;
    for (int64_t t = 0; t < times; ++t) {
      for (int64_t d = 0; d < slices; ++d, to += plane * static_cast<size_t>(channels)) {
        for (int64_t c = 0; c < channels; ++c) {
          const auto item = static_cast<size_t>((t * channels + c) * slices + d);
          const char* from = raw.bytes.data() + item * plane;
          if (!colours) {
            std::copy_n(from, plane, to + static_cast<size_t>(c) * plane);
            continue;
          }
          for (size_t i = 0; i * size < plane; ++i) {
            const size_t sample = i * static_cast<size_t>(channels) + static_cast<size_t>(c);
            std::copy_n(from + i * size, size, to + sample * size);
          }
        }
      }
    }
  }
  const Vector3& spacing = volume.geometry.spacing;
  stack.x_resolution = 1 / spacing[2];
  stack.y_resolution = 1 / spacing[1];
  stack.description = fmt::format("ImageJ=1.53k\nimages={}\n", stack.pages);
  const auto line = [&](const char* key, int64_t count) {
    if (count > 1) stack.description += fmt::format("{}={}\n", key, count);
  };
  line("channels", colours ? 1 : channels);
  line("slices", slices);
  line("frames", times);
  stack.description +=
      fmt::format("hyperstack=true\nmode=grayscale\nunit=mm\nspacing={}\n", spacing[0]);
  write_file(path, encode_tiff(stack, compress, name));
}

bool has_several_pages(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char bytes[16] = {};
  file.read(bytes, sizeof(bytes));
  const bool big_endian = bytes[0] == 'M';
  const int version = number_at<uint16_t>(bytes + 2, big_endian);
  const bool begins = (bytes[0] == 'I' || bytes[0] == 'M') && bytes[1] == bytes[0];
  if (!begins || (version != 42 && version != 43)) return false;
  // BigTIFF has 8 bytes where the other has 4 for a place, 2 for a count, and 12 for an entry.
  const bool wide = version == 43;
  const auto read = [&](int64_t size) {
    file.read(bytes, size);
    if (!file) return uint64_t{0};
    return size == 8   ? number_at<uint64_t>(bytes, big_endian)
           : size == 4 ? number_at<uint32_t>(bytes, big_endian)
                       : uint64_t{number_at<uint16_t>(bytes, big_endian)};
  };
  file.clear();
  file.seekg(wide ? 8 : 4);
  file.seekg(static_cast<std::streamoff>(read(wide ? 8 : 4)));
  const uint64_t entries = read(wide ? 8 : 2);
  if (entries > 65535) return false;
  file.seekg(static_cast<std::streamoff>(entries * (wide ? 20 : 12)), std::ios::cur);
  return read(wide ? 8 : 4) != 0;
}

Picture decode_tiff_picture_header(std::string_view bytes, const std::string& name) {
  return picture_in(decode_tiff_header(bytes, name), name);
}

Picture decode_tiff_picture(std::string_view bytes, const std::string& name) {
  decode_tiff_picture_header(bytes, name);  // before anything large is read
  const TiffStack stack = decode_tiff(bytes, name);
  Picture picture = picture_in(stack, name);
  picture.samples.resize(static_cast<size_t>(picture.height * picture.width * picture.channels));
  for (size_t i = 0; i < picture.samples.size(); ++i) {
    picture.samples[i] = stack.type.size == 1 ? static_cast<uint8_t>(stack.bytes[i])
                                              : number_at<uint16_t>(stack.bytes.data() + 2 * i);
  }
  return picture;
}

bool is_floating_tiff(std::string_view bytes, const std::string& name) {
  return is_tiff(bytes) && decode_tiff_header(bytes, name).type.kind == Kind::floating;
}

}  // namespace tessera::io
