#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/dataset.h"
#include "io/model_file.h"
#include "io/npy.h"
#include "io/table.h"
#include "io/volume.h"
#include "io/weights.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct InfoConfig {
  std::string file;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("file", c.file, "model, weights, picture, array, volume, dataset or run");
  }
};

std::string bytes_text(int64_t bytes) {
  constexpr double kMega = 1e6;
  return fmt::format("{:.2f} MB", static_cast<double>(bytes) / kMega);
}

void describe_tensors(const std::map<std::string, Tensor>& tensors) {
  io::Table table({"tensor", "shape", "dtype", "elements"});
  int64_t elements = 0, bytes = 0;
  for (const auto& entry : tensors) {
    const Tensor& x = entry.second;
    table.row({entry.first, x.shape().str(), std::string(name_of(x.dtype())),
               fmt::format("{}", x.numel())});
    elements += x.numel();
    bytes += x.numel() * size_of(x.dtype());
  }
  std::cout << table
            << fmt::format("{} tensors, {} elements, {}\n", tensors.size(), elements,
                           bytes_text(bytes));
}

// One row for each field of an object, with what has its own fields as JSON.
void add_fields(io::Table& table, const std::string& title, const io::Json& object) {
  for (const auto& [key, value] : object.items()) {
    table.row({fmt::format("{}: {}", title, key), value.is_number()
                                                      ? fmt::format("{:.6g}", value.get<double>())
                                                  : value.is_string() ? value.get<std::string>()
                                                                      : io::json_text(value)});
  }
}

void describe_model(const std::string& path) {
  const io::ModelFile model = io::load_model(path);
  int64_t parameters = 0;
  for (const auto& entry : model.weights) parameters += entry.second.numel();
  io::Table table({"model file", path});
  table.row({"network", model.architecture});
  add_fields(table, "network", model.options);
  table.row({"weights", fmt::format("{} tensors, {} elements", model.weights.size(), parameters)});
  table.row({"labels", fmt::format("{}", fmt::join(model.labels, ", "))});
  add_fields(table, "preprocessing", model.preprocessing);
  table.row({"epochs", fmt::format("{}", model.history.size())});
  if (!model.history.empty()) add_fields(table, "last epoch", model.history.back());
  table.row({"resumable", model.training ? "yes" : "no"});
  std::cout << table;
}

// Extremes and mean of what a file holds.
void describe_values(const std::string& what, const Tensor& x) {
  std::cout << fmt::format("{}: {} {}, {}", what, name_of(x.dtype()), x.shape(),
                           bytes_text(x.numel() * size_of(x.dtype())));
  if (x.numel() > 0) {
    const std::vector<double> values = x.to_vector<double>();
    const auto [low, high] = std::ranges::minmax(values);
    double sum = 0;
    for (const double value : values) sum += value;
    std::cout << fmt::format(", from {:.6g} to {:.6g}, mean {:.6g}", low, high,
                             sum / static_cast<double>(values.size()));
  }
  std::cout << "\n";
}

void describe_volume(const std::string& name, const io::Volume& volume) {
  describe_values(name, volume.voxels);
  const auto& affine = volume.geometry.affine;
  std::string codes;
  try {
    codes = io::axis_codes(volume.geometry);
  } catch (const Error&) {
    codes = "unknown";  // the affine has no inverse
  }
  std::cout << fmt::format(
      "spacing {} mm along d, h, w\norientation {} (x, y, z of the file), first voxel at "
      "({:.6g}, {:.6g}, {:.6g}) mm\n",
      fmt::join(volume.geometry.spacing, " x "), codes, affine[3], affine[7], affine[11]);
}

void describe_dataset(const std::string& path) {
  const io::Dataset set = io::open_dataset(path);
  std::cout << fmt::format("{} cases, {} channels, {} classes; split: {}\n", set.cases.size(),
                           set.channels, set.classes(), set.split_rule);
  io::Table splits({"split", "cases", "groups", "smallest", "largest"});
  for (const std::string& name : set.splits()) {
    const std::vector<io::Case> cases = set.split(name);
    std::vector<std::string> groups;
    io::ImageSize small = cases[0].size, large = cases[0].size;
    for (const io::Case& one : cases) {
      groups.push_back(one.group);
      const auto area = [](const io::ImageSize& size) { return size.height * size.width; };
      if (area(one.size) < area(small)) small = one.size;
      if (area(one.size) > area(large)) large = one.size;
    }
    std::ranges::sort(groups);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    splits.row({name, fmt::format("{}", cases.size()), fmt::format("{}", groups.size()),
                fmt::format("{}x{}", small.height, small.width),
                fmt::format("{}x{}", large.height, large.width)});
  }
  io::Table classes({"class", "name", "share of pixels"});
  int64_t pixels = 0;
  for (const int64_t count : set.pixels) pixels += count;
  for (size_t c = 0; c < set.labels.size(); ++c) {
    const double share =
        static_cast<double>(set.pixels[c]) / static_cast<double>(std::max<int64_t>(pixels, 1));
    classes.row({fmt::format("{}", c), set.labels[c], fmt::format("{:.3f} %", 100 * share)});
  }
  std::cout << splits << "\n" << classes;
  for (const std::string& note : set.notes) std::cout << "note: " << note << "\n";
}

int info(const InfoConfig& config) {
  require(!config.file.empty(), "info: about which file? give its name");
  const fs::path path = config.file;
  require(fs::exists(path), "info: there is no file {}", config.file);
  const std::string name = path.filename().string();
  if (fs::is_directory(path) && fs::exists(path / "best.tessera")) {
    describe_model((path / "best.tessera").string());
  } else if (fs::is_directory(path)) {
    describe_dataset(config.file);
  } else if (path.extension() == io::kModelExtension) {
    describe_model(config.file);
  } else if (name.ends_with(".npy")) {
    describe_values(name, io::load_npy(path));
  } else if (io::keeps_geometry(path) && !name.ends_with(".npz")) {
    describe_volume(name, io::load_volume(path));
  } else if (io::is_image_name(path)) {
    const io::Image image = io::read_image(path);
    describe_values(name, tensor<float>(image.pixels, {image.channels, image.height, image.width}));
  } else {
    describe_tensors(io::load_weights(path).tensors);
  }
  return kDone;
}

}  // namespace

void add_info(CLI::App& program, int& status) {
  add_verb<InfoConfig>(program, status,
                       {.name = "info",
                        .summary = "say what is in a file or a folder",
                        .examples = "  tessera info runs/brain\n"
                                    "  tessera info weights.pth\n"
                                    "  tessera info data/open_brain_mr",
                        .run = info,
                        .positional = "file"});
}

}  // namespace tessera::cli
