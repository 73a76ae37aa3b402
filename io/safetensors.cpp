#include "io/safetensors.h"

#include <algorithm>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/element_type.h"
#include "io/json_file.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

constexpr std::pair<const char*, ElementType> dtype_names[] = {
    {"F32", {Kind::floating, 4}},         {"F64", {Kind::floating, 8}},
    {"BF16", {Kind::brain_floating, 2}},  {"F16", {Kind::floating, 2}},
    {"I8", {Kind::signed_integer, 1}},    {"I16", {Kind::signed_integer, 2}},
    {"I32", {Kind::signed_integer, 4}},   {"I64", {Kind::signed_integer, 8}},
    {"U8", {Kind::unsigned_integer, 1}},  {"U16", {Kind::unsigned_integer, 2}},
    {"U32", {Kind::unsigned_integer, 4}}, {"U64", {Kind::unsigned_integer, 8}},
    {"BOOL", {Kind::boolean, 1}}};

constexpr size_t kMaxGrowth = 4;  // i8 becomes i32

// Checks one entry of the header against the bytes there are and makes its tensor.
Tensor read_entry(const Json& entry, std::string_view data, const std::string& where) {
  const auto type_name = field<std::string>(entry, "dtype", where);
  const auto* type = std::find_if(std::begin(dtype_names), std::end(dtype_names),
                                  [&](const auto& t) { return type_name == t.first; });
  require(type != std::end(dtype_names), "{}: dtype {} is not supported", where, type_name);
  const auto extents = field<std::vector<int64_t>>(entry, "shape", where);
  require(extents.size() <= static_cast<size_t>(kMaxDims),
          "{}: shape must be a list of at most {} extents", where, kMaxDims);
  const auto offsets = field<std::vector<int64_t>>(entry, "data_offsets", where);
  require(offsets.size() == 2 && 0 <= offsets[0] && offsets[0] <= offsets[1] &&
              static_cast<size_t>(offsets[1]) <= data.size(),
          "{}: data_offsets must be begin and end within {} bytes of data", where, data.size());
  data = data.substr(static_cast<size_t>(offsets[0]), static_cast<size_t>(offsets[1] - offsets[0]));
  Tensor tensor = make_tensor(data, type->second, Layout::row_major(Shape(extents)), where);
  const auto bytes = static_cast<size_t>(tensor.numel()) * type->second.size;
  require(bytes == data.size(), "{}: shape {} of {} takes {} bytes, not {}", where, tensor.shape(),
          type_name, bytes, data.size());
  return tensor;
}

}  // namespace

Archive load_safetensors(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  const std::string name = "load: " + path.string();
  ByteReader reader(text, name);
  const auto header_bytes = reader.number<uint64_t>();
  const Json header = parse_json(reader.take(header_bytes), name + ": header");
  require(header.is_object(), "{}: the header is not a JSON object", name);
  const std::string_view data = reader.take(reader.left());

  Archive archive;
  size_t used = 0;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      require(entry.is_object(), "{}: __metadata__ must be an object", name);
      for (const auto& [field, value] : entry.items()) {
        archive.metadata[field] = value.is_string() ? value.get<std::string>() : json_text(value);
      }
    } else {
      const std::string where = fmt::format("{}: tensor \"{}\"", name, key);
      const Tensor& tensor = archive.tensors[key] = read_entry(entry, data, where);
      used += static_cast<size_t>(tensor.node()->bytes());
      require(used <= kMaxGrowth * data.size(), "{}: tensors overlap", where);
    }
  }
  return archive;
}

bool is_safetensors(std::string_view begin) {
  return begin.size() > sizeof(uint64_t) && begin[sizeof(uint64_t)] == '{';
}

void save_safetensors(const Archive& archive, const std::filesystem::path& path) {
  Tensors all;
  for (const auto& [name, tensor] : archive.tensors) all.push_back(tensor);
  eval(all);
  Json header = Json::object();
  uint64_t offset = 0;
  for (const auto& entry : archive.tensors) {
    const Tensor& tensor = entry.second;
    const auto* type =
        std::find_if(std::begin(dtype_names), std::end(dtype_names),
                     [&](const auto& t) { return ElementType::of(tensor.dtype()) == t.second; });
    const auto bytes = static_cast<uint64_t>(tensor.numel() * size_of(tensor.dtype()));
    header[entry.first] = {
        {"dtype", type->first},
        {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
        {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  if (!archive.metadata.empty()) header["__metadata__"] = archive.metadata;
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data starts aligned
  const uint64_t header_bytes = text.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const auto& entry : archive.tensors) {
    const Tensor& tensor = entry.second;
    dispatch(tensor.dtype(), [&]<class T>(T) { file.write(std::as_bytes(tensor.data<T>())); });
  }
  file.commit();
}

}  // namespace tessera::io
