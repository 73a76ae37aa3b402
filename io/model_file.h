#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "io/json_file.h"

namespace tessera::io {

// What training needs to go on where it stopped, bit by bit.
struct TrainingState {
  std::map<std::string, Tensor> tensors;  // of the optimizer, averages of weights, ...
  Json progress = Json::object();         // epoch, seed, settings, ...
};

// A trained network with everything that its use needs: `predict` takes this file and images.
//
// On the disk it is a safetensors file whose tensors are the weights under their own names, so that
// other programs can read them too; the rest is JSON in its metadata, and the tensors of `training`
// are called "training/<name>".
struct ModelFile {
  std::string architecture;               // its name in the catalogue
  Json options = Json::object();          // what the architecture was made with
  std::map<std::string, Tensor> weights;  // as Module::state_dict gives and takes them
  Json preprocessing = Json::object();    // how an image becomes an input
  std::string postprocessing = {};        // what is done to predicted labels, as text
  std::vector<std::string> labels;        // names of classes 0, 1, ...
  Json history = Json::array();           // an entry for each epoch
  std::optional<TrainingState> training;  // absent in files that are only for use
};

inline constexpr const char* kModelExtension = ".tessera";
inline constexpr int64_t kModelVersion = 1;

// Reads a model file. Throws Error naming the file and what is wrong: it is of another format
// (which one, and what can read it), a newer version wrote it, it is cut short, its checksum is
// wrong, or a field is missing. Whether the weights fit is for the network to say.
ModelFile load_model(const std::filesystem::path& path);

// Writes `model`, computing its tensors first. The file appears whole or not at all: a crash or a
// full disk leaves an existing file as it was. Throws Error when a weight is called "training/...".
void save_model(const ModelFile& model, const std::filesystem::path& path);

}  // namespace tessera::io
