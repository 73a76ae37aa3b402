#include "io/augment_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/nearest.h"

namespace tessera::io {

namespace {

constexpr std::array<const char*, 3> kBorders = {"zero", "edge", "reflect"};

std::vector<std::string> all_names() {
  std::vector<std::string> names = {"crop", "border", "normalized"};
  for (const StepKind& kind : augment_steps()) names.push_back(kind.name);
  for (const AugmentPreset& preset : augment_presets()) names.emplace_back(preset.name);
  return names;
}

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

// One step as it is written: name(a,b,c=1..2,d)@p.
struct Written {
  explicit Written(const std::string& whole);
  double number(std::string_view word) const;
  ParameterRange range(std::string_view word) const;
  void require_arguments(bool fit, const char* what) const {
    require(fit, "augment: {} takes {}, got \"{}\"", name, what, text);
  }

  std::string text, name;
  std::vector<std::string> arguments;
  std::string probability;
};

Written::Written(const std::string& whole) : text(whole) {
  std::string_view rest = text;
  const size_t at = rest.rfind('@'), close = rest.rfind(')');
  if (at != std::string_view::npos && (close == std::string_view::npos || at > close)) {
    probability = trimmed(rest.substr(at + 1));
    require(!probability.empty(), "augment: a probability must follow the @ in \"{}\"", text);
    rest = trimmed(rest.substr(0, at));
  }
  if (const size_t open = rest.find('('); open != std::string_view::npos) {
    require(rest.back() == ')', "augment: a \")\" is missing in \"{}\"", text);
    arguments = split_at_commas(rest.substr(open + 1, rest.size() - open - 2));
    rest = trimmed(rest.substr(0, open));
  }
  name = rest;
}

double Written::number(std::string_view word) const {
  double value = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
  require(status == std::errc() && end == word.data() + word.size() && std::isfinite(value),
          "augment: \"{}\" in \"{}\" is not a number", word, text);
  return value;
}

// "3" or "1..5".
ParameterRange Written::range(std::string_view word) const {
  const size_t dots = word.find("..");
  if (dots == std::string_view::npos) return {number(word), number(word)};
  return {number(trimmed(word.substr(0, dots))), number(trimmed(word.substr(dots + 2)))};
}

// The range a step has where nothing is said.
ParameterRange default_range(const AugmentStep& step, size_t i) {
  const Parameter& parameter = step.kind->parameters[i];
  if (std::isnan(parameter.low)) return step.ranges[0];
  return {parameter.low, parameter.high};
}

void check_range(const AugmentStep& step, size_t i, const Written& written) {
  const Parameter& parameter = step.kind->parameters[i];
  const auto [low, high] = step.ranges[i];
  require(parameter.least <= low && low <= high && high <= parameter.most,
          "augment: numbers of {}{} must be from {} to {} and in order, got \"{}\"",
          i == 0 ? "" : parameter.name + " of ", step.kind->name, parameter.least, parameter.most,
          written.text);
  require(parameter.kind != Parameter::Kind::whole ||
              (low == std::floor(low) && high == std::floor(high)),
          "augment: {} of {} must be whole, got \"{}\"", parameter.name, step.kind->name,
          written.text);
}

// Sets a named argument: a parameter, a flag, or each.
void set_named_(AugmentStep& step, std::vector<bool>& given, const std::string& argument,
                const Written& written) {
  const size_t equals = argument.find('=');
  const std::string name(trimmed(argument.substr(0, equals)));
  const std::string value(
      equals == std::string::npos ? "" : trimmed(std::string_view(argument).substr(equals + 1)));
  if (name == "each" && step.kind->change != nullptr) {
    step.each = written.number(value);
    require(step.each > 0 && step.each <= 1,
            "augment: each must be a probability above 0, got \"{}\"", written.text);
    return;
  }
  std::vector<std::string> names;
  const auto& parameters = step.kind->parameters;
  names.reserve(parameters.size() + 1);
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  if (step.kind->change != nullptr) names.emplace_back("each");
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& p) { return p.name == name; });
  require(found != parameters.end(), "augment: {} has no \"{}\"; {}", step.kind->name, name,
          suggest(name, names));
  const auto i = static_cast<size_t>(found - parameters.begin());
  const bool flag = found->kind == Parameter::Kind::flag;
  require(flag || !value.empty(), "augment: {} needs a number, as in {}=1, got \"{}\"", name, name,
          written.text);
  step.ranges[i] = flag && value.empty() ? ParameterRange{1, 1} : written.range(value);
  given[i] = true;
}

