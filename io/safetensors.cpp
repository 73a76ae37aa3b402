#include "io/safetensors.h"

#include <cstring>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/atomic_file.h"

namespace tessera::io {

namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, DType> kTypes[] = {{"F32", f32}, {"F64", f64},   {"BF16", bf16},
                                                    {"F16", f16}, {"I32", i32},   {"I64", i64},
                                                    {"U8", u8},   {"BOOL", bool_}};

// Checks one entry of the header against the bytes there are and makes its tensor.
Tensor read_entry(const Json& entry, const std::string& data, const std::string& where) {
  require(entry.is_object() && entry.contains("dtype") && entry.contains("shape") &&
              entry.contains("data_offsets"),
          "{} must have dtype, shape and data_offsets", where);
  require(entry["dtype"].is_string(), "{}: dtype must be a string", where);
  const auto name = entry["dtype"].get<std::string>();
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const auto& t) { return name == t.first; });
  require(type != std::end(kTypes), "{}: dtype {} is not supported", where, name);
  const DType dtype = type->second;

  const Json& extents = entry["shape"];
  require(extents.is_array() && extents.size() <= static_cast<size_t>(kMaxDims),
          "{}: shape must be a list of at most {} extents", where, kMaxDims);
  Shape shape;
  uint64_t bytes = static_cast<uint64_t>(size_of(dtype));
  for (const Json& extent : extents) {
    require(extent.is_number_unsigned(), "{}: extents must be whole numbers, got {}", where,
            extent.dump());
    const auto n = extent.get<uint64_t>();
    require(n == 0 || bytes <= data.size() / n, "{}: shape {} needs more bytes than the file has",
            where, extents.dump());
    bytes *= n;
    shape.push_back(static_cast<int64_t>(n));
  }
  const Json& offsets = entry["data_offsets"];
  require(offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
              offsets[1].is_number_unsigned(),
          "{}: data_offsets must be two whole numbers", where);
  const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  require(begin <= end && end <= data.size() && end - begin == bytes,
          "{}: data_offsets {} do not fit {} bytes of {} {} in {} bytes of data", where,
          offsets.dump(), bytes, dtype, shape, data.size());
  return from_bytes(data.data() + begin, shape, dtype);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  require(file.good() && std::filesystem::is_regular_file(path, error), "load: {} cannot be opened",
          path.string());
  std::string text(std::filesystem::file_size(path), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  require(file.good(), "load: {} cannot be read", path.string());
  return text;
}

}  // namespace

Archive load_safetensors(const std::filesystem::path& path) {
  std::string text = read_file(path);
  const std::string name = "load: " + path.string();
  uint64_t header_bytes = 0;
  require(text.size() >= sizeof header_bytes, "{} is too short to be a safetensors file", name);
  std::memcpy(&header_bytes, text.data(), sizeof header_bytes);
  require(header_bytes <= text.size() - sizeof header_bytes,
          "{} is truncated: its header should have {} bytes", name, header_bytes);
  const auto* begin = text.data() + sizeof header_bytes;
  const Json header = Json::parse(begin, begin + header_bytes, nullptr, false);
  require(header.is_object(), "{}: the header is not a JSON object", name);
  const std::string data = text.substr(sizeof header_bytes + header_bytes);

  Archive archive;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      require(entry.is_object(), "{}: __metadata__ must be an object", name);
      for (const auto& [field, value] : entry.items()) {
        archive.metadata[field] = value.is_string() ? value.get<std::string>() : value.dump();
      }
    } else {
      archive.tensors[key] = read_entry(entry, data, fmt::format("{}: tensor \"{}\"", name, key));
    }
  }
  return archive;
}

void save_safetensors(const Archive& archive, const std::filesystem::path& path) {
  Tensors all;
  for (const auto& [name, tensor] : archive.tensors) all.push_back(tensor);
  eval(all);
  Json header = Json::object();
  uint64_t offset = 0;
  for (const auto& entry : archive.tensors) {
    const Tensor& tensor = entry.second;
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const auto& t) { return tensor.dtype() == t.second; });
    const auto bytes = static_cast<uint64_t>(tensor.numel() * size_of(tensor.dtype()));
    header[entry.first] = {
        {"dtype", type->first},
        {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
        {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  if (!archive.metadata.empty()) header["__metadata__"] = archive.metadata;
  std::string text = header.dump();
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
