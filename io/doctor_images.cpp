// Checks of what images show, of where masks lie, and of who is in which split.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "core/cpu/parallel.h"
#include "io/dataset_split.h"
#include "io/doctor_chart.h"
#include "io/volume_slices.h"

namespace tessera::io {

namespace {

std::string text_of(const Extents& extents) {
  return (extents[0] > 1 ? fmt::format("{}x", extents[0]) : "") +
         fmt::format("{}x{}", extents[1], extents[2]);
}

// Whether two pictures have one shape, but for rounding of their sizes.
bool same_shape(const Extents& a, const Extents& b) {
  constexpr double kAlike = 0.01;
  const auto aspect = [](const Extents& e) {
    return static_cast<double>(e[1]) / static_cast<double>(e[2]);
  };
  return a[0] == b[0] && std::abs(aspect(a) / aspect(b) - 1) <= kAlike;
}

// Whether the geometry is what formats and programs write that know none.
bool is_lost(const Geometry& geometry) {
  const auto& m = geometry.affine;
  if (geometry.spacing != std::array{1.0, 1.0, 1.0} || m[3] != 0 || m[7] != 0 || m[11] != 0)
    return false;
  return std::all_of(m.begin(), m.end(), [](double v) { return v == 0 || std::abs(v) == 1; });
}

// Another grid, whose corners the header of the image puts elsewhere. Differences below this share
// of the finest spacing come of the precision in which headers are stored.
constexpr double kExact = 1e-4;

bool is_exact(const Geometry& a, const Geometry& b, const Extents& extents) {
  const double finest = *std::min_element(a.spacing.begin(), a.spacing.end());
  return geometry_distance(a, b, extents) <= kExact * finest;
}

void check_mask_place(Chart& chart, ExaminedCase& one) {
  const Geometry &right = *one.image.geometry, &place = *one.mask.geometry;
  const bool same_size = one.image.extents == one.mask.extents;
  if (same_size && is_exact(right, place, one.image.extents)) return;
  const double apart = geometry_distance(right, place, one.image.extents);
  const std::string far = fmt::format("up to {:.3g} mm away from where its image puts it", apart);
  one.rewrite_mask = true;
  if (same_size && same_geometry(right, place, one.image.extents)) {
    one.placing = Placing::header;
    chart.add(one.found.mask, "geometry is off by rounding: " + far, "geometry of the image");
  } else if (same_size && is_lost(place)) {
    one.placing = Placing::header;
    chart.add(one.found.mask, "geometry was lost (spacing 1, origin 0): " + far,
              "geometry of the image, voxels as they are");
  } else {
    one.placing = Placing::resample;
    chart.add(one.found.mask,
              same_size ? "geometry really differs: " + far
                        : fmt::format("{} voxels, but its image has {}", text_of(one.mask.extents),
                                      text_of(one.image.extents)),
              "resampled to the grid of its image, nearest voxel; look whether it fits");
  }
}

void check_further_places(Chart& chart, ExaminedCase& one) {
  for (size_t i = 0; i < one.further.size() && !one.leave_out; ++i) {
    const ImageFacts& other = one.further[i];
    if (!one.image.geometry || !other.geometry) continue;
    if (is_exact(*one.image.geometry, *other.geometry, one.image.extents)) continue;
    const std::string problem =
        fmt::format("lies up to {:.3g} mm away from {}",
                    geometry_distance(*one.image.geometry, *other.geometry, one.image.extents),
                    one.found.image.filename().string());
    if (same_geometry(*one.image.geometry, *other.geometry, one.image.extents)) {
      one.further_headers = true;
      chart.add(one.found.further[i], "geometry is off by rounding: " + problem,
                "geometry of the first channel");
    } else {
      chart.leave_out(one, one.found.further[i], "channel on another grid: " + problem);
    }
  }
}

// Cases in the same place of a test are worth more than those in training.
int rank(const std::string& split) {
  return is_test(split) ? 2 : split == "val" ? 1 : 0;
}

std::string digest_of(const ExaminedCase& one) {
  std::string digest = one.image.digest;
  for (const ImageFacts& further : one.further) digest += further.digest;
  return digest;
}

}  // namespace

void check_intensities(Chart& chart) {
  for (ExaminedCase& one : chart.cases) {
    if (one.leave_out) continue;
    for (size_t i = 0; i <= one.further.size() && !one.leave_out; ++i) {
      const ImageFacts& facts = i == 0 ? one.image : one.further[i - 1];
      const auto& file = i == 0 ? one.found.image : one.found.further[i - 1];
      if (facts.broken == facts.values) {
        chart.leave_out(one, file, "no value is finite");
      } else if (facts.low == facts.high) {
        chart.leave_out(one, file, fmt::format("constant: every value is {:g}", facts.low));
      } else if (facts.broken > 0) {
        one.rewrite_image = true;
        chart.add(file,
                  fmt::format("{} of {} values are NaN or infinite", facts.broken, facts.values),
                  fmt::format("NaN and -inf become the least value, {:g}, inf the largest, {:g}",
                              facts.low, facts.high));
      }
    }
  }
}

void check_sizes(Chart& chart) {
  for (ExaminedCase& one : chart.cases) {
    for (size_t i = 0; i < one.further.size() && !one.leave_out; ++i)
      if (one.further[i].extents != one.image.extents)
        chart.leave_out(
            one, one.found.further[i],
            fmt::format("{} pixels, but {} has {}", text_of(one.further[i].extents),
                        one.found.image.filename().string(), text_of(one.image.extents)));
    const bool placed = one.image.geometry && one.mask.geometry;
    if (one.leave_out || one.mask.extents == one.image.extents || placed) continue;
    const std::string problem = fmt::format("{} pixels, but its image has {}",
                                            text_of(one.mask.extents), text_of(one.image.extents));
    if (!same_shape(one.mask.extents, one.image.extents) || one.image.extents[0] != 1) {
      chart.leave_out(one, one.found.mask, problem);
      continue;
    }
    one.placing = Placing::scale;
    one.rewrite_mask = true;
    chart.add(one.found.mask, problem, "resized to the image, nearest pixel");
  }
}

void check_geometry(Chart& chart) {
  for (ExaminedCase& one : chart.cases) {
    if (!one.leave_out && one.image.geometry && one.mask.geometry) check_mask_place(chart, one);
    check_further_places(chart, one);
  }
}

void check_duplicates(Chart& chart) {
  std::map<std::string, std::vector<ExaminedCase*>> by_digest;
  for (ExaminedCase& one : chart.cases)
    if (!one.leave_out) by_digest[digest_of(one)].push_back(&one);
  for (auto& entry : by_digest) {
    std::vector<ExaminedCase*>& same = entry.second;
    // Stable: the first of equal rank stays.
    std::stable_sort(same.begin(), same.end(), [](const ExaminedCase* a, const ExaminedCase* b) {
      return rank(a->found.split) > rank(b->found.split);
    });
    const Case& kept = same[0]->found;
    for (size_t i = 1; i < same.size(); ++i) {
      const Case& other = same[i]->found;
      if (other.split == kept.split && !kept.split.empty())
        chart.note(other.image,
                   fmt::format("shows the same as {}, also in {}", kept.name, kept.split));
      else
        chart.leave_out(*same[i], other.image,
                        fmt::format("shows the same as {}{}", kept.name,
                                    kept.split.empty() ? ", and may come into another split"
                                                       : ", which is in " + kept.split));
    }
  }
}

void check_near_duplicates(Chart& chart) {
  // Pictures of two people reach 0.985, copies that were packed, scaled or brightened 0.999.
  constexpr float kAlike = 0.995F;
  struct Twin {
    const ExaminedCase* other = nullptr;
    float likeness = kAlike;
  };
  const auto may_part = [](const Case& a, const Case& b) {
    if (!a.group.empty() && a.group == b.group) return false;  // see check_patients
    return a.split != b.split || a.split.empty();
  };
  std::vector<Twin> twins(chart.cases.size());
  cpu::parallel_for(std::ssize(chart.cases), false, [&](int64_t i) {
    const ExaminedCase& one = chart.cases[static_cast<size_t>(i)];
    Twin& twin = twins[static_cast<size_t>(i)];
    for (int64_t j = i + 1; j < std::ssize(chart.cases); ++j) {
      const ExaminedCase& other = chart.cases[static_cast<size_t>(j)];
      if (one.leave_out || other.leave_out || one.image.look.size() != other.image.look.size() ||
          !may_part(one.found, other.found))
        continue;
      const float likeness = std::inner_product(one.image.look.begin(), one.image.look.end(),
                                                other.image.look.begin(), 0.0F);
      if (likeness > twin.likeness) twin = {&other, likeness};
    }
  });
  for (size_t i = 0; i < twins.size(); ++i) {
    if (twins[i].other == nullptr) continue;
    const Case &one = chart.cases[i].found, &other = twins[i].other->found;
    chart.note(one.image,
               fmt::format("{}looks like {}{}; is it the same picture, or the same patient?",
                           one.split.empty() ? "" : "in " + one.split + ", ", other.name,
                           other.split.empty() ? ", and they may come into two splits"
                                               : " in " + other.split));
  }
}

void check_patients(Chart& chart) {
  std::map<std::string, std::map<std::string, int64_t>> counts;
  for (const ExaminedCase& one : chart.cases)
    if (!one.leave_out && !one.found.group.empty() && !one.found.split.empty())
      ++counts[one.found.group][one.found.split];
  for (ExaminedCase& one : chart.cases) {
    const auto found = counts.find(one.found.group);
    if (one.leave_out || found == counts.end() || found->second.size() < 2) continue;
    const auto most =
        std::max_element(found->second.begin(), found->second.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (one.found.split.empty() || one.found.split == most->first) continue;
    chart.add(one.found.image,
              fmt::format("{} of {}, of whom {} more cases are in {}", one.found.split,
                          one.found.group, most->second, most->first),
              "moved to " + most->first);
    one.found.split = most->first;
    chart.new_splits = true;
  }
}

}  // namespace tessera::io
