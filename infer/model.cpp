#include "infer/model.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"
#include "io/json_file.h"
#include "io/model_file.h"
#include "io/weights.h"
#include "nn/inference.h"
#include "nn/summary.h"
#include "ops/creation.h"
#include "ops/softmax.h"

namespace tessera::infer {

Model load_model(const std::filesystem::path& path) {
  return to_model(io::load_model(path), path.string());
}

Model to_model(const io::ModelFile& file, const std::string& name) {
  Model model;
  model.spec = {file.architecture, io::field<int64_t>(file.options, "channels", name),
                io::field<int64_t>(file.options, "classes", name)};
  model.preprocess = io::preprocess_from_json(file.preprocessing.dump(), name);
  model.postprocess = parse_postprocess(file.postprocessing);
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
  const int64_t side = 2 * std::max<int64_t>(32, model.network->divisor());
  nn::optimize_for_inference(*model.network, zeros({1, model.spec.channels, side, side}));
  return model;
}

io::ModelFile to_file(const Model& model) {
  io::ModelFile file;
  file.architecture = model.spec.network;
  file.options = {{"channels", model.spec.channels}, {"classes", model.spec.classes}};
  file.weights = model.network->state_dict();
  file.preprocessing = io::parse_json(io::to_json(model.preprocess), "preprocess");
  file.labels = model.labels;
  file.postprocessing = to_text(model.postprocess);
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

Tensor logits(const Model& model, const Tensor& x, const PredictOptions& options) {
  const NoGrad no_grad;
  Predictor predict = [&](const Tensor& part) { return (*model.network)(part); };
  if (!options.mirror.empty()) predict = mirrored(predict, options.mirror);
  return options.window ? sliding_window(x, predict, *options.window) : predict(x);
}

io::Image probabilities(const Model& model, const io::Image& image, const PredictOptions& options) {
  const Tensor x = to_tensor(io::prepare(image, model.preprocess));
  return io::restore(probabilities(logits(model, x, options)), image.height, image.width,
                     model.preprocess);
}

io::Image probabilities(std::span<const Model> models, const io::Image& image,
                        const PredictOptions& options) {
  io::Image mean;
  for (const Model& model : models) {
    const io::Image one = probabilities(model, image, options);
    if (mean.pixels.empty()) mean = io::Image(one.channels, one.height, one.width);
    for (size_t i = 0; i < one.pixels.size(); ++i) {
      mean.pixels[i] += one.pixels[i] / static_cast<float>(models.size());
    }
  }
  return mean;
}

io::LabelMap labels(const Model& model, const io::Image& probabilities) {
  io::LabelMap map = io::best_class(probabilities);
  apply_(map.labels, {map.height, map.width}, model.spec.classes, model.postprocess);
  return map;
}

int64_t memory_bound(const Model& model, int64_t height, int64_t width,
                     const PredictOptions& options) {
  const io::Preprocess& size = model.preprocess;
  Shape seen{size.height > 0 ? size.height : height, size.width > 0 ? size.width : width};
  int64_t sums = 0;
  if (options.window) {
    sums = SlidingWindow(seen, *options.window).bytes(model.spec.classes);
    seen = options.window->window;
  }
  const nn::Summary summary =
      nn::summarize(*model.network, {1, model.spec.channels, seen[0], seen[1]});
  return sums + summary.parameter_bytes + summary.buffer_bytes + summary.activation_bytes;
}

}  // namespace tessera::infer
