#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/nearest.h"
#include "io/atomic_file.h"
#include "io/augment_preview.h"
#include "io/augment_text.h"
#include "io/csv.h"
#include "io/dataset.h"
#include "io/palette.h"
#include "io/phone_photo.h"
#include "io/preprocess.h"
#include "io/table.h"
#include "train/setup.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct AugmentConfig {
  std::string action, data, out;
  std::string augment = "standard", size, normalize = "none";
  int64_t cases = 4, draws = 5, side = 192, severity = 0, seed = 0;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("action", c.action, "list, preview or phone");
    f("data", c.data, "folder with images and masks, as for train");
    f("out", c.out, "the sheet (.png), or the folder for photos");
    f("augment", c.augment, "a preset, or steps such as flip,rotate(15),gamma; see list");
    f("size", c.size, "what pictures are resized to, 256 or 192x256 (HxW); empty: as they are");
    f("normalize", c.normalize, "as for train; a step that says normalized needs zscore");
    f("cases", c.cases, "how many are shown, spread over the set; photos: 0 means all");
    f("draws", c.draws, "of each case");
    f("side", c.side, "pixels of each picture of a sheet");
    f("severity", c.severity, "of photos, 1 to 5; 0: all five of each picture");
    f("seed", c.seed, "of the draws");
  }
};

std::string default_text(const io::Parameter& parameter) {
  if (parameter.kind == io::Parameter::Kind::flag) return parameter.name;
  if (std::isnan(parameter.low)) return parameter.name + "=";
  if (parameter.low == parameter.high) return fmt::format("{}={}", parameter.name, parameter.low);
  return fmt::format("{}={}..{}", parameter.name, parameter.low, parameter.high);
}

int list() {
  io::Table steps({"step", "numbers", "what it does"});
  std::string family;
  for (const io::StepKind& kind : io::augment_steps()) {
    std::string numbers;
    for (const io::Parameter& parameter : kind.parameters)
      numbers += (numbers.empty() ? "" : ", ") + default_text(parameter);
    steps.row({kind.name, numbers, kind.doc});
  }
  std::cout << steps << "\n";
  io::Table presets({"preset", "what it is", "its steps"});
  for (const io::AugmentPreset& preset : io::augment_presets())
    presets.row({preset.name, preset.doc, io::to_text(io::parse_augment(preset.text))});
  std::cout << presets;
  return kDone;
}

io::Dataset open(const AugmentConfig& config) {
  require(!config.data.empty(), "augment: which pictures? give --data DIR");
  return io::open_dataset(config.data);
}

// `count` cases of a set, evenly spread; all of them for 0.
std::vector<io::Case> spread_cases(const io::Dataset& data, int64_t count) {
  require(count >= 0, "augment: --cases must not be negative, got {}", count);
  const int64_t all = std::ssize(data.cases), n = count == 0 ? all : std::min(count, all);
  std::vector<io::Case> cases;
  for (int64_t i = 0; i < n; ++i)
    cases.push_back(data.cases[static_cast<size_t>((2 * i + 1) * all / (2 * n))]);
  return cases;
}

int preview(const AugmentConfig& config) {
  require(!config.out.empty(), "augment preview: where should the sheet be? give --out sheet.png");
  const io::Augment augment = io::parse_augment(config.augment);
  const io::Dataset data = open(config);
  io::Preprocess preprocess{.channels = data.channels};
  train::parse_size(config.size, preprocess.height, preprocess.width);
  preprocess.normalize = io::parse_normalize(config.normalize);
  if (augment.normalized && config.normalize == "none")
    preprocess.normalize = io::Normalize::zscore;
  std::vector<io::PreviewCase> cases;
  for (const io::Case& one : spread_cases(data, std::max<int64_t>(config.cases, 1))) {
    io::Image image = io::resize_input(io::read_image(data, one), preprocess);
    io::normalize_(image, preprocess);
    io::LabelMap mask;
    if (!one.mask.empty()) mask = io::resize_input(io::read_mask(data, one), preprocess);
    cases.push_back({one.name, std::move(image), std::move(mask)});
  }
  io::write_png(
      io::augment_sheet(
          cases, augment,
          {.draws = config.draws, .side = config.side, .seed = static_cast<uint64_t>(config.seed)}),
      config.out);
  std::cout << io::to_text(augment) << "\n" << config.out << "\n";
  return kDone;
}

int phone(const AugmentConfig& config) {
  require(!config.out.empty(), "augment phone: where should the photos be? give --out DIR");
  require(config.severity >= 0 && config.severity <= io::kMostSevere,
          "augment phone: --severity must be from 1 to {}, or 0 for all, got {}", io::kMostSevere,
          config.severity);
  const io::Dataset data = open(config);
  const fs::path out = config.out;
  for (const char* folder : {"images", "masks", "photos"})
    make_folder("augment phone", out / folder);
  io::Csv table;
  table.columns.emplace_back("name");
  const io::PhonePhoto numbers;
  io::PhonePhoto::fields(numbers,
                         [&](const char* name, auto) { table.columns.emplace_back(name); });
  const auto palette = io::class_palette(std::min<int64_t>(data.classes(), 256));
  const std::vector<io::Case> cases = spread_cases(data, config.cases);
  for (size_t i = 0; i < cases.size(); ++i) {
    const io::Image image = io::read_image(data, cases[i]);
    for (int64_t severity = 1; severity <= io::kMostSevere; ++severity) {
      if (config.severity != 0 && severity != config.severity) continue;
      const io::PhonePhoto photo = io::draw_phone_photo(
          severity, io::Draws(static_cast<uint64_t>(config.seed), static_cast<uint32_t>(i),
                              static_cast<uint32_t>(severity)));
      const std::string name = fmt::format("{}_phone{}", cases[i].name, severity);
      io::write_png(io::take_photo(image, photo), out / "images" / (name + ".png"));
      if (!cases[i].mask.empty())
        io::write_png(io::take_photo(io::read_mask(data, cases[i]), photo),
                      out / "masks" / (name + ".png"), palette);
      io::write_file(out / "photos" / (name + ".json"), io::to_json(photo) + "\n");
      std::vector<std::string> row = {name};
      io::PhonePhoto::fields(
          photo, [&](const char*, auto value) { row.push_back(fmt::format("{}", value)); });
      table.rows.push_back(std::move(row));
    }
  }
  io::write_csv(table, out / "photos.csv");
  std::cout << fmt::format("{} photos of {} pictures in {}\n", table.rows.size(), cases.size(),
                           out.string());
  return kDone;
}

int run_augment(const AugmentConfig& config) {
  if (config.action == "list") return list();
  if (config.action == "preview") return preview(config);
  if (config.action == "phone") return phone(config);
  fail(config.action.empty() ? "augment: what? give list, preview or phone"
                             : "augment: there is no '" + config.action + "'; " +
                                   suggest(config.action, {"list", "preview", "phone"}));
}

}  // namespace

void add_augment(CLI::App& program, int& status) {
  add_verb<AugmentConfig>(
      program, status,
      {.name = "augment",
       .summary =
           "show what augmentation does to pictures, or take photos of them as a phone would",
       .examples =
           "  tessera augment list\n"
           "  tessera augment preview --data data/open_brain_mr --augment nnunet "
           "--out sheet.png\n"
           "  tessera augment preview --data DIR --augment 'elastic@1,motion@0.5' --draws 8 "
           "--out sheet.png\n"
           "  tessera augment phone --data DIR --severity 3 --cases 0 --out photos",
       .run = run_augment,
       .positional = "action"});
}

}  // namespace tessera::cli
