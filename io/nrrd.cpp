#include "io/nrrd.h"

#include <algorithm>
#include <cctype>
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

struct TypeNames {
  std::vector<const char*> names;  // the first is the one to write
  ElementType type;
};
const std::vector<TypeNames>& types() {
  static const std::vector<TypeNames> all = {
      {{"int8", "signed char", "int8_t"}, {Kind::signed_integer, 1}},
      {{"uint8", "unsigned char", "uchar", "uint8_t"}, {Kind::unsigned_integer, 1}},
      {{"int16", "short", "short int", "signed short", "signed short int", "int16_t"},
       {Kind::signed_integer, 2}},
      {{"uint16", "unsigned short", "unsigned short int", "ushort", "uint16_t"},
       {Kind::unsigned_integer, 2}},
      {{"int32", "int", "signed int", "int32_t"}, {Kind::signed_integer, 4}},
      {{"uint32", "unsigned int", "uint", "uint32_t"}, {Kind::unsigned_integer, 4}},
      {{"int64", "longlong", "long long", "long long int", "signed long long",
        "signed long long int", "int64_t"},
       {Kind::signed_integer, 8}},
      {{"uint64", "unsigned long long", "unsigned long long int", "ulonglong", "uint64_t"},
       {Kind::unsigned_integer, 8}},
      {{"float"}, {Kind::floating, 4}},
      {{"double"}, {Kind::floating, 8}},
  };
  return all;
}

// The lines "field: value" up to the empty one.
class NrrdHeader {
 public:
  NrrdHeader(std::string_view bytes, const std::string& name) : name_(name) {
    require(bytes.starts_with("NRRD000"), "{} is not an NRRD file: it does not begin with NRRD000",
            name);
    constexpr size_t kLongest = 1 << 16;
    // The text of a detached header may end without an empty line.
    const std::string text = std::string(bytes.substr(0, kLongest)) + "\n\n";
    ByteReader reader(text, name);
    reader.take_line();
    for (std::string_view line; !(line = trim(reader.take_line())).empty();) {
      const size_t colon = line.find(':');
      require(line[0] == '#' || colon != std::string_view::npos,
              "{}: the NRRD header is damaged: a line is not 'field: value'", name);
      if (line[0] == '#' || line.substr(colon, 2) == ":=") continue;  // not for us
      std::string field = lower(trim(line.substr(0, colon)));
      field.erase(std::remove(field.begin(), field.end(), ' '), field.end());
      fields_[field] = trim(line.substr(colon + 1));
      if (field == "datafile" && fields_[field].starts_with("LIST")) break;  // names follow
    }
    end = std::min(reader.position(), bytes.size());
  }

  // The value of a field, which is written without spaces here; empty when it is not there.
  std::string get(const std::string& field) const {
    const auto found = fields_.find(field);
    return found == fields_.end() ? "" : found->second;
  }
  std::string must(const std::string& field) const {
    std::string value = get(field);
    require(!value.empty(), "{}: the NRRD header has no field '{}'", name_, field);
    return value;
  }
  template <class T>
  std::vector<T> numbers(const std::string& field, size_t count) const {
    return parse_numbers<T>(must(field), count, fmt::format("{}: {}", name_, field));
  }
  int64_t integer(const std::string& field, int64_t otherwise) const {
    return get(field).empty() ? otherwise : numbers<int64_t>(field, 1)[0];
  }
  const std::string& name() const { return name_; }

  size_t end = 0;  // where the voxels begin, when they are in this file

 private:
  std::string name_;
  std::map<std::string, std::string> fields_;
};

ElementType type_of(const NrrdHeader& header) {
  const std::string text = lower(header.must("type"));
  for (const TypeNames& known : types()) {
    for (const char* name : known.names) {
      if (text != name) continue;
      ElementType type = known.type;
      const std::string endian = lower(header.get("endian"));
      require(endian.empty() || endian == "little" || endian == "big",
              "{}: endian must be little or big, got '{}'", header.name(), endian);
      type.big_endian = endian == "big";
      return type;
    }
  }
  fail(fmt::format("{}: voxels of type '{}' cannot be read; integers, float and double can",
                   header.name(), text));
}

World world_of(const std::string& space) {
  if (space.starts_with("right-anterior-superior") || space.starts_with("ras")) return World::ras;
  if (space.starts_with("left-anterior-superior") || space.starts_with("las")) return World::las;
  return World::lps;
}

