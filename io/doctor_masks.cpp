// Checks of what masks store: how their codes become classes.

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/doctor_chart.h"
#include "io/doctor_levels.h"
#include "io/palette.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

float code_of(Rgb colour) {
  return static_cast<float>(65536 * colour.r + 256 * colour.g + colour.b);
}

bool is_whole(float value) {
  constexpr float kRounding = 1e-3F;
  return std::abs(value - std::round(value)) <= kRounding;
}

std::vector<ExaminedCase*> cases_where(Chart& chart, bool (*holds)(const ExaminedCase&)) {
  std::vector<ExaminedCase*> chosen;
  for (ExaminedCase& one : chart.cases)
    if (!one.leave_out && one.mask.error.empty() && holds(one)) chosen.push_back(&one);
  return chosen;
}

Rgb palette_colour(const MaskFacts& mask, float index) {
  const auto at = 3 * static_cast<size_t>(index);
  return {mask.palette[at], mask.palette[at + 1], mask.palette[at + 2]};
}

// The colour that a code of a mask shows.
Rgb shown_colour(const MaskFacts& mask, float code) {
  if (!mask.palette.empty()) return palette_colour(mask, code);
  if (mask.coloured) return colour_of(code);
  const auto grey = static_cast<uint8_t>(std::clamp(code, 0.0F, 255.0F));
  return {grey, grey, grey};
}

// Whether an index means another colour in another mask.
bool palettes_disagree(const std::vector<ExaminedCase*>& members) {
  std::map<float, float> colour_of_index;
  for (const ExaminedCase* one : members) {
    for (const auto& entry : one->mask.codes) {
      const float colour = code_of(palette_colour(one->mask, entry.first));
      if (colour_of_index.emplace(entry.first, colour).first->second != colour) return true;
    }
  }
  return false;
}

// The class of each colour: black, or else the most frequent one, is the background; colours that
// tessera draws keep their class, others follow in the order of their codes.
std::map<float, int32_t> classes_of_colours(const std::map<float, int64_t>& counts) {
  std::map<float, int32_t> ours, classes;
  for (int32_t i = 0; i < 256; ++i) ours.emplace(code_of(class_color(i)), i);
  bool all_ours = true;
  for (const auto& entry : counts) all_ours = all_ours && ours.contains(entry.first);
  if (all_ours) {
    for (const auto& entry : counts) classes[entry.first] = ours[entry.first];
    return classes;
  }
  const auto darkest =
      std::min_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
        return code_distance(a.first, 0, true) < code_distance(b.first, 0, true);
      });
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  constexpr float kBlack = 24;  // what JPEG makes of it
  const float background =
      code_distance(darkest->first, 0, true) <= kBlack ? darkest->first : most->first;
  classes[background] = 0;
  int32_t next = 1;
  for (const auto& entry : counts)
    if (entry.first != background) classes[entry.first] = next++;
  return classes;
}

// The values that masks hold by now, and how many pixels each.
std::map<float, int64_t> values_of(const std::vector<ExaminedCase*>& members) {
  std::map<float, int64_t> values;
  for (const ExaminedCase* one : members)
    for (const auto& entry : one->mask.codes) values[entry.second.value] += entry.second.count;
  return values;
}

std::vector<float> keys(const std::map<float, int64_t>& values) {
  std::vector<float> list;
  list.reserve(values.size());
  for (const auto& entry : values) list.push_back(entry.first);
  return list;
}

// Gives the values of a mask others, and tells whether one changed.
bool renumber(ExaminedCase& one, const std::map<float, float>& to) {
  bool changed = false;
  for (auto& entry : one.mask.codes) {
    const auto found = to.find(entry.second.value);
    if (found == to.end() || found->second == entry.second.value) continue;
    entry.second.value = found->second;
    changed = true;
  }
  one.rewrite_mask |= changed;
  return changed;
}

