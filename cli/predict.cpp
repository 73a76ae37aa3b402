#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/predict_flags.h"
#include "core/amp.h"
#include "core/error.h"
#include "core/settings.h"
#include "infer/volume.h"
#include "io/case_files.h"
#include "io/image_list.h"
#include "io/npy.h"
#include "io/overlay.h"
#include "io/palette.h"
#include "io/progress.h"
#include "io/volume_slices.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

constexpr double kMega = 1e6;

struct PredictConfig : PredictFlags {
  std::string model, input, out, postprocess = "model";
  bool masks = true, overlays = false, probabilities = false, quiet = false;
  int64_t threads = 0;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model,
      "model file, or the folder of a run, whose best.tessera is taken; several "
      "between commas are averaged");
    f("input", c.input,
      "picture or volume, or a folder of them; a_0000, a_0001 are the channels of a");
    f("out", c.out, "folder for what is predicted");
    f("masks", c.masks,
      "class indices as PNG with a palette, <name>.png; of volumes <name>.nii.gz");
    f("overlays", c.overlays, "the picture with the classes in colour, <name>_overlay.png");
    f("probabilities", c.probabilities, "f32 [classes, height, width], <name>.npy");
    PredictFlags::fields(c, f);
    f("postprocess", c.postprocess,
      "of the labels: model for what the (first) model file asks for, "
      "none, or steps such as 'largest + fill_holes'");
    f("threads", c.threads, "that compute; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

using Models = std::span<const infer::Model>;

// Predicts a picture; returns what writes the result.
std::function<void()> picture_result(Models models, const io::Case& one,
                                     const PredictConfig& config,
                                     const infer::PredictOptions& options) {
  const io::Image image = io::read_stored_image(one, nullptr);
  const io::Image scores = infer::probabilities(models, image, options);
  const io::LabelMap labels = infer::labels(models[0], scores);
  return [=, &config, name = one.name] {
    const fs::path out = config.out;
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
  };
}

// The same for a volume, slice by slice. `announce` is told how much memory that takes before it
// begins.
std::function<void()> volume_result(Models models, const io::Case& one, const PredictConfig& config,
                                    const infer::PredictOptions& options,
                                    const std::function<void(int64_t, const Shape&)>& announce) {
  require(!config.overlays && !config.probabilities,
          "volumes have masks only; leave out --overlays and --probabilities");
  const io::Volume volume = io::read_stored_volume(one);
  announce(infer::memory_bound(models, volume, options), volume.voxels.shape());
  const io::Volume labels = infer::segment_volume(models, volume, options, one.name);
  return [=, &config, name = one.name] {
    io::save_volume(labels, fs::path(config.out) / (name + ".nii.gz"));
  };
}

// What windows there are for the largest picture, and how much memory they take.
std::string plan(Models models, std::span<const io::Case> cases,
                 const infer::PredictOptions& options) {
  int64_t height = 0, width = 0;
  for (const io::Case& one : cases) {
    if (io::is_volume_file(one.image)) continue;
    try {
      const io::ImageSize size = io::read_image_size(one.image);
      height = std::max(height, size.height);
      width = std::max(width, size.width);
    } catch (const Error&) {
      continue;  // it is refused when its turn comes
    }
  }
  if (height == 0) return "";
  int64_t bytes = 0;
  for (const infer::Model& model : models) {
    bytes = std::max(bytes, infer::memory_bound(model, height, width, options));
  }
  return fmt::format("pictures up to {}x{}: at most {:.0f} MB while one is predicted\n", height,
                     width, static_cast<double>(bytes) / kMega);
}

int predict(const PredictConfig& config) {
  require(!config.input.empty(), "predict: which pictures? give --input FILE or DIR");
  require(!config.out.empty(), "predict: where should the result be? give --out DIR");
  require(config.masks || config.overlays || config.probabilities,
          "predict: nothing is to be written; allow --masks, --overlays or --probabilities");
  use_threads("predict", config.threads);
  const OnDevice on(device_of_name(config.device));
  const Amp precision(amp_of_name(config.amp));
  const infer::PredictOptions options = config.options("predict");
  std::vector<infer::Model> models = load_models("predict", config.model);
  if (config.postprocess != "model") {
    models[0].postprocess =
        infer::parse_postprocess(config.postprocess == "none" ? "" : config.postprocess);
  }
  const std::vector<io::Case> cases = io::list_images(config.input, models[0].preprocess.channels);
  const fs::path out = config.out;
  make_folder("predict", out);
  for (const io::Case& one : cases) {
    require(!fs::equivalent(one.image.parent_path(), out),
            "predict: --out {} is the folder of the pictures, which would be overwritten; "
            "give another",
            config.out);
  }
  if (!config.quiet) std::cout << plan(models, cases, options) << std::flush;
  io::Progress progress("predicting", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  int64_t announced = 0;
  const auto announce = [&](int64_t bytes, const Shape& shape) {
    if (bytes <= announced || config.quiet) return;
    announced = bytes;
    progress.print(fmt::format("volumes such as {}: at most {:.0f} MB while one is predicted",
                               shape, static_cast<double>(bytes) / kMega));
  };
  // What cannot be read does not keep the others from being predicted.
  std::vector<std::string> refused;
  for (const io::Case& one : cases) {
    progress.note(one.name);
    std::function<void()> write;
    try {
      write = io::is_volume_file(one.image) ? volume_result(models, one, config, options, announce)
                                            : picture_result(models, one, config, options);
    } catch (const Error& error) {
      refused.push_back(fmt::format("{}: {}", one.image.string(), error.what()));
    }
    if (write) write();
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
                   "  tessera predict --model m.tessera --input a.png --out masks --overlays\n"
                   "  tessera predict --model runs/a,runs/b --input D --out O --window 256 "
                   "--mirror w",
       .run = predict});
}

}  // namespace tessera::cli
