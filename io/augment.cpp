#include "io/augment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/nearest.h"
#include "io/intensity.h"

namespace tessera::io {

namespace {

// What may follow the name of a step: nothing, one number a that means [-a, a], or two numbers.
enum class Arguments : uint8_t { none, symmetric, range };

struct Kind {
  const char* name;
  Arguments arguments;
  double low, high;    // without arguments
  double least, most;  // that may be asked for
};

constexpr std::array<Kind, 13> kKinds = {{
    {"flip", Arguments::none, 0, 0, 0, 0},
    {"vflip", Arguments::none, 0, 0, 0, 0},
    {"rot90", Arguments::none, 0, 0, 0, 0},
    {"rotate", Arguments::symmetric, -15, 15, -360, 360},
    {"scale", Arguments::range, 0.8, 1.25, 0.01, 100},
    {"translate", Arguments::symmetric, -0.1, 0.1, -1, 1},
    {"brightness", Arguments::range, 0.8, 1.2, 0, 100},
    {"contrast", Arguments::range, 0.8, 1.2, 0, 100},
    {"gamma", Arguments::range, 0.7, 1.5, 0.01, 100},
    {"noise", Arguments::range, 0, 0.05, 0, 100},
    {"blur", Arguments::range, 0.5, 1, 0, 50},
    {"saturation", Arguments::range, 0.8, 1.2, 0, 100},
    {"hue", Arguments::symmetric, -0.05, 0.05, -0.5, 0.5},
}};

constexpr std::array<std::pair<const char*, const char*>, 4> kPresets = {{
    {"none", ""},
    {"light", "flip"},
    {"standard",
     "flip,rotate(15),scale(0.8,1.25),brightness(0.8,1.2),contrast(0.8,1.2),gamma(0.7,1.5),"
     "noise(0,0.05)@0.15,blur(0.5,1)@0.15"},
    {"jmedseg",
     "brightness(0.6,1.4)@0.8,contrast(0.6,1.4)@0.8,saturation(0.6,1.4)@0.8,hue(0.1)@0.8,"
     "blur(0.1,2)@0.5"},
}};

constexpr std::array<const char*, 3> kBorders = {"zero", "edge", "reflect"};

std::vector<std::string> all_names() {
  std::vector<std::string> names = {"crop", "border"};
  names.reserve(names.size() + kKinds.size() + kPresets.size());
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  for (const auto& preset : kPresets) names.emplace_back(preset.first);
  return names;
}

// One step as it is written: name(a,b)@p.
struct Written {
  std::string text, name;
  std::vector<std::string> arguments;
  std::string probability;

