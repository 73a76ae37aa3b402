#include "io/model_file.h"

#include <zlib.h>

#include "core/error.h"
#include "io/archive.h"
#include "io/bytes.h"
#include "io/safetensors.h"
#include "io/zip.h"

namespace tessera::io {

namespace {

const std::string kFormat = "tessera model", kTraining = "training/";

uint32_t continue_crc(uint32_t crc, const void* bytes, size_t size) {
  return static_cast<uint32_t>(crc32_z(crc, static_cast<const Bytef*>(bytes), size));
}

// CRC-32 of names and values, so that a flipped bit on the disk is noticed. Counts everything but
// itself.
std::string checksum_of(const Archive& archive) {
  uint32_t crc = 0;
  const auto add_text = [&](const std::string& text) {
    crc = continue_crc(crc, text.c_str(), text.size() + 1);
  };
  for (const auto& [key, value] : archive.metadata) {
    if (key == "checksum") continue;
    add_text(key);
    add_text(value);
  }
  for (const auto& [name, tensor] : archive.tensors) {
    add_text(fmt::format("{} {} {}", name, tensor.dtype(), tensor.shape()));
    dispatch(tensor.dtype(), [&, tensor = tensor]<class T>(T) {
      const auto values = std::as_bytes(tensor.data<T>());
      crc = continue_crc(crc, values.data(), values.size());
    });
  }
  return fmt::format("{:08x}", crc);
}

// Throws what is known about a file that is not a model.
[[noreturn]] void refuse(const std::filesystem::path& path) {
  const std::string begin = read_file(path, 16);
  std::string reason = "its format is not known";
  if (begin.empty()) {
    reason = "it is empty";
  } else if (is_zip(begin) || begin[0] == '\x80') {
    reason = "it looks like a checkpoint of another program; load_weights reads its weights";
  } else if (is_safetensors(begin)) {
    reason = "it is a safetensors file with weights only; load_weights reads it";
  }
  fail(fmt::format("load: {} is not a tessera model file: {}", path.string(), reason));
}

const std::string& metadata(const Archive& archive, const char* key, const std::string& name) {
  const auto found = archive.metadata.find(key);
  require(found != archive.metadata.end(), "{}: its header has no \"{}\"", name, key);
  return found->second;
}

}  // namespace

ModelFile load_model(const std::filesystem::path& path) {
  if (!is_safetensors(read_file(path, 16))) refuse(path);
  const std::string name = "load: " + path.string();
  Archive archive = load_safetensors(path);
  const auto format = archive.metadata.find("format");
  if (format == archive.metadata.end() || format->second != kFormat) refuse(path);
  const auto version = parse_json(metadata(archive, "version", name), name + ": version");
  require(version.is_number_integer() && version >= 1, "{}: the version is {}", name,
          json_text(version));
  require(version <= kModelVersion,
          "{}: version {} of the format is newer than {}, the newest known; use a newer tessera",
          name, json_text(version), kModelVersion);
  const std::string& noted = metadata(archive, "checksum", name);
  const std::string checksum = checksum_of(archive);
  require(noted == checksum, "{} is damaged: its checksum is {}, not {}", name, checksum, noted);

  const std::string where = name + ": description of the model";
  const Json description = parse_json(metadata(archive, "model", name), where);
  ModelFile model;
  model.architecture = field<std::string>(description, "architecture", where);
  model.options = field<Json>(description, "options", where);
  model.preprocessing = field<Json>(description, "preprocessing", where);
  if (description.contains("postprocessing")) {
    model.postprocessing = field<std::string>(description, "postprocessing", where);
  }
  model.labels = field<std::vector<std::string>>(description, "labels", where);
  model.history = field<Json>(description, "history", where);
  if (description.contains("training")) {
    model.training.emplace().progress = field<Json>(description, "training", where);
  }
  for (const auto& [key, tensor] : archive.tensors) {
    if (!key.starts_with(kTraining)) {
      model.weights[key] = tensor;
    } else if (model.training) {
      model.training->tensors[key.substr(kTraining.size())] = tensor;
    }
  }
  return model;
}

void save_model(const ModelFile& model, const std::filesystem::path& path) {
  Archive archive;
  for (const auto& [name, tensor] : model.weights) {
    require(!name.starts_with(kTraining), "save: a weight must not be called \"{}\"", name);
    archive.tensors[name] = tensor;
  }
  Json description = {{"architecture", model.architecture},
                      {"options", model.options},
                      {"preprocessing", model.preprocessing},
                      {"labels", model.labels},
                      {"history", model.history}};
  if (!model.postprocessing.empty()) description["postprocessing"] = model.postprocessing;
  if (model.training) {
    description["training"] = model.training->progress;
    for (const auto& [name, tensor] : model.training->tensors) {
      archive.tensors[kTraining + name] = tensor;
    }
  }
  archive.metadata = {{"format", kFormat},
                      {"version", std::to_string(kModelVersion)},
                      {"model", json_text(description)}};
  Tensors all;
  for (const auto& entry : archive.tensors) all.push_back(entry.second);
  eval(all);
  archive.metadata["checksum"] = checksum_of(archive);
  save_safetensors(archive, path);
}

}  // namespace tessera::io
