#include "nn/loss/loss_table.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/nearest.h"
#include "nn/loss/cross_entropy.h"
#include "nn/loss/distance.h"
#include "nn/loss/exponents.h"
#include "nn/loss/hard_examples.h"
#include "nn/loss/lovasz.h"
#include "nn/loss/overlap.h"
#include "nn/loss/skeleton.h"

namespace tessera::nn {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// What goes through the options of a loss: it reads them from a term, or it lists them.
class Options {
 public:
  virtual ~Options() = default;
  virtual void number(const char* name, double& value, double low, double high,
                      const char* meaning) = 0;
  virtual void flag(const char* name, bool& value, const char* meaning) = 0;
  virtual void factors(const char* name, std::vector<double>& values, const char* meaning) = 0;

  void positive(const char* name, double& value, const char* meaning) {
    number(name, value, 0, kNoLimit, meaning);
  }
  void share(const char* name, double& value, const char* meaning) {
    number(name, value, 0, 1, meaning);
  }
};

class Reader final : public Options {
 public:
  explicit Reader(Term& term) : term_(term) {}
  void number(const char* name, double& value, double low, double high, const char*) override {
    value = term_.number(name, value, low, high);
  }
  void flag(const char* name, bool& value, const char*) override {
    value = term_.flag(name, value);
  }
  void factors(const char* name, std::vector<double>& values, const char*) override {
    values = term_.numbers(name, values);
    for (const double value : values) {
      if (value < 0) term_.fail(fmt::format("'{}' must not be negative, got {}", name, value));
    }
  }