  double number(const std::string& word) const {
    double value = 0;
    const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
    require(status == std::errc() && end == word.data() + word.size() && std::isfinite(value),
            "augment: \"{}\" in \"{}\" is not a number", word, text);
    return value;
  }
  void require_arguments(bool fit, const char* what) const {
    require(fit, "augment: {} takes {}, got \"{}\"", name, what, text);
  }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The pieces between commas that stand outside of parentheses.
std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> pieces;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    pieces.emplace_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return pieces;
}

Written parse_step(const std::string& text) {
  Written step;
  step.text = text;
  std::string_view rest = text;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    step.probability = trimmed(rest.substr(at + 1));
    require(!step.probability.empty(), "augment: a probability must follow the @ in \"{}\"", text);
    rest = trimmed(rest.substr(0, at));
  }
  if (const size_t open = rest.find('('); open != std::string_view::npos) {
    require(rest.back() == ')', "augment: a \")\" is missing in \"{}\"", text);
    step.arguments = split_at_commas(rest.substr(open + 1, rest.size() - open - 2));
    rest = trimmed(rest.substr(0, open));
  }
  step.name = rest;
  return step;
}

AugmentStep make_step(const Written& written, const Kind& kind) {
  AugmentStep step{.name = kind.name, .low = kind.low, .high = kind.high};
  const size_t count = written.arguments.size();
  if (kind.arguments == Arguments::none) {
    written.require_arguments(count == 0, "no numbers");
  } else if (kind.arguments == Arguments::symmetric && count == 1) {
    step.high = std::abs(written.number(written.arguments[0]));
    step.low = -step.high;
  } else if (count > 0) {
    written.require_arguments(count == 2, kind.arguments == Arguments::symmetric
                                              ? "one or two numbers"
                                              : "two numbers, the least and the largest");
    step.low = written.number(written.arguments[0]);
    step.high = written.number(written.arguments[1]);
  }
  require(kind.least <= step.low && step.low <= step.high && step.high <= kind.most,
          "augment: numbers of {} must be from {} to {} and in order, got \"{}\"", kind.name,
          kind.least, kind.most, written.text);
  if (!written.probability.empty()) step.probability = written.number(written.probability);
  require(0 <= step.probability && step.probability <= 1,
          "augment: a probability must be from 0 to 1, got \"{}\"", written.text);
  return step;
}

void set_crop_(Augment& augment, const Written& step) {
  const size_t count = step.arguments.size();
  step.require_arguments(step.probability.empty() && (count == 1 || count == 2),
                         "one or two numbers of pixels and no probability");
  std::array<int64_t, 2> size{};
  for (size_t i = 0; i < 2; ++i) {
    const double pixels = step.number(step.arguments[std::min(i, count - 1)]);
    require(pixels >= 1 && pixels <= 65536 && pixels == std::floor(pixels),
            "augment: crop must be whole pixels from 1 to 65536, got \"{}\"", step.text);
    size[i] = static_cast<int64_t>(pixels);
  }
  augment.height = size[0];
  augment.width = size[1];
}

void set_border_(Augment& augment, const Written& step) {
  const auto* found = kBorders.end();
  if (step.arguments.size() == 1)
    found = std::find(kBorders.begin(), kBorders.end(), step.arguments[0]);
  step.require_arguments(step.probability.empty() && found != kBorders.end(),
                         "one of zero, edge and reflect and no probability");
  augment.border = static_cast<Border>(found - kBorders.begin());
}

void add_steps_(Augment& augment, std::string_view text) {
  if (trimmed(text).empty()) return;
  for (const std::string& piece : split_at_commas(text)) {
    const Written step = parse_step(piece);
    const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                    [&](const Kind& k) { return step.name == k.name; });
    const auto* preset = std::find_if(kPresets.begin(), kPresets.end(),
                                      [&](const auto& p) { return step.name == p.first; });
    if (kind != kKinds.end()) {
      augment.steps.push_back(make_step(step, *kind));
    } else if (preset != kPresets.end()) {
      step.require_arguments(piece == step.name, "no numbers, being a preset");
      add_steps_(augment, preset->second);
    } else if (step.name == "crop") {
      set_crop_(augment, step);
    } else {
      require(step.name == "border", "augment: there is no \"{}\"; {}", step.name,
              suggest(step.name, all_names()));
      set_border_(augment, step);
    }
  }
}

// The map from the changed image to the one before, about the middle of both; nothing when the step
// is not one of geometry. Heights and widths are of the image before.
std::optional<Affine> geometry_of(const AugmentStep& step, const Image& image, Draws& draws) {
  const std::string& name = step.name;
  if (name == "flip") return Affine{.xx = -1};
  if (name == "vflip") return Affine{.yy = -1};
  if (name == "rot90") {
    const int64_t turns = image.height == image.width ? 1 + draws.below(3) : 2;
    if (turns == 2) return Affine{.yy = -1, .xx = -1};
    const double sign = turns == 1 ? 1 : -1;
    return Affine{.yy = 0, .yx = sign, .xy = -sign, .xx = 0};
  }
  if (name == "rotate") {
    const double angle = draws.uniform(step.low, step.high) * std::numbers::pi / 180;
    const double c = std::cos(angle), s = std::sin(angle);
    return Affine{.yy = c, .yx = s, .xy = -s, .xx = c};
  }
  if (name == "scale") {
    const double factor = draws.uniform(step.low, step.high);
    return Affine{.yy = 1 / factor, .xx = 1 / factor};
  }
  if (name == "translate") {
    const double y = draws.uniform(step.low, step.high), x = draws.uniform(step.low, step.high);
    return Affine{.y0 = -y * static_cast<double>(image.height),
                  .x0 = -x * static_cast<double>(image.width)};
  }
  return {};
}