// The values of one mask as "0, 255".
std::string own_values(const ExaminedCase& one) {
  std::set<float> values;
  for (const auto& entry : one.mask.codes) values.insert(entry.second.value);
  return text_of_codes({values.begin(), values.end()}, false);
}

}  // namespace

void check_coloured_masks(Chart& chart) {
  auto members = cases_where(chart, [](const auto& one) { return !one.mask.palette.empty(); });
  const bool disagree = palettes_disagree(members);
  const auto coloured = cases_where(chart, [](const auto& one) { return one.mask.coloured; });
  if (!disagree && coloured.empty()) return;
  // Where colours count, they count in every picture; arrays and volumes have none.
  if (!coloured.empty())
    members = cases_where(chart, [](const auto& one) {
      return is_image_name(one.found.mask) && !one.mask.floating &&
             one.found.mask.extension() != ".npy";
    });
  std::map<float, int64_t> counts;
  for (const ExaminedCase* one : members)
    for (const auto& [code, facts] : one->mask.codes)
      counts[code_of(shown_colour(one->mask, code))] += facts.count;
  constexpr size_t kMostColours = 256;
  const auto classes = classes_of_colours(counts);
  std::vector<float> order(classes.size());
  for (const auto& [colour, label] : classes)
    if (static_cast<size_t>(label) < order.size()) order[static_cast<size_t>(label)] = colour;
  const std::string legend = text_of_codes(order, true);
  for (ExaminedCase* one : members) {
    if (counts.size() > kMostColours) {
      if (one->mask.coloured)
        chart.leave_out(
            *one, one->found.mask,
            fmt::format("the masks hold {} colours, too many for classes", counts.size()));
      continue;
    }
    bool changed = one->mask.coloured;
    for (auto& entry : one->mask.codes) {
      const auto label =
          static_cast<float>(classes.at(code_of(shown_colour(one->mask, entry.first))));
      changed |= label != entry.second.value;
      entry.second.value = label;
    }
    one->rewrite_mask |= changed;
    if (changed)
      chart.add(one->found.mask,
                one->mask.coloured ? "colours where class indices should be"
                                   : "its palette has other indices for the same colours",
                fmt::format("class indices: {} become 0 to {}", legend, classes.size() - 1));
  }
  if (chart.labels.names.size() == counts.size() || counts.size() > kMostColours) return;
  chart.labels.names.assign(static_cast<size_t>(classes.empty() ? 0 : 1), "background");
  for (size_t i = 1; i < order.size(); ++i)
    chart.labels.names.push_back(css_color(colour_of(order[i])));
  chart.new_labels = true;
}

void check_float_masks(Chart& chart) {
  constexpr size_t kFew = 32;
  const auto members = cases_where(chart, [](const auto& one) { return one.mask.floating; });
  for (ExaminedCase* one : members) {
    const std::vector<float> codes = codes_of(one->mask);
    const std::string values = text_of_codes(codes, false);
    one->rewrite_mask = true;
    const bool whole = std::all_of(codes.begin(), codes.end(), is_whole);
    const bool shares = codes.front() >= 0 && codes.back() <= 1;
    if (whole && one->mask.complete) {
      for (auto& entry : one->mask.codes) entry.second.value = std::round(entry.second.value);
      chart.add(one->found.mask, "floating-point numbers where class indices should be",
                "stored as integers");
    } else if (codes.size() > kFew && shares) {
      take_levels(*one, {0, 1});
      chart.add(one->found.mask, fmt::format("probabilities in place of classes: {}", values),
                "class 1 from 0.5 on, else 0");
    } else if (codes.size() <= kFew) {
      chart.add(one->found.mask, fmt::format("fractions in place of classes: {}", values),
                "numbered in their order, as below");
    } else {
      chart.leave_out(*one, one->found.mask,
                      fmt::format("{} values that are no classes: {}", codes.size(), values));
    }
  }
}

