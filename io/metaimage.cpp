#include "io/metaimage.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/deflate.h"
#include "io/text_numbers.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

namespace fs = std::filesystem;
using Kind = ElementType::Kind;

struct NamedType {
  const char* name;
  ElementType type;
};
// `long` has 4 bytes here, whatever it has elsewhere.
constexpr NamedType element_types[] = {
    {"MET_UCHAR", {Kind::unsigned_integer, 1}},
    {"MET_CHAR", {Kind::signed_integer, 1}},
    {"MET_USHORT", {Kind::unsigned_integer, 2}},
    {"MET_SHORT", {Kind::signed_integer, 2}},
    {"MET_UINT", {Kind::unsigned_integer, 4}},
    {"MET_INT", {Kind::signed_integer, 4}},
    {"MET_ULONG", {Kind::unsigned_integer, 4}},
    {"MET_LONG", {Kind::signed_integer, 4}},
    {"MET_ULONG_LONG", {Kind::unsigned_integer, 8}},
    {"MET_LONG_LONG", {Kind::signed_integer, 8}},
    {"MET_FLOAT", {Kind::floating, 4}},
    {"MET_DOUBLE", {Kind::floating, 8}},
};

// The lines "key = value" up to the one that says where the voxels are.
class MetaHeader {
 public:
  MetaHeader(std::string_view bytes, const std::string& name) : name_(name) {
    constexpr size_t kLongest = 1 << 16;
    ByteReader reader(bytes.substr(0, kLongest), name);
    do {
      const std::string_view line = reader.take_line();
      const size_t equals = line.find('=');
      require(equals != std::string_view::npos,
              "{} is not a MetaImage file: a line of its header is not 'key = value'", name);
      key_ = trim(line.substr(0, equals));
      fields_[key_] = trim(line.substr(equals + 1));
    } while (key_ != "ElementDataFile");
    end = reader.position();
  }

  // The value of the first of these keys that is there.
  std::string get(std::initializer_list<const char*> keys, const std::string& otherwise) const {
    for (const char* key : keys) {
      const auto found = fields_.find(key);
      if (found != fields_.end()) return found->second;
    }
    return otherwise;
  }
  bool flag(std::initializer_list<const char*> keys, bool otherwise) const {
    const std::string text = lower(get(keys, otherwise ? "true" : "false"));
    require(text == "true" || text == "false" || text == "1" || text == "0",
            "{}: {} must be True or False, got '{}'", name_, *keys.begin(), text);
    return text == "true" || text == "1";
  }
  template <class T>
  std::vector<T> numbers(std::initializer_list<const char*> keys, size_t count,
                         const std::string& otherwise) const {
    return parse_numbers<T>(get(keys, otherwise), count,
                            fmt::format("{}: {}", name_, *keys.begin()));
  }

  size_t end = 0;  // where the voxels begin, when they are in this file

 private:
  std::string name_, key_;
  std::map<std::string, std::string> fields_;
};

ElementType type_of(const MetaHeader& header, const std::string& name) {
  const std::string text = header.get({"ElementType"}, "");
  const NamedType* found = std::find_if(std::begin(element_types), std::end(element_types),
                                        [&](const NamedType& known) { return text == known.name; });
  require(found != std::end(element_types),
          "{}: voxels of ElementType '{}' cannot be read; MET_UCHAR to MET_DOUBLE can", name, text);
  ElementType type = found->type;
  type.big_endian = header.flag({"BinaryDataByteOrderMSB", "ElementByteOrderMSB"}, false);
  return type;
}

Geometry geometry_in(const MetaHeader& header, size_t ndim, const std::string& name) {
  const std::string none;
  std::vector<double> spacing(ndim, 1), origin(ndim, 0), direction(ndim * ndim, 0);
  for (size_t i = 0; i < ndim; ++i) direction[i * ndim + i] = 1;
  const auto read = [&](std::initializer_list<const char*> keys, std::vector<double>& values) {
    if (header.get(keys, none) != none) {
      values = header.numbers<double>(keys, values.size(), none);
    }
  };
  read({"ElementSpacing", "ElementSize"}, spacing);
  read({"Offset", "Position", "Origin"}, origin);
  read({"TransformMatrix", "Rotation", "Orientation"}, direction);
  FileAxes axes;
  for (size_t axis = 0; axis < std::min<size_t>(ndim, 3); ++axis) {
    axes.origin[axis] = origin[axis];
    axes.steps[axis] = {};
    for (size_t row = 0; row < std::min<size_t>(ndim, 3); ++row) {
      axes.steps[axis][row] = direction[axis * ndim + row] * spacing[axis];
    }
  }
  return geometry_of(axes, World::lps, name);
}