bool is_named(const std::string& argument) {
  return argument.find('=') != std::string::npos ||
         (!argument.empty() && argument[0] >= 'a' && argument[0] <= 'z' && argument != "nan" &&
          argument != "inf" && argument.size() > 1);
}

AugmentStep make_step(const Written& written);

std::vector<AugmentStep> choices_of(const Written& written) {
  std::vector<AugmentStep> choices;
  double shares = 0;
  for (const std::string& argument : written.arguments) {
    choices.push_back(make_step(Written(argument)));
    shares += choices.back().probability;
    require(choices.back().kind->move != nullptr || choices.back().kind->change != nullptr,
            "augment: oneof cannot have {} in it, got \"{}\"", choices.back().kind->name,
            written.text);
  }
  written.require_arguments(!choices.empty() && shares > 0, "steps that are possible");
  return choices;
}

AugmentStep make_step(const Written& written) {
  const StepKind* kind = find_step(written.name);
  require(kind != nullptr, "augment: there is no \"{}\"; {}", written.name,
          suggest(written.name, all_names()));
  AugmentStep step{.kind = kind, .probability = kind->probability};
  const auto& parameters = kind->parameters;
  step.ranges.resize(parameters.size());
  std::vector<bool> given(parameters.size());
  std::vector<double> numbers;
  if (kind->name == "oneof") {
    step.choices = choices_of(written);
  } else {
    for (const std::string& argument : written.arguments) {
      if (is_named(argument)) {
        set_named_(step, given, argument, written);
      } else {
        numbers.push_back(written.number(argument));
      }
    }
  }
  const bool none = parameters.empty() || parameters[0].kind == Parameter::Kind::flag;
  written.require_arguments(!none || numbers.empty(), "no numbers");
  written.require_arguments(numbers.size() <= 2, kind->symmetric
                                                     ? "one or two numbers"
                                                     : "two numbers, the least and the largest");
  if (!numbers.empty()) {
    given[0] = true;
    step.ranges[0] = {numbers.front(), numbers.back()};
    if (kind->symmetric && numbers.size() == 1) {
      step.ranges[0].high = std::abs(numbers[0]);
      step.ranges[0].low = -step.ranges[0].high;
    }
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!given[i]) step.ranges[i] = default_range(step, i);
    check_range(step, i, written);
  }
  if (!written.probability.empty()) step.probability = written.number(written.probability);
  require(0 <= step.probability && step.probability <= 1,
          "augment: a probability must be from 0 to 1, got \"{}\"", written.text);
  return step;
}

void set_crop_(Augment& augment, const Written& step) {
  const size_t count = step.arguments.size();
  step.require_arguments(step.probability.empty() && count >= 1 && count <= 3,
                         "one, two or three numbers of pixels and no probability");
  std::vector<int64_t> sizes;
  for (const std::string& argument : step.arguments) {
    const double pixels = step.number(argument);
    require(pixels >= 1 && pixels <= 65536 && pixels == std::floor(pixels),
            "augment: crop must be whole pixels from 1 to 65536, got \"{}\"", step.text);
    sizes.push_back(static_cast<int64_t>(pixels));
  }
  augment.depth = count == 2 ? 0 : sizes[0];
  augment.height = count == 3 ? sizes[1] : sizes[0];
  augment.width = sizes.back();
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
  const auto& presets = augment_presets();
  for (const std::string& piece : split_at_commas(text)) {
    const Written step(piece);
    const auto preset = std::find_if(presets.begin(), presets.end(),
                                     [&](const AugmentPreset& p) { return step.name == p.name; });
    if (preset != presets.end()) {
      step.require_arguments(piece == step.name, "no numbers, being a preset");
      add_steps_(augment, preset->text);
    } else if (step.name == "crop") {
      set_crop_(augment, step);
    } else if (step.name == "border") {
      set_border_(augment, step);
    } else if (step.name == "normalized") {
      step.require_arguments(piece == step.name, "no numbers");
      augment.normalized = true;
    } else {
      augment.steps.push_back(make_step(step));
    }
  }
}

}  // namespace

Augment parse_augment(std::string_view text) {
  Augment augment;
  add_steps_(augment, text);
  return augment;
}