void check_mask_values(Chart& chart) {
  const auto members = cases_where(chart, [](const auto&) { return true; });
  for (ExaminedCase* one : members) {
    std::map<float, float> to;
    for (const auto& entry : one->mask.codes)
      if (entry.second.value < 0) to[entry.second.value] = 0;
    const std::string before = own_values(*one);
    if (renumber(*one, to))
      chart.add(one->found.mask, fmt::format("values below 0, or not finite: {}", before),
                "they become 0, the background");
  }

  auto values = values_of(members);
  if (chart.ignore) values.erase(static_cast<float>(*chart.ignore));
  const std::vector<float> list = keys(values);
  const auto count = std::ssize(list);
  const auto named = std::ssize(chart.labels.names);
  const auto is_class = [&](float value) {
    return value == std::floor(value) && value < static_cast<float>(std::max(count, named));
  };
  if (std::all_of(list.begin(), list.end(), is_class)) return;

  std::map<float, float> to;
  const bool only_some_scaled =
      list == std::vector<float>{0, 1, 255} &&
      std::none_of(members.begin(), members.end(), [](const ExaminedCase* one) {
        const auto holds = [&](float value) {
          return std::any_of(one->mask.codes.begin(), one->mask.codes.end(),
                             [&](const auto& entry) { return entry.second.value == value; });
        };
        return holds(1) && holds(255);
      });
  std::vector<std::string> names;
  for (size_t i = 0; i < list.size(); ++i) {
    to[list[i]] = only_some_scaled && i == 2 ? 1 : static_cast<float>(i);
    const auto old = static_cast<size_t>(list[i]);
    names.push_back(list[i] == std::floor(list[i]) && old < chart.labels.names.size()
                        ? chart.labels.names[old]
                        : fmt::format("{:g}", list[i]));
  }
  const std::string all = text_of_codes(list, false);
  const bool binary = list == std::vector<float>{0, 255} || only_some_scaled;
  for (ExaminedCase* one : members) {
    const std::string before = own_values(*one);
    if (!renumber(*one, to)) continue;
    chart.add(one->found.mask,
              binary ? fmt::format("{} where 0, 1 should be", before)
                     : fmt::format("{}, with gaps: the masks of the set hold {}", before, all),
              binary ? "255 becomes 1" : fmt::format("{} become 0 to {}", all, list.size() - 1));
  }
  if (named == 0 || named == count || only_some_scaled) return;
  chart.labels.names = names;
  chart.new_labels = true;
}

void check_label_names(Chart& chart) {
  const bool nnunet = chart.layout.kind == LayoutKind::nnunet;
  const fs::path file = chart.layout.folder / (nnunet ? "dataset.json" : "labels.json");
  const auto members = cases_where(chart, [](const auto&) { return true; });
  auto values = values_of(members);
  if (chart.ignore) values.erase(static_cast<float>(*chart.ignore));
  const size_t needed =
      values.empty() ? 0 : static_cast<size_t>(std::max(values.rbegin()->first, 0.0F)) + 1;
  const size_t named = chart.labels.names.size();
  std::error_code error;
  const bool missing = (nnunet && !fs::exists(file, error)) || chart.broken_labels;
  if ((named > 0 || missing) && named < needed) {
    while (chart.labels.names.size() < needed)
      chart.labels.names.push_back(chart.labels.names.empty()
                                       ? "background"
                                       : fmt::format("class_{}", chart.labels.names.size()));
    if (!chart.new_labels)
      chart.add(file,
                missing ? "is missing"
                        : fmt::format("names {} classes, but the masks hold {}", named, needed),
                missing ? "written from what there is" : "more names are added");
    chart.new_labels = true;
  }
  for (size_t i = 0; i < chart.labels.names.size(); ++i)
    if (!values.contains(static_cast<float>(i)))
      chart.note(file,
                 fmt::format("no mask has a pixel of class {} ({})", i, chart.labels.names[i]));
  for (const ExaminedCase* one : members) {
    const auto& codes = one->mask.codes;
    if (codes.size() == 1 && codes.begin()->second.value == 0)
      chart.note(one->found.mask, "shows nothing but background");
  }
}

}  // namespace tessera::io