std::string matrix_text(const FileAxes& axes, size_t ndim, bool flat) {
  std::vector<double> matrix(ndim * ndim, 0), origin(ndim, 0), spacing(ndim, 1);
  for (size_t axis = 0; axis < ndim; ++axis) {
    matrix[axis * ndim + axis] = 1;
    if (axis >= 3) continue;
    const double length = length_of(axes.steps[axis]);
    if (length > 0) spacing[axis] = length;
    if (flat) continue;
    origin[axis] = axes.origin[axis];
    for (size_t row = 0; row < std::min<size_t>(ndim, 3); ++row) {
      if (length > 0) matrix[axis * ndim + row] = axes.steps[axis][row] / length;
    }
  }
  return fmt::format(
      "TransformMatrix = {}\nOffset = {}\nCenterOfRotation = {}\nElementSpacing = {}\n",
      fmt::join(matrix, " "), fmt::join(origin, " "), fmt::join(std::vector<int>(ndim, 0), " "),
      fmt::join(spacing, " "));
}

}  // namespace

Volume load_metaimage(const fs::path& path) {
  const std::string name = "load: " + path.string();
  const std::string bytes = read_file(path);
  const MetaHeader header(bytes, name);
  const auto ndim = header.numbers<int64_t>({"NDims"}, 1, "")[0];
  require(2 <= ndim && ndim <= kMaxDims - 1, "{}: NDims must be from 2 to {}, got {}", name,
          kMaxDims - 1, ndim);
  const auto axes = static_cast<size_t>(ndim);
  const auto channels = header.numbers<int64_t>({"ElementNumberOfChannels"}, 1, "1")[0];
  Shape extents;
  if (channels != 1) extents.push_back(channels);
  for (const int64_t extent : header.numbers<int64_t>({"DimSize"}, axes, "")) {
    extents.push_back(extent);
  }
  const ElementType type = type_of(header, name);
  const Layout layout = voxel_layout(extents, channels == 1 ? -1 : 0);
  const Geometry geometry = geometry_in(header, axes, name);

  const std::string file = header.get({"ElementDataFile"}, "");
  const bool local = lower(file) == "local";
  const std::string_view rest = std::string_view(bytes).substr(header.end);
  std::string separate = local ? "" : read_detached(path, file, rest, name);
  std::string_view data = local ? rest : separate;
  const bool compressed = header.flag({"CompressedData"}, false);
  require(
      !file.starts_with("LIST") || (!compressed && header.get({"HeaderSize"}, "0") == "0"),
      "{}: packed voxels, or such with a header, spread over several files cannot be read; write "
      "them as one file",
      name);
  const uint64_t available = compressed ? kMaxInflation * data.size() : data.size();
  const bool binary = header.flag({"BinaryData"}, true);
  if (!binary) {
    voxel_bytes(extents, {type.kind, 1}, available, name);
    return parse_volume(data, type, layout, geometry, name);
  }
  const uint64_t needed = voxel_bytes(extents, type, available, name);
  const auto skipped = header.numbers<int64_t>({"HeaderSize"}, 1, "0")[0];
  if (skipped != 0) {
    // -1: the voxels end with the file.
    const uint64_t skip = skipped < 0 ? data.size() - std::min<uint64_t>(needed, data.size())
                                      : static_cast<uint64_t>(skipped);
    require(skip <= data.size(), "{}: HeaderSize is {}, beyond the end of the voxels", name,
            skipped);
    data.remove_prefix(skip);
  }
  if (compressed) {
    separate = inflate_voxels(data, needed, name);
    data = separate;
  }
  return make_volume(data, type, layout, geometry, name);
}

void save_metaimage(const Volume& volume, const fs::path& path, bool compress) {
  const Tensor& voxels = volume.voxels.eval();
  const auto ndim = static_cast<size_t>(voxels.ndim());
  require(2 <= ndim && voxels.numel() > 0,
          "save: {}: a volume must have 2 axes or more and voxels, got {}", path.string(),
          voxels.shape());
  RawVoxels raw = raw_voxels(volume);
  const NamedType* type =
      std::find_if(std::begin(element_types), std::end(element_types),
                   [&](const NamedType& known) { return known.type == raw.type; });
  std::string size;
  for (int axis = voxels.ndim() - 1; axis >= 0; --axis) {
    size += fmt::format(" {}", voxels.shape(axis));
  }
  const FileAxes axes = file_axes(volume.geometry, World::lps);
  const bool tilted = axes.steps[0][2] != 0 || axes.steps[1][2] != 0;
  if (compress) raw.bytes = deflate(raw.bytes, Wrapping::zlib);

  std::string text = fmt::format(
      "ObjectType = Image\nNDims = {}\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
      "CompressedData = {}\n",
      ndim, compress ? "True" : "False");
  if (compress) text += fmt::format("CompressedDataSize = {}\n", raw.bytes.size());
  text += matrix_text(axes, ndim, ndim == 2 && tilted);
  text += fmt::format("DimSize ={}\nElementType = {}\nElementDataFile = ", size, type->name);
  if (has_ending(path, {".mhd"})) {
    // The header comes last: a file under its name is complete.
    fs::path data = path;
    data.replace_extension(compress ? ".zraw" : ".raw");
    write_file(data, raw.bytes);
    write_file(path, text + data.filename().string() + "\n");
  } else {
    write_file(path, text + "LOCAL\n" + raw.bytes);
  }
}

}  // namespace tessera::io
