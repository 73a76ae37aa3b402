#include "train/model.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"
#include "io/json_file.h"
#include "io/weights.h"
#include "ops/softmax.h"

namespace tessera::train {

Model load_model(const std::filesystem::path& path) {
  return to_model(io::load_model(path), path.string());
}

Model to_model(const io::ModelFile& file, const std::string& name) {
  Model model;
  model.spec = {file.architecture, io::field<int64_t>(file.options, "channels", name),
                io::field<int64_t>(file.options, "classes", name)};
  model.preprocess = io::preprocess_from_json(file.preprocessing.dump(), name);
  model.labels = file.labels;
  require(static_cast<int64_t>(model.labels.size()) == model.spec.classes,
          "{}: it must name one label for each of {} classes, got {}", name, model.spec.classes,
          model.labels.size());
  try {
    model.network = zoo::make(model.spec);
    model.network->load_state_dict(file.weights);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", name, error.what()));
  }
  model.network->eval();
  return model;
}

io::ModelFile to_file(const Model& model) {
  io::ModelFile file;
  file.architecture = model.spec.network;
  file.options = {{"channels", model.spec.channels}, {"classes", model.spec.classes}};
  file.weights = model.network->state_dict();
  file.preprocessing = io::parse_json(io::to_json(model.preprocess), "preprocess");
  file.labels = model.labels;
  return file;
}

void load_weights(nn::Module& network, const std::filesystem::path& path, bool partial) {
  const io::Archive archive = io::load_weights(path);
  try {
    const nn::StateDictMatch match = network.load_state_dict(archive.tensors, !partial);
    if (!match.complete()) fmt::print("{}:{}\n", path.string(), match.str());
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}\n  --partial-weights takes over what fits", path.string(),
                            error.what()));
  }
}

Tensor to_tensor(const io::Image& image) {
  return tensor<float>(image.pixels, {1, image.channels, image.height, image.width});
}

io::Image probabilities(const Tensor& logits) {
  const Tensor p = softmax(logits, 1);
  io::Image scores(p.shape(1), p.shape(2), p.shape(3));
  std::ranges::copy(p.data<float>(), scores.pixels.begin());
  return scores;
}

io::Image probabilities(const Model& model, const io::Image& image) {
  const NoGrad no_grad;
  const Tensor logits = (*model.network)(to_tensor(io::prepare(image, model.preprocess)));
  return io::restore(probabilities(logits), image.height, image.width, model.preprocess);
}

}  // namespace tessera::train