std::string to_text(const AugmentStep& step) {
  std::string inner;
  for (const AugmentStep& choice : step.choices) inner += to_text(choice) + ",";
  for (size_t i = 0; i < step.ranges.size(); ++i) {
    const Parameter& parameter = step.kind->parameters[i];
    const auto [low, high] = step.ranges[i];
    if (parameter.kind == Parameter::Kind::flag) {
      if (low > 0) inner += parameter.name + ",";
    } else if (i == 0) {
      inner += fmt::format("{},{},", low, high);
    } else if (low == high) {
      inner += fmt::format("{}={},", parameter.name, low);
    } else {
      inner += fmt::format("{}={}..{},", parameter.name, low, high);
    }
  }
  if (step.each > 0) inner += fmt::format("each={},", step.each);
  if (!inner.empty()) {
    inner.pop_back();
    inner = fmt::format("({})", inner);
  }
  return fmt::format("{}{}@{}", step.kind->name, inner, step.probability);
}

std::string to_text(const Augment& augment) {
  std::string text;
  for (const AugmentStep& step : augment.steps) text += to_text(step) + ",";
  if (augment.depth > 0) {
    text += fmt::format("crop({},{},{}),", augment.depth, augment.height, augment.width);
  } else if (augment.height > 0) {
    text += fmt::format("crop({},{}),", augment.height, augment.width);
  }
  if (augment.border != Border::zero)
    text += fmt::format("border({}),", kBorders[static_cast<size_t>(augment.border)]);
  if (augment.normalized) text += "normalized,";
  if (text.empty()) return "none";
  text.pop_back();
  return text;
}

const std::vector<AugmentPreset>& augment_presets() {
  static const std::vector<AugmentPreset> all = {
      {"none", "", "nothing"},
      {"light", "flip", "mirrored images only"},
      {"standard",
       "flip,rotate(15),scale(0.8,1.25),brightness(0.8,1.2),contrast(0.8,1.2),gamma(0.7,1.5),"
       "noise(0,0.05)@0.15,blur(0.5,1)@0.15",
       "for most sets"},
      {"jmedseg", "jitter(0.6,1.4,hue=-0.1..0.1)@0.8,blur(0.1,2)@0.5", "as JMedSeg's --aug"},
      {"nnunet",
       "normalized,"
       "rotate(-180,180,elongated=-15..15,volume=-30..30)@0.2,scale(0.7,1.4,inverse)@0.2,"
       "noise(0,0.1,absolute)@0.1,blur(0.5,1,axes,each=0.5)@0.2,"
       "multiply(0.75,1.25,balanced,each=1)@0.15,contrast(0.75,1.25,balanced,each=1)@0.15,"
       "lowres(0.5,1,each=0.5)@0.25,gamma(0.7,1.5,balanced,invert,retain,each=1)@0.1,"
       "gamma(0.7,1.5,balanced,retain,each=1)@0.3,flip,vflip,zflip",
       "the default of nnU-Net 2"},
      {"nnunet-da5",
       "normalized,"
       "rotate(-180,180,elongated=-15..15,volume=-30..30,axes=0.5)@0.4,"
       "scale(0.7,1.43,axes,inverse)@0.2,rot90@0.5,transpose@0.5,"
       "oneof(median(2,8,each=0.5),blur(0.3,1.5,each=0.5))@0.2,noise(0,0.1,absolute)@0.1,"
       "offset(0.5,absolute,each=0.5)@0.1,"
       "oneof(contrast(0.5,2,balanced,each=1),contrast(0.5,2,balanced,free,each=1))@0.2,"
       "lowres(0.25,1,each=0.5)@0.15,gamma(0.7,1.5,balanced,invert,retain,each=1)@0.1,"
       "gamma(0.7,1.5,balanced,retain,each=1)@0.1,flip,vflip,zflip,"
       "cutout(0.1,0.33,count=1..4,each=0.5)@0.4,gradient(1,5,absolute,each=0.5)@0.3,"
       "localgamma(0.01,0.8,above=1.5..4,each=0.5)@0.3,sharpen(0.1,1,each=0.5)@0.2",
       "the stronger one of nnU-Net"},
      {"torchio",
       "normalized,flip,rotate(10)@0.5,scale(0.9,1.1)@0.5,elastic(0,0.04)@0.2,bias(0.5)@0.2,"
       "noise(0,0.25,absolute)@0.2,blur(0,2)@0.2,gamma(0.74,1.35)@0.2,motion(10)@0.1,ghosting(0.5,"
       "1)@0.1,"
       "spikes(1,3)@0.05,anisotropy(1.5,5)@0.1",
       "the ranges of TorchIO, for MR"},
  };
  return all;
}

}  // namespace tessera::io