 private:
  Term& term_;
};

class Lister final : public Options {
 public:
  std::vector<LossEntry::Option> options;
  void number(const char* name, double& value, double, double, const char* meaning) override {
    options.push_back({name, fmt::format("{:.6g}", value), meaning});
  }
  void flag(const char* name, bool& value, const char* meaning) override {
    options.push_back({name, value ? "true" : "false", meaning});
  }
  void factors(const char* name, std::vector<double>& values, const char* meaning) override {
    options.push_back({name, fmt::format("[{}]", fmt::join(values, ",")), meaning});
  }
};

void list(Options& v, SegmentationCrossEntropyOptions& o) {
  v.factors("weight", o.weight, "a factor for each class");
  v.share("label_smoothing", o.label_smoothing, "part of the target that is spread over classes");
}

void list(Options& v, SegmentationBinaryOptions& o) {
  v.factors("pos_weight", o.pos_weight, "factor on pixels of the class, for each or all channels");
}

void list(Options& v, FocalOptions& o) {
  v.positive("gamma", o.gamma, "how much easy pixels are suppressed");
  v.factors("alpha", o.alpha, "a factor for all classes, or for each");
  v.flag("sigmoid", o.sigmoid, "each channel against the rest");
}

void list(Options& v, TopkOptions& o) {
  v.number("percent", o.percent, 0, 100, "of the pixels are kept");
}

void list(Options& v, OhemOptions& o) {
  v.share("thresh", o.thresh, "pixels of less probability are hard");
  v.share("min_kept", o.min_kept, "part of the pixels that is kept at least");
}

void list(Options& v, OverlapSums& sums) {
  bool batch = sums == OverlapSums::batch, all = sums == OverlapSums::all;
  v.flag("batch", batch, "areas of the whole batch instead of each sample");
  v.flag("all", all, "areas of all classes together");
  sums = all ? OverlapSums::all : batch ? OverlapSums::batch : OverlapSums::sample;
}

constexpr const char* kBackground = "with class 0";
constexpr const char* kSmooth = "added to numerator and denominator";
constexpr const char* kEps = "the denominator is at least this";
constexpr const char* kSkipAbsent = "classes that do not occur give 0";

void list(Options& v, OverlapOptions& o) {
  v.flag("background", o.include_background, kBackground);
  list(v, o.sums);
  v.flag("squared", o.squared, "squares in the denominator");
  v.positive("smooth", o.smooth, kSmooth);
  v.positive("eps", o.eps, kEps);
  v.flag("skip_absent", o.skip_absent, kSkipAbsent);
  v.flag("negative", o.negative, "-overlap instead of 1 - overlap");
  v.flag("log", o.log, "-log(overlap) instead of 1 - overlap");
}

void list(Options& v, TverskyOptions& o) {
  v.positive("alpha", o.alpha, "weight of false positives");
  v.positive("beta", o.beta, "weight of false negatives");
  v.positive("gamma", o.gamma, "power of the loss of each class");
  v.flag("power_of_mean", o.power_of_mean, "power of the mean instead");
  v.flag("background", o.include_background, kBackground);
  list(v, o.sums);
  v.positive("smooth", o.smooth, kSmooth);
  v.positive("eps", o.eps, kEps);
  v.flag("skip_absent", o.skip_absent, kSkipAbsent);
}

void list(Options& v, GeneralizedDiceOptions& o) {
  v.positive("power", o.power, "weight of a class is 1 / area^power");
  v.flag("normalize", o.normalize, "weights add up to 1");
  v.flag("background", o.include_background, kBackground);
  v.flag("batch", o.batch, "areas of the whole batch instead of each sample");
  v.positive("smooth", o.smooth, kSmooth);
}

void list(Options& v, LovaszOptions& o) {
  v.flag("per_image", o.per_image, "mean over images instead of one value for the batch");
  v.flag("all_classes", o.all_classes, "also classes that do not occur");
}

void list(Options& v, BoundaryOptions& o) {
  v.flag("background", o.include_background, kBackground);
  v.factors("spacing", o.spacing, "of pixels along each axis, or all");
}

void list(Options& v, HausdorffOptions& o) {
  v.positive("alpha", o.alpha, "power of distances");
  v.flag("log", o.log, "log(1 + loss)");
  v.flag("background", o.include_background, kBackground);
  v.factors("spacing", o.spacing, "of pixels along each axis, or all");
}

void list(Options& v, ClDiceOptions& o) {
  constexpr double kMost = 100;
  auto iterations = static_cast<double>(o.iterations);
  v.number("iterations", iterations, 0, kMost, "erosions: half the width of the thickest vessel");
  o.iterations = static_cast<int64_t>(iterations);
  v.positive("smooth", o.smooth, kSmooth);
  v.positive("eps", o.eps, "added to the denominator of the harmonic mean");
  v.flag("background", o.include_background, kBackground);
}

void list(Options& v, UnifiedFocalOptions& o) {
  v.share("weight", o.weight, "of the cross entropy; the Tversky part has the rest");
  v.share("delta", o.delta, "weight of the foreground and of false negatives");
  v.share("gamma", o.gamma, "how much what is easy is suppressed, below 1");
  v.flag("asymmetric", o.asymmetric, "suppress only the background, enhance only the foreground");
  v.flag("class_mean", o.class_mean, "cross entropy divided by the number of classes");
}

void list(Options& v, ExponentialLogarithmicOptions& o) {
  v.positive("dice_weight", o.dice_weight, "of the Dice part");
  v.positive("ce_weight", o.ce_weight, "of the cross entropy part");
  v.positive("dice_gamma", o.dice_gamma, "power of -log Dice");
  v.positive("ce_gamma", o.ce_gamma, "power of -log p");
  v.factors("class_weight", o.class_weight, "a factor on the cross entropy of each class");
  v.flag("background", o.include_background, "Dice with class 0");
}

template <class O>
using Presets = std::map<std::string, O>;

// "smooth=1, all=true": where the second list differs.
std::string difference(const std::vector<LossEntry::Option>& from,
                       const std::vector<LossEntry::Option>& to) {
  std::vector<std::string> changed;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i].value != to[i].value) changed.push_back(to[i].name + "=" + to[i].value);
  }
  return fmt::format("{}", fmt::join(changed, ", "));
}

template <class O>
std::vector<LossEntry::Option> listed(O options) {
  Lister lister;
  list(lister, options);
  return lister.options;
}

// Throws Error unless the term has no preset, or one of these.
template <class O>
O preset_of(const Term& term, const O& otherwise, const Presets<O>& presets) {
  if (term.variant.empty()) return otherwise;
  const auto found = presets.find(term.variant);
  if (found != presets.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& preset : presets) names.push_back(preset.first);
  term.fail(fmt::format("'{}' has no preset '{}' ({})", term.name, term.variant,
                        suggest(term.variant, names)));
}

template <class O>
LossEntry entry(const char* name, const char* title, const char* paper,
                Tensor (*loss)(const Segmentation&, const O&), const Presets<O>& presets = {},
                const O& otherwise = {}) {
  LossEntry entry{name, title, paper, listed(otherwise), {}, {}};
  for (const auto& preset : presets) {
    entry.presets.push_back({preset.first, difference(entry.options, listed(preset.second))});
  }
  entry.read = [=](Term& term) -> LossFunction {
    O options = preset_of(term, otherwise, presets);
    Reader reader(term);
    list(reader, options);
    term.finish();
    return [=](const Segmentation& s) { return loss(s, options); };
  };
  return entry;
}

}  // namespace