void change_values_(Image& image, const AugmentStep& step, Draws& draws) {
  const double strength = draws.uniform(step.low, step.high);
  const std::string& name = step.name;
  if (name == "brightness") brighten_(image, strength);
  if (name == "contrast") change_contrast_(image, strength);
  if (name == "gamma") change_gamma_(image, strength);
  if (name == "saturation") saturate_(image, strength);
  if (name == "hue") turn_hue_(image, strength);
  if (name == "noise") add_noise_(image, strength, draws);
  if (name == "blur") blur_(image, strength);
}

// The first row (or column) of a window of `size` in `extent` pixels: anywhere, or where it has
// `focus` in it. A window that is too large is put around the middle.
int64_t window_start(int64_t size, int64_t extent, std::optional<int64_t> focus, Draws& draws) {
  if (size >= extent) return -((size - extent) / 2);
  const int64_t last = extent - size;
  if (!focus) return draws.below(last + 1);
  return std::clamp<int64_t>(*focus - draws.below(size), 0, last);
}

// The position of a random pixel whose class is above 0.
std::optional<int64_t> foreground_pixel(const LabelMap& mask, Draws& draws) {
  const auto count = std::count_if(mask.labels.begin(), mask.labels.end(),
                                   [](int32_t label) { return label > 0; });
  if (count == 0) return {};
  int64_t left = draws.below(count);
  for (size_t i = 0;; ++i)
    if (mask.labels[i] > 0 && left-- == 0) return static_cast<int64_t>(i);
}

}  // namespace

Augment parse_augment(std::string_view text) {
  Augment augment;
  add_steps_(augment, text);
  return augment;
}

std::string to_text(const Augment& augment) {
  std::string text;
  for (const AugmentStep& step : augment.steps) {
    const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                    [&](const Kind& k) { return step.name == k.name; });
    require(kind != kKinds.end(), "augment: there is no \"{}\"; {}", step.name,
            suggest(step.name, all_names()));
    text += step.name;
    if (kind->arguments != Arguments::none) text += fmt::format("({},{})", step.low, step.high);
    text += fmt::format("@{},", step.probability);
  }
  if (augment.height > 0) text += fmt::format("crop({},{}),", augment.height, augment.width);
  if (augment.border != Border::zero)
    text += fmt::format("border({}),", kBorders[static_cast<size_t>(augment.border)]);
  if (text.empty()) return "none";
  text.pop_back();
  return text;
}

void augment_(Image& image, LabelMap& mask, const Augment& augment, Draws draws,
              bool on_foreground) {
  Affine turn;  // about the middle
  std::vector<const AugmentStep*> others;
  for (const AugmentStep& step : augment.steps) {
    if (!draws.chance(step.probability)) continue;
    const std::optional<Affine> map = geometry_of(step, image, draws);
    if (map) {
      turn = compose(turn, *map);
    } else {
      others.push_back(&step);
    }
  }

  const bool crops = augment.height > 0;
  const int64_t height = crops ? augment.height : image.height;
  const int64_t width = crops ? augment.width : image.width;
  std::optional<int64_t> y, x;
  if (crops && on_foreground) {
    if (const std::optional<int64_t> pixel = foreground_pixel(mask, draws)) {
      y = *pixel / mask.width;
      x = *pixel % mask.width;
    }
  }
  // The middle of the result lies on the middle of the window.
  const double y_out = static_cast<double>(height - 1) / 2;
  const double x_out = static_cast<double>(width - 1) / 2;
  const double y_in = static_cast<double>(window_start(height, image.height, y, draws)) + y_out;
  const double x_in = static_cast<double>(window_start(width, image.width, x, draws)) + x_out;
  const Affine from =
      compose({.y0 = y_in, .x0 = x_in}, compose(turn, {.y0 = -y_out, .x0 = -x_out}));
  if (from != Affine{} || height != image.height || width != image.width) {
    image = sample(image, from, height, width, augment.border);
    if (!mask.labels.empty()) mask = sample(mask, from, height, width, augment.border);
  }
  for (const AugmentStep* step : others) change_values_(image, *step, draws);
}

}  // namespace tessera::io
