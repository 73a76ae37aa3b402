#include "nn/loss/loss.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/call.h"
#include "core/error.h"
#include "core/nearest.h"
#include "core/terms.h"
#include "nn/loss/cross_entropy.h"
#include "nn/loss/overlap.h"
#include "ops/binary.h"

namespace tessera::nn {

namespace {

using LossFunction = std::function<Tensor(const Operand&, const Tensor&)>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

int64_t ignored(Term& term, int64_t otherwise) {
  constexpr int64_t kMost = int64_t{1} << 53;
  return term.integer("ignore", otherwise, -kMost, kMost);
}

template <class Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& entry : map) names.push_back(entry.first);
  return names;
}

// Throws Error unless the term has no preset, or one of these.
void check_preset(const Term& term, const std::vector<std::string>& presets) {
  if (term.variant.empty() ||
      std::find(presets.begin(), presets.end(), term.variant) != presets.end())
    return;
  term.fail(fmt::format("'{}' has no preset '{}' ({})", term.name, term.variant,
                        suggest(term.variant, presets)));
}

std::vector<double> factors(Term& term, const std::string& argument,
                            const std::vector<double>& otherwise = {}) {
  std::vector<double> values = term.numbers(argument, otherwise);
  for (const double value : values) {
    if (value < 0) term.fail(fmt::format("'{}' must not be negative, got {}", argument, value));
  }
  return values;
}

LossFunction cross_entropy_of(Term& term, int64_t ignore_index) {
  SegmentationCrossEntropyOptions o;
  check_preset(term, {"jmedseg"});
  if (term.variant.empty()) {
    o.weight = factors(term, "weight");
  } else {
    const double w = term.number("w", 0.8, 0, 1);
    o.weight = {1 - w, w};
  }
  o.label_smoothing = term.number("label_smoothing", 0, 0, 1);
  o.ignore_index = ignored(term, ignore_index);
  return [o](const Operand& x, const Tensor& t) { return cross_entropy(x, t, o); };
}

LossFunction binary_cross_entropy_of(Term& term, int64_t ignore_index) {
  check_preset(term, {});
  SegmentationBinaryOptions o;
  o.pos_weight = factors(term, "pos_weight");
  o.ignore_index = ignored(term, ignore_index);
  return [o](const Operand& x, const Tensor& t) { return binary_cross_entropy(x, t, o); };
}

LossFunction focal_of(Term& term, int64_t ignore_index) {
  FocalOptions o;
  check_preset(term, {"jmedseg"});
  if (!term.variant.empty()) o.alpha = {0.5};
  o.gamma = term.number("gamma", o.gamma, 0, kInfinity);
  o.alpha = factors(term, "alpha", o.alpha);
  o.ignore_index = ignored(term, ignore_index);
  return [o](const Operand& x, const Tensor& t) { return focal_loss(x, t, o); };
}

OverlapOptions overlap_options(Term& term, int64_t ignore_index) {
  check_preset(term, names_of(overlap_presets()));
  OverlapOptions o = term.variant.empty() ? OverlapOptions{} : overlap_presets().at(term.variant);
  o.smooth = term.number("smooth", o.smooth, 0, kInfinity);
  o.eps = term.number("eps", o.eps, 0, kInfinity);
  o.include_background = term.flag("background", o.include_background);
  const bool batch = term.flag("batch", o.sums == OverlapSums::batch);
  const bool all = term.flag("all", o.sums == OverlapSums::all);
  o.sums = all ? OverlapSums::all : batch ? OverlapSums::batch : OverlapSums::sample;
  o.squared = term.flag("squared", o.squared);
  o.skip_absent = term.flag("skip_absent", o.skip_absent);
  o.negative = term.flag("negative", o.negative);
  o.ignore_index = ignored(term, ignore_index);
  return o;
}

LossFunction dice_of(Term& term, int64_t ignore_index) {
  const OverlapOptions o = overlap_options(term, ignore_index);
  return [o](const Operand& x, const Tensor& t) { return dice_loss(x, t, o); };
}

LossFunction iou_of(Term& term, int64_t ignore_index) {
  const OverlapOptions o = overlap_options(term, ignore_index);
  return [o](const Operand& x, const Tensor& t) { return iou_loss(x, t, o); };
}

using Maker = LossFunction (*)(Term&, int64_t);
const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all = {
      {"ce", cross_entropy_of}, {"bce", binary_cross_entropy_of},
      {"focal", focal_of},      {"dice", dice_of},
      {"iou", iou_of},
  };
  return all;
}

}  // namespace

Tensor Loss::operator()(const Operand& logits, const Tensor& target) const {
  const Call call("loss", logits.where);
  require(!parts_.empty(), "loss: it is empty; make one with nn::loss(\"dice + ce\")");
  Tensor total;
  for (const Part& part : parts_) {
    Tensor value = part.function(logits, target);
    if (part.factor != 1) value = part.factor * value;
    total = total.defined() ? total + value : value;
  }
  return total;
}

std::string Loss::str() const {
  std::string text;
  for (const Part& part : parts_) {
    if (!text.empty()) text += " + ";
    text += part.text;
  }
  return text;
}

Loss loss(const std::string& text, int64_t ignore_index) {
  Loss loss;
  for (Term& term : parse_terms(text, "loss")) {
    const auto maker = makers().find(term.name);
    if (maker == makers().end()) {
      term.fail(
          fmt::format("'{}' is not known ({})", term.name, suggest(term.name, names_of(makers()))));
    }
    LossFunction function = maker->second(term, ignore_index);
    term.finish();
    loss.parts_.push_back({term.factor.value_or(1), term.str(), std::move(function)});
  }
  return loss;
}

Tensor dice_ce(const Operand& logits, const Tensor& target, int64_t ignore_index) {
  const Call call("dice_ce", logits.where);
  return dice_loss(logits, target, {.ignore_index = ignore_index}) +
         cross_entropy(logits, target, {.ignore_index = ignore_index});
}

}  // namespace tessera::nn
