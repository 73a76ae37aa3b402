#include "io/doctor_levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::io {

namespace {

std::array<float, 3> channels_of(float code, bool coloured) {
  const auto bits = static_cast<int32_t>(coloured ? code : 0);
  if (!coloured) return {code, 0, 0};
  return {static_cast<float>(bits >> 16 & 255), static_cast<float>(bits >> 8 & 255),
          static_cast<float>(bits & 255)};
}

// The codes of masks, the most frequent first.
std::vector<std::pair<float, Code>> most_frequent(const std::vector<ExaminedCase*>& members) {
  std::map<float, Code> sums;
  for (const ExaminedCase* one : members) {
    for (const auto& [code, facts] : one->mask.codes) {
      sums[code].count += facts.count;
      sums[code].solid += facts.solid;
    }
  }
  std::vector<std::pair<float, Code>> order(sums.begin(), sums.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  return order;
}

// Codes that stand for something in masks whose values were blurred by compression or resizing, at
// least `apart` from each other: those that fill areas or, with their neighbours, at least `much`
// of the masks.
std::vector<float> levels_of(const std::vector<ExaminedCase*>& members, float apart, double much) {
  constexpr size_t kMostLevels = 256;
  constexpr float kBeside = 8;  // codes that are so near count with a level
  constexpr float kEdges = 4;
  const bool coloured = members[0]->mask.coloured;
  const auto order = most_frequent(members);
  int64_t pixels = 0;
  for (const auto& entry : order) pixels += entry.second.count;
  struct Candidate {
    float code;
    bool solid;
    int64_t near;  // pixels of the codes beside it
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < std::min(order.size(), kMostLevels); ++i) {
    Candidate one{order[i].first, order[i].second.solid > 0, 0};
    for (const auto& [other, facts] : order)
      if (code_distance(other, one.code, coloured) <= kBeside) one.near += facts.count;
    candidates.push_back(one);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.near > b.near; });
  std::vector<float> levels;
  for (const Candidate& one : candidates) {
    // What fills no area may be an edge between two levels, unless it is far from both.
    const float wanted = one.solid ? apart : kEdges * apart;
    const bool far = std::all_of(levels.begin(), levels.end(), [&](float level) {
      return code_distance(level, one.code, coloured) > wanted;
    });
    const double share = static_cast<double>(one.near) / static_cast<double>(pixels);
    if (far && (one.solid || share >= much)) levels.push_back(one.code);
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

// Finds the levels of such masks and takes them, where there are two at least.
void sharpen(Chart& chart, const std::vector<ExaminedCase*>& members, bool jpeg,
             const std::string& reason) {
  if (members.empty()) return;
  constexpr float kFar = 24, kNear = 8;  // what JPEG changes, and what a copy of it may keep
  constexpr double kMuch = 0.03;         // small blocks of JPEG are nowhere without noise
  const std::vector<float> levels =
      levels_of(members, jpeg ? kFar : kNear, jpeg ? kMuch : std::numeric_limits<double>::max());
  for (ExaminedCase* one : members) {
    const bool coloured = one->mask.coloured;
    const std::string values = text_of_codes(codes_of(one->mask), coloured);
    const std::string problem = fmt::format("{}: it holds {}", reason, values);
    if (levels.size() < 2 && one->mask.codes.size() > 1) {
      chart.leave_out(*one, one->found.mask, problem + "; classes cannot be told apart any more");
    } else if (!levels.empty()) {
      take_levels(*one, levels);
      chart.add(one->found.mask, problem,
                fmt::format("each pixel gets the nearest of {}, without loss",
                            text_of_codes(levels, coloured)));
    }
  }
}

// Many codes, of which few fill areas: edges were blurred.
bool is_blurred(const ExaminedCase& one) {
  const MaskFacts& mask = one.mask;
  if (mask.lossy || mask.floating || !mask.palette.empty()) return false;
  const auto levels = std::count_if(mask.codes.begin(), mask.codes.end(),
                                    [](const auto& entry) { return entry.second.solid > 0; });
  return levels > 0 && std::ssize(mask.codes) > 2 * levels + 8;
}

}  // namespace

float code_distance(float a, float b, bool coloured) {
  const auto p = channels_of(a, coloured), q = channels_of(b, coloured);
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

std::vector<float> codes_of(const MaskFacts& mask) {
  std::vector<float> codes;
  for (const auto& entry : mask.codes) codes.push_back(entry.first);
  return codes;
}

void take_levels(ExaminedCase& one, const std::vector<float>& levels) {
  std::map<float, Code> codes;
  for (const auto& [code, facts] : one.mask.codes) {
    const float level = nearest_level(levels, code, one.mask.coloured);
    Code& sum = codes[level];
    sum.count += facts.count;
    sum.value = level;
  }
  one.levels = levels;
  one.rewrite_mask = true;
  one.mask.codes = std::move(codes);
  one.mask.complete = true;
}

Rgb colour_of(float code) {
  const auto rgb = channels_of(code, true);
  return {static_cast<uint8_t>(rgb[0]), static_cast<uint8_t>(rgb[1]), static_cast<uint8_t>(rgb[2])};
}

std::string text_of_codes(const std::vector<float>& codes, bool coloured) {
  constexpr size_t kShown = 8;
  std::vector<std::string> words;
  for (const float code : codes) {
    if (words.size() == kShown) {
      words.emplace_back("...");
      break;
    }
    words.push_back(coloured ? css_color(colour_of(code)) : fmt::format("{:g}", code));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

float nearest_level(const std::vector<float>& levels, float code, bool coloured) {
  float best = levels[0];
  for (const float level : levels)
    if (code_distance(level, code, coloured) <= code_distance(best, code, coloured)) best = level;
  return best;
}

void check_lossy_masks(Chart& chart) {
  for (const bool coloured : {false, true}) {
    std::vector<ExaminedCase*> jpegs, blurred;
    for (ExaminedCase& one : chart.cases) {
      if (one.leave_out || one.mask.coloured != coloured) continue;
      if (one.mask.lossy)
        jpegs.push_back(&one);
      else if (is_blurred(one))
        blurred.push_back(&one);
    }
    const std::string what = coloured ? "colours" : "values";
    sharpen(chart, jpegs, true, "a JPEG, whose compression changes " + what);
    sharpen(chart, blurred, false, what + " at edges were mixed, by resizing or lossy compression");
  }
}

}  // namespace tessera::io