// The numbers of "(1,2,3)", which may have two for a plane. Moves `text` behind them.
Vector3 take_vector(std::string_view& text, const std::string& what) {
  text = trim(text);
  const size_t close = text.find(')');
  require(text.starts_with('(') && close != std::string_view::npos,
          "{} must be vectors such as (1,0,0), got '{}'", what, text.substr(0, 40));
  const std::string_view inside = text.substr(1, close - 1);
  const auto commas = static_cast<size_t>(std::count(inside.begin(), inside.end(), ','));
  require(1 <= commas && commas <= 3, "{} must be vectors in space, got '({})'", what, inside);
  const std::vector<double> numbers = parse_numbers<double>(inside, commas + 1, what);
  text.remove_prefix(close + 1);
  return {numbers[0], numbers[1], commas > 1 ? numbers[2] : 0};
}

// What the axes of the file are.
struct Axes {
  FileAxes geometry;
  int channels = -1;  // the one that is no direction in space; -1: all are, or those behind are not
};

// "none" for an axis that is no direction, else a step.
Axes read_directions(const NrrdHeader& header, size_t ndim) {
  Axes axes;
  std::string text = header.get("spacedirections");
  std::string_view rest = text;
  std::vector<Vector3> steps;
  for (size_t axis = 0; axis < ndim; ++axis) {
    rest = trim(rest);
    if (lower(rest.substr(0, 4)) == "none") {
      rest.remove_prefix(4);
      // Axes in front of those in space are channels; those behind are slower anyway.
      if (steps.size() < 2 && axes.channels < 0) axes.channels = static_cast<int>(axis);
      continue;
    }
    steps.push_back(take_vector(rest, header.name() + ": space directions"));
  }
  for (size_t i = 0; i < std::min<size_t>(steps.size(), 3); ++i) axes.geometry.steps[i] = steps[i];
  if (steps.size() == 2) axes.geometry.steps[2] = normal_of(steps[0], steps[1]);
  return axes;
}

Axes read_axes(const NrrdHeader& header, size_t ndim) {
  if (!header.get("spacedirections").empty()) return read_directions(header, ndim);
  Axes axes;
  // Without space: the kinds say which axis is not one of it.
  std::string kinds = lower(header.get("kinds"));
  std::replace(kinds.begin(), kinds.end(), '\t', ' ');
  const std::string first = kinds.substr(0, kinds.find(' '));
  const bool spatial = first.empty() || first == "domain" || first == "space" || first == "???";
  if (ndim > 2 && !spatial && first != "none") axes.channels = 0;
  if (header.get("spacings").empty()) return axes;
  const std::vector<double> spacings = header.numbers<double>("spacings", ndim);
  const size_t begin = axes.channels == 0 ? 1 : 0;
  for (size_t axis = begin; axis < std::min<size_t>(ndim, begin + 3); ++axis) {
    const double spacing = spacings[axis];
    axes.geometry.steps[axis - begin][axis - begin] = spacing > 0 ? spacing : 1;  // nan: unknown
  }
  return axes;
}

Geometry geometry_in(const NrrdHeader& header, FileAxes axes) {
  const std::string origin = header.get("spaceorigin");
  std::string_view rest = origin;
  if (!origin.empty()) axes.origin = take_vector(rest, header.name() + ": space origin");
  return geometry_of(axes, world_of(lower(header.get("space"))), header.name());
}

// Bytes written as two hexadecimal digits each, with any white space between.
std::string from_hex(std::string_view text, const std::string& name) {
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    require(digit >= 0, "{}: byte {} is no hexadecimal digit", name,
            static_cast<int>(static_cast<unsigned char>(c)));
    if (high >= 0) bytes += static_cast<char>(16 * high + digit);
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

// The bytes behind the header, or those of the file that it names.
std::string_view find_data(const NrrdHeader& header, const fs::path& path, std::string& bytes) {
  const std::string& name = header.name();
  std::string file = header.get("datafile");
  std::string_view data;
  if (file.empty()) {
    data = std::string_view(bytes).substr(header.end);
  } else {
    const std::string list = file.starts_with("LIST") ? bytes.substr(header.end) : "";
    bytes = read_detached(path, file, list, name);
    data = bytes;
  }
  for (int64_t lines = header.integer("lineskip", 0); lines > 0; --lines) {
    const size_t end = data.find('\n');
    require(end != std::string_view::npos, "{}: line skip goes beyond the end of the voxels", name);
    data.remove_prefix(end + 1);
  }
  return data;
}

std::string_view skip_bytes(const NrrdHeader& header, std::string_view data, uint64_t needed) {
  const int64_t skip = header.integer("byteskip", 0);
  // -1: the voxels end with the file.
  if (skip < 0) return data.substr(data.size() - std::min<uint64_t>(data.size(), needed));
  require(static_cast<uint64_t>(skip) <= data.size(),
          "{}: byte skip goes beyond the end of the voxels", header.name());
  return data.substr(static_cast<size_t>(skip));
}

}  // namespace

