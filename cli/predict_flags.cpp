#include "cli/predict_flags.h"

#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "train/setup.h"

namespace tessera::cli {

infer::PredictOptions PredictFlags::options(const char* verb) const {
  infer::PredictOptions options;
  for (const char axis : mirror) {
    const size_t index = std::string("hw").find(axis);
    require(index != std::string::npos, "{}: --mirror takes h, w or hw, got {}", verb, mirror);
    options.mirror.push_back(static_cast<int64_t>(index));
  }
  require(mirror.empty() || mirror == "h" || mirror == "w" || mirror == "hw",
          "{}: --mirror takes h, w or hw, got {}", verb, mirror);
  const infer::Blend blended = infer::parse_blend(blend);
  const infer::Placement placed = infer::parse_placement(placement);
  require(overlap >= 0 && overlap < 1, "{}: --overlap must be from 0 to below 1, got {}", verb,
          overlap);
  if (!window.empty()) {
    int64_t height = 0, width = 0;
    train::parse_size(window, height, width);
    options.window = {
        .window = {height, width}, .overlap = overlap, .placement = placed, .blend = blended};
  }
  return options;
}

std::vector<infer::Model> load_models(const char* verb, const std::string& list) {
  std::vector<infer::Model> models;
  const std::vector<std::string> names = train::split_list(list);
  require(!names.empty(), "{}: which model? give a .tessera file or the folder of a run", verb);
  for (const std::string& name : names) {
    models.push_back(infer::load_model(find_model(verb, name)));
    require(models.back().labels == models[0].labels,
            "{}: models are averaged over the same classes, but {} has {} and {} has {}", verb,
            names[0], fmt::join(models[0].labels, ", "), name,
            fmt::join(models.back().labels, ", "));
  }
  return models;
}

}  // namespace tessera::cli