const std::vector<LossEntry>& losses() {
  constexpr double kDelta = 0.7;
  constexpr const char* kNoPaper = "";
  const OverlapOptions smp = overlap_presets().at("smp");
  const TverskyOptions focal = {.alpha = 0.3, .beta = 0.7, .gamma = 0.75};
  const TverskyOptions tversky_smp = {.power_of_mean = true,
                                      .sums = smp.sums,
                                      .smooth = smp.smooth,
                                      .eps = smp.eps,
                                      .skip_absent = smp.skip_absent};
  static const std::vector<LossEntry> all = {
      entry<SegmentationCrossEntropyOptions>(
          "ce", "cross entropy", kNoPaper, cross_entropy,
          {{"monai", {}}, {"nnunet", {}}, {"smp", {}}, {"jmedseg", {.weight = {0.2, 0.8}}}}),
      entry<SegmentationBinaryOptions>("bce", "cross entropy of each channel against the rest",
                                       kNoPaper, binary_cross_entropy,
                                       {{"monai", {}}, {"nnunet", {}}, {"smp", {}}}),
      entry<FocalOptions>("focal", "cross entropy in which easy pixels count less",
                          "arXiv:1708.02002", focal_loss,
                          {{"monai", {.sigmoid = true}},
                           {"smp", {.sigmoid = true}},
                           {"jmedseg", {.alpha = {0.5}}}}),
      entry<TopkOptions>("topk", "cross entropy of the hardest pixels", kNoPaper,
                         topk_cross_entropy, {{"nnunet", {}}}),
      entry<OhemOptions>("ohem", "cross entropy of pixels below a probability", "arXiv:1604.03540",
                         ohem_cross_entropy),
      entry<OverlapOptions>("dice", "1 - Dice", "arXiv:1606.04797", dice_loss, overlap_presets()),
      entry<OverlapOptions>("iou", "1 - intersection over union", kNoPaper, iou_loss,
                            {{"monai", {.smooth = 5e-6}},  // it adds 1e-5 to doubled areas
                             {"smp", smp},
                             {"jmedseg", overlap_presets().at("jmedseg")}}),
      entry<GeneralizedDiceOptions>("generalized_dice", "Dice with weights against imbalance",
                                    "arXiv:1707.03237", generalized_dice_loss,
                                    {{"monai", {.normalize = false}}}),
      entry<TverskyOptions>("tversky", "Dice with weights of false positives and negatives",
                            "arXiv:1706.05721", tversky_loss,
                            {{"monai", {}}, {"smp", tversky_smp}}),
      entry<TverskyOptions>("focal_tversky", "power of the Tversky loss", "arXiv:1810.07842",
                            tversky_loss, {}, focal),
      entry<LovaszOptions>("lovasz", "convex surrogate of 1 - IoU", "arXiv:1705.08790", lovasz_loss,
                           {{"smp", {}}}),
      entry<LovaszOptions>("lovasz_hinge", "the same of logits, each channel against the rest",
                           "arXiv:1705.08790", lovasz_hinge_loss, {{"smp", {.all_classes = true}}}),
      entry<BoundaryOptions>("boundary", "distance of what is predicted from the boundary",
                             "arXiv:1812.07032", boundary_loss,
                             {{"monai", {.include_background = true}}}),
      entry<HausdorffOptions>("hausdorff", "errors weighed by their distance from the boundary",
                              "arXiv:1904.10030", hausdorff_loss, {{"monai", {}}}),
      entry<ClDiceOptions>("cldice", "Dice of centre lines, for vessels", "arXiv:2003.07311",
                           cldice_loss, {{"monai", {}}}),
      entry<UnifiedFocalOptions>("unified_focal", "focal cross entropy and focal Tversky",
                                 "arXiv:2102.04525", unified_focal_loss,
                                 {{"monai", {.delta = kDelta, .class_mean = true}}}),
      entry<ExponentialLogarithmicOptions>("exp_log", "powers of -log Dice and of -log p",
                                           "arXiv:1809.00076", exponential_logarithmic_loss),
  };
  return all;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossEntry& entry : losses()) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

const LossEntry* find_loss(const std::string& name) {
  for (const LossEntry& entry : losses()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace tessera::nn
