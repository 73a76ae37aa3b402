#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/settings.h"
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

void predict_one(const train::Model& model, const io::Case& one, const PredictConfig& config) {
  const fs::path out = config.out;
  const io::Image image = io::read_image(one.image);
  const io::Image scores = train::probabilities(model, image);
  const io::LabelMap labels = io::best_class(scores);
  if (config.masks) {
    const auto palette =
        model.spec.classes <= 256 ? io::class_palette(model.spec.classes) : std::vector<uint8_t>();
    io::write_png(labels, out / (one.name + ".png"), palette);
  }
  if (config.overlays) io::write_png(io::overlay(image, labels), out / (one.name + "_overlay.png"));
  if (config.probabilities) {
    io::save_npy(tensor<float>(scores.pixels, {scores.channels, scores.height, scores.width}),
                 out / (one.name + ".npy"));
  }
}

int predict(const PredictConfig& config) {
  require(!config.model.empty(), "predict: which model? give --model FILE");
  require(!config.input.empty(), "predict: which pictures? give --input FILE or DIR");
  require(!config.out.empty(), "predict: where should the result be? give --out DIR");
  require(config.masks || config.overlays || config.probabilities,
          "predict: nothing is to be written; allow --masks, --overlays or --probabilities");
  if (config.threads > 0) set_num_threads(static_cast<int>(config.threads));
  const fs::path given = config.model;
  const train::Model model =
      train::load_model(fs::is_directory(given) ? given / "best.tessera" : given);
  const std::vector<io::Case> cases = io::list_images(config.input);
  const fs::path out = config.out;
  fs::create_directories(out);
  for (const io::Case& one : cases) {
    require(!fs::equivalent(one.image.parent_path(), out) || one.image.stem() != one.name,
            "predict: --out {} is the folder of the pictures, which would be overwritten",
            config.out);
  }
  io::Progress progress("predicting", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  for (const io::Case& one : cases) {
    progress.note(one.name);
    predict_one(model, one, config);
    progress.advance();
  }
  progress.clear();
  std::cout << fmt::format("{} pictures predicted: {}\n", cases.size(), config.out);
  return kDone;
}

}  // namespace

void add_predict(CLI::App& program, int& status) {
  add_verb<PredictConfig>(
      program, status,
      {.name = "predict",
       .summary = "segment pictures; needs only the model file",
       .examples = "  tessera predict --model runs/brain --input pictures --out predicted\n"
                   "  tessera predict --model m.tessera --input a.png --out . --overlays",
       .run = predict});
}

}  // namespace tessera::cli
