#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/dataset.h"
#include "io/npy.h"
#include "io/overlay.h"
#include "io/palette.h"
#include "io/progress.h"
#include "train/model.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct PredictConfig {
  std::string model, input, out;
  bool masks = true, overlays = false, probabilities = false, quiet = false;
  int64_t threads = 0;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model, "model file, or the folder of a run, whose best.tessera is taken");
    f("input", c.input, "picture, or folder of pictures");
    f("out", c.out, "folder for what is predicted");
    f("masks", c.masks, "class indices as PNG with a palette, <name>.png");
    f("overlays", c.overlays, "the picture with the classes in colour, <name>_overlay.png");
    f("probabilities", c.probabilities, "f32 [classes, height, width], <name>.npy");
    f("threads", c.threads, "that compute; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

void write(const io::Image& scores, const io::Image& image, const std::string& name,
           const PredictConfig& config) {
  const fs::path out = config.out;
  const io::LabelMap labels = io::best_class(scores);
  if (config.masks) {
    const auto palette =
        scores.channels <= 256 ? io::class_palette(scores.channels) : std::vector<uint8_t>();
    io::write_png(labels, out / (name + ".png"), palette);
  }
  if (config.overlays) io::write_png(io::overlay(image, labels), out / (name + "_overlay.png"));
  if (config.probabilities) {
    io::save_npy(tensor<float>(scores.pixels, {scores.channels, scores.height, scores.width}),
                 out / (name + ".npy"));
  }
}

int predict(const PredictConfig& config) {
  require(!config.input.empty(), "predict: which pictures? give --input FILE or DIR");
  require(!config.out.empty(), "predict: where should the result be? give --out DIR");
  require(config.masks || config.overlays || config.probabilities,
          "predict: nothing is to be written; allow --masks, --overlays or --probabilities");
  use_threads("predict", config.threads);
  const train::Model model = train::load_model(find_model("predict", config.model));
  const std::vector<io::Case> cases = io::list_images(config.input);
  const fs::path out = config.out;
  make_folder("predict", out);
  for (const io::Case& one : cases) {
    require(!fs::equivalent(one.image.parent_path(), out) || one.image.stem() != one.name,
            "predict: --out {} is the folder of the pictures, which would be overwritten; "
            "give another",
            config.out);
  }
  io::Progress progress("predicting", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  // A picture that cannot be read does not keep the others from being predicted.
  std::vector<std::string> refused;
  for (const io::Case& one : cases) {
    progress.note(one.name);
    io::Image image, scores;
    try {
      image = io::read_image(one.image);
      scores = train::probabilities(model, image);
    } catch (const Error& error) {
      refused.push_back(fmt::format("{}: {}", one.image.string(), error.what()));
    }
    if (!scores.pixels.empty()) write(scores, image, one.name, config);
    progress.advance();
  }
  progress.clear();
  std::cout << fmt::format("{} pictures predicted: {}\n", cases.size() - refused.size(),
                           config.out);
  require(refused.empty(), "predict: {} of {} pictures were left out:\n  {}", refused.size(),
          cases.size(), fmt::join(refused, "\n  "));
  return kDone;
}

}  // namespace

void add_predict(CLI::App& program, int& status) {
  add_verb<PredictConfig>(
      program, status,
      {.name = "predict",
       .summary = "segment pictures; needs only the model file",
       .examples = "  tessera predict --model runs/brain --input pictures --out predicted\n"
                   "  tessera predict --model m.tessera --input a.png --out masks --overlays",
       .run = predict});
}

}  // namespace tessera::cli