Volume load_nrrd(const fs::path& path) {
  const std::string name = "load: " + path.string();
  std::string bytes = read_file(path);
  const NrrdHeader header(bytes, name);
  const int64_t ndim = header.numbers<int64_t>("dimension", 1)[0];
  require(2 <= ndim && ndim <= kMaxDims, "{}: dimension must be from 2 to {}, got {}", name,
          kMaxDims, ndim);
  const Shape extents(header.numbers<int64_t>("sizes", static_cast<size_t>(ndim)));
  const ElementType type = type_of(header);
  const Axes axes = read_axes(header, static_cast<size_t>(ndim));
  const Geometry geometry = geometry_in(header, axes.geometry);
  const Layout layout = voxel_layout(extents, axes.channels);

  const std::string encoding = lower(header.must("encoding"));
  std::string_view data = find_data(header, path, bytes);
  if (encoding == "ascii" || encoding == "text" || encoding == "txt") {
    voxel_bytes(extents, {type.kind, 1}, data.size(), name);
    return parse_volume(data, type, layout, geometry, name);
  }
  const bool packed = encoding == "gzip" || encoding == "gz";
  const bool hex = encoding == "hex";
  require(packed || hex || encoding == "raw",
          "{}: encoding '{}' cannot be read; raw, gzip, hex and ascii can", name, encoding);
  require(!packed || !header.get("datafile").starts_with("LIST"),
          "{}: packed voxels spread over several files cannot be read; write them as one file",
          name);
  if (hex) data = bytes = from_hex(data, name);
  const uint64_t available = packed ? kMaxInflation * data.size() : data.size();
  uint64_t needed = voxel_bytes(extents, type, available, name);
  std::string plain;
  if (packed) {
    // Bytes are skipped after they were unpacked.
    const auto skip = static_cast<uint64_t>(std::max<int64_t>(0, header.integer("byteskip", 0)));
    require(skip <= available, "{}: byte skip goes beyond the end of the voxels", name);
    plain = inflate_voxels(data, needed + skip, name);
    data = plain;
  }
  return make_volume(skip_bytes(header, data, needed), type, layout, geometry, name);
}

void save_nrrd(const Volume& volume, const fs::path& path, bool compress) {
  const Tensor& voxels = volume.voxels.eval();
  const int ndim = voxels.ndim();
  require(2 <= ndim && voxels.numel() > 0,
          "save: {}: a volume must have 2 axes or more and voxels, got {}", path.string(),
          voxels.shape());
  RawVoxels raw = raw_voxels(volume);
  const auto type = std::find_if(types().begin(), types().end(),
                                 [&](const TypeNames& known) { return known.type == raw.type; });
  const FileAxes axes = file_axes(volume.geometry, World::lps);
  std::string sizes, directions, kinds;
  for (int axis = 0; axis < ndim; ++axis) {
    sizes += fmt::format(" {}", voxels.shape(ndim - 1 - axis));
    const bool spatial = axis < 3;
    directions += spatial
                      ? fmt::format(" ({})", fmt::join(axes.steps[static_cast<size_t>(axis)], ","))
                      : " none";
    kinds += spatial ? " domain" : " list";
  }
  std::string text = fmt::format(
      "NRRD0004\ntype: {}\ndimension: {}\nspace: left-posterior-superior\nsizes:{}\n"
      "space directions:{}\nkinds:{}\nendian: little\nencoding: {}\nspace origin: ({})\n",
      type->names[0], ndim, sizes, directions, kinds, compress ? "gzip" : "raw",
      fmt::join(axes.origin, ","));
  if (compress) raw.bytes = deflate(raw.bytes, Wrapping::gzip);
  if (has_ending(path, {".nhdr"})) {
    // The header comes last: a file under its name is complete.
    fs::path data = path;
    data.replace_extension(compress ? ".raw.gz" : ".raw");
    write_file(data, raw.bytes);
    write_file(path, text + "data file: " + data.filename().string() + "\n");
  } else {
    write_file(path, text + "\n" + raw.bytes);
  }
}

}  // namespace tessera::io
