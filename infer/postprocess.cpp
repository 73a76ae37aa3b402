#include "infer/postprocess.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/nearest.h"
#include "core/terms.h"
#include "nn/metric/connected_components.h"
#include "nn/metric/segmentation_scores.h"

namespace tessera::infer {

namespace {

const std::vector<std::string> kNames = {"largest", "min_size", "fill_holes"};
constexpr int64_t kAnySize = int64_t{1} << 40;

// The voxels for which `inside` holds.
template <class Inside>
nn::VoxelSet set_where(std::span<const int32_t> labels, const Shape& shape, Inside inside) {
  std::vector<uint8_t> bytes(labels.size());
  std::ranges::transform(labels, bytes.begin(), [&](int32_t c) { return inside(c) ? 1 : 0; });
  return {bytes, shape};
}

// Which parts stay, by their number.
std::vector<bool> kept(const nn::Components& parts, const PostprocessStep& step) {
  std::vector<bool> keep(static_cast<size_t>(parts.count()) + 1, false);
  const auto largest = std::ranges::max_element(parts.sizes);
  for (auto size = parts.sizes.begin(); size != parts.sizes.end(); ++size) {
    keep[static_cast<size_t>(size - parts.sizes.begin()) + 1] =
        step.name == "largest" ? size == largest : *size >= step.size;
  }
  return keep;
}

// largest or min_size for the classes of which `inside` is true, as one.
template <class Inside>
void keep_parts(std::span<int32_t> labels, const Shape& shape, const PostprocessStep& step,
                Inside inside) {
  const nn::Components parts =
      nn::connected_components(set_where(labels, shape, inside), shape.ndim());
  const std::vector<bool> keep = kept(parts, step);
  for (size_t i = 0; i < labels.size(); ++i) {
    const int32_t part = parts.labels[i];
    if (part != 0 && !keep[static_cast<size_t>(part)]) labels[i] = 0;
  }
}

void fill_holes(std::span<int32_t> labels, const Shape& shape, int32_t c) {
  const nn::Components outside =
      nn::connected_components(set_where(labels, shape, [c](int32_t x) { return x != c; }), 1);
  std::vector<bool> open(static_cast<size_t>(outside.count()) + 1, false);
  const Shape strides = row_major_strides(shape);
  const auto at_edge = [&](int64_t i) {
    for (int axis = 0; axis < shape.ndim(); ++axis) {
      const int64_t place = i / strides[axis] % shape[axis];
      if (place == 0 || place == shape[axis] - 1) return true;
    }
    return false;
  };
  for (size_t i = 0; i < labels.size(); ++i) {
    if (at_edge(static_cast<int64_t>(i))) open[static_cast<size_t>(outside.labels[i])] = true;
  }
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto part = static_cast<size_t>(outside.labels[i]);
    if (part != 0 && !open[part] && labels[i] == 0) labels[i] = c;
  }
}

double mean_dice(std::span<const Judged> cases, int64_t classes, int64_t ignore_index) {
  nn::SegmentationScores scores(classes, ignore_index);
  for (const Judged& one : cases) {
    nn::Confusion confusion(classes);
    confusion.add(std::vector<int64_t>(one.predicted.begin(), one.predicted.end()),
                  std::vector<int64_t>(one.reference.begin(), one.reference.end()), ignore_index);
    scores.add("", confusion);
  }
  return scores.dice();
}

std::vector<PostprocessStep> candidates(int64_t classes) {
  std::vector<PostprocessStep> steps;
  const auto add = [&](int64_t of_class, bool together) {
    steps.push_back({.name = "largest", .of_class = of_class, .together = together});
    if (!together) steps.push_back({.name = "fill_holes", .of_class = of_class});
    for (const int64_t size : {10, 30, 100, 300}) {
      steps.push_back(
          {.name = "min_size", .size = size, .of_class = of_class, .together = together});
    }
  };
  if (classes > 2) add(0, true);
  for (int64_t c = 1; c < classes; ++c) add(c, false);
  return steps;
}

}  // namespace

Postprocess parse_postprocess(std::string_view text) {
  Postprocess postprocess;
  if (text.find_first_not_of(' ') == std::string_view::npos) return postprocess;
  for (Term& term : parse_terms(text, "postprocess")) {
    if (std::ranges::find(kNames, term.name) == kNames.end()) {
      term.fail(fmt::format("'{}' is not known ({})", term.name, suggest(term.name, kNames)));
    }
    if (term.factor || !term.variant.empty()) term.fail("a step has neither factor nor variant");
    PostprocessStep step{.name = term.name};
    if (step.name == "min_size") step.size = term.integer("size", 0, 1, kAnySize);
    if (step.name == "min_size" && step.size == 0) term.fail("min_size needs a size: min_size(50)");
    step.of_class = term.integer("class", 0, 1, kAnySize);
    if (step.name != "fill_holes") step.together = term.flag("together", false);
    if (step.together && step.of_class != 0) term.fail("there is either a class or together=true");
    term.finish();
    postprocess.steps.push_back(std::move(step));
  }
  return postprocess;
}

std::string to_text(const Postprocess& postprocess) {
  std::string text;
  for (const PostprocessStep& step : postprocess.steps) {
    std::string arguments;
    const auto add = [&](const std::string& argument) {
      arguments += (arguments.empty() ? "" : ", ") + argument;
    };
    if (step.size > 0) add(std::to_string(step.size));
    if (step.of_class > 0) add("class=" + std::to_string(step.of_class));
    if (step.together) add("together=true");
    text += (text.empty() ? "" : " + ") + step.name;
    if (!arguments.empty()) text += "(" + arguments + ")";
  }
  return text;
}

void apply_(std::span<int32_t> labels, const Shape& shape, int64_t classes,
            const Postprocess& postprocess) {
  require((shape.ndim() == 2 || shape.ndim() == 3) &&
              static_cast<int64_t>(labels.size()) == shape.numel(),
          "postprocess: {} labels do not fill [H, W] or [D, H, W], got {}", labels.size(), shape);
  for (const PostprocessStep& step : postprocess.steps) {
    require(step.of_class < classes,
            "postprocess: {} is of class {}, but there are only {} classes", step.name,
            step.of_class, classes);
    if (step.together) {
      keep_parts(labels, shape, step, [](int32_t c) { return c > 0; });
      continue;
    }
    for (int64_t c = 1; c < classes; ++c) {
      if (step.of_class != 0 && step.of_class != c) continue;
      const auto label = static_cast<int32_t>(c);
      if (step.name == "fill_holes") {
        fill_holes(labels, shape, label);
      } else {
        keep_parts(labels, shape, step, [label](int32_t x) { return x == label; });
      }
    }
  }
}

std::vector<Trial> choose_postprocess(std::span<const Judged> cases, int64_t classes,
                                      int64_t ignore_index, double gain) {
  std::vector<Judged> best(cases.begin(), cases.end());
  double score = mean_dice(best, classes, ignore_index);
  std::vector<Trial> trials;
  for (const PostprocessStep& step : candidates(classes)) {
    std::vector<Judged> tried = best;
    for (Judged& one : tried) apply_(one.predicted, one.shape, classes, {{step}});
    const double after = mean_dice(tried, classes, ignore_index);
    trials.push_back({step, score, after, after > score + gain});
    if (!trials.back().taken) continue;
    best = std::move(tried);
    score = after;
  }
  return trials;
}

Postprocess taken(std::span<const Trial> trials) {
  Postprocess postprocess;
  for (const Trial& trial : trials) {
    if (trial.taken) postprocess.steps.push_back(trial.step);
  }
  return postprocess;
}

}  // namespace tessera::infer
