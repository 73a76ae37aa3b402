#include "nn/metric/metric.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/nn/metric/fixtures.h"

using namespace tessera;
using nn::choose_metric;
using nn::measure;
using testing::fixture;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr char kFixtures[] = {'A', 'B', 'C', 'D', 'E', 'J'};

// A metric of the six fixtures, computed with the original libraries (scripts/oracles/metrics.py).
struct Row {
  std::string metric, convention;
  double values[6];
};

double value_of(const std::string& metric, const std::string& convention,
                const nn::RegionPair& pair, const nn::EmptyOptions& empty = {}) {
  return measure(choose_metric(metric), pair, nn::convention(convention), empty);
}

bool same(double a, double b, double tolerance) {
  if (std::isnan(b)) return std::isnan(a);
  return a == b || std::abs(a - b) <= tolerance * std::abs(b);
}

}  // namespace

TEST_SUITE("nn/metric/metric") {
  TEST_CASE("the fixtures in every convention") {
    const Row rows[] = {
        {"dice", "medpy", {0.81333333, 0.81333333, 0.70588235, 0.66386113, 0.79693487, 0}},
        {"iou", "medpy", {0.68539326, 0.68539326, 0.54545455, 0.49685039, 0.66242038, 0}},
        {"precision", "medpy", {0.92893401, 0.92893401, 0.83333333, 0.8248366, 0.78490566, 0}},
        {"recall", "medpy", {0.72332016, 0.72332016, 0.6122449, 0.55545775, 0.80933852, 0}},
        {"specificity",
         "medpy",
         {0.98184176, 0.98184176, 0.97101449, 0.97102076, 0.98515238, 0.99300699}},
        {"rvd", "medpy", {-0.22134387, -0.22134387, -0.26530612, -0.32658451, 0.031128405, 0}},
        {"hd", "medpy", {3.6055513, 6.0207973, 2.236068, 4.1617304, 8.1240384, 5}},
        {"hd", "monai", {3.6055513, 6.0207973, 2.236068, 4.1617304, 8.1240384, 5}},
        {"hd", "deepmind", {3.6055513, 6.0207973, 2.236068, 4.1617304, 8.1240384, 5}},
        {"hd95", "medpy", {3.1622777, 4.1901089, 2, 3.4928498, 1, 5}},
        {"hd95", "nnunet", {3.1622777, 4.1901089, 2, 3.4928498, 1, 5}},
        {"hd95", "monai", {3.1622777, 4.4020886, 2, 3.4928498, 6.1329517, 5}},
        {"hd@95", "tessera", {3.1622777, 4.4020886, 2, 3.4928498, 6.1329517, 5}},
        {"hd_directed@95", "monai", {3, 2.5, 2, 3.2, 6.1329517, 5}},
        {"hd95", "deepmind", {3.1622777, 4.2720019, 2, 3.4, 5.8309519, 5}},
        {"asd", "medpy", {1.4552814, 1.092308, 0.85, 1.6817131, 0.95747377, 5}},
        {"asd", "monai", {1.4552814, 1.092308, 0.85, 1.6817131, 0.95747377, 5}},
        {"asd_back", "medpy", {1.583427, 1.6464529, 1.0687617, 1.8806518, 0.58208955, 5}},
        {"assd", "medpy", {1.52214, 1.3814271, 0.96932458, 1.7979512, 0.77522201, 5}},
        {"assd", "monai", {1.52214, 1.3814271, 0.96932458, 1.7979512, 0.77522201, 5}},
        {"asd_back", "deepmind", {1.4068173, 1.2965765, 1.0480179, 1.427662, 0.25712044, 4.330082}},
        {"asd", "deepmind", {1.2733404, 0.83745947, 0.8814151, 1.1219235, 0.7008928, 4.330082}},
        {"nsd", "monai", {0.5, 0.59782606, 0.75, 0.3505747, 0.9710145, 0}},
        {"nsd@2", "monai", {0.69565219, 0.77173913, 0.97727275, 0.5210728, 0.9710145, 0}},
        {"nsd", "deepmind", {0.55282362, 0.68791107, 0.75, 0.50837864, 0.9624409, 0}},
        {"nsd@2", "deepmind", {0.73526861, 0.8516258, 0.98576014, 0.69801591, 0.9624409, 0}},
    };
    for (size_t f = 0; f < 6; ++f) {
      const nn::RegionPair pair = fixture(kFixtures[f]).pair();
      for (const Row& row : rows) {
        CAPTURE(row.metric);
        CAPTURE(row.convention);
        CAPTURE(kFixtures[f]);
        const double tolerance =
            row.convention == "monai" || row.convention == "tessera" ? 1e-5 : 1e-6;
        const double value = value_of(row.metric, row.convention, pair);
        CAPTURE(value);
        CHECK(same(value, row.values[f], tolerance));
      }
    }
  }

  TEST_CASE("empty masks in every convention") {
    const nn::VoxelSet none(Shape{6, 8});
    nn::VoxelSet some(Shape{6, 8});
    testing::add_box(some, {0, 1, 2}, {1, 4, 6});
    const nn::RegionPair absent(none, none, none.shape()), missed(none, some, none.shape()),
        invented(some, none, none.shape());
    struct Empty {
      std::string convention, metric;
      double absent, missed, invented;
    };
    const Empty rows[] = {
        {"tessera", "dice", NAN, 0, 0},
        {"tessera", "voe", NAN, 1, 1},
        {"tessera", "precision", NAN, NAN, 0},
        {"tessera", "recall", NAN, 0, NAN},
        {"tessera", "specificity", 1, 1, 0.75},
        {"tessera", "hd95", NAN, kInfinity, kInfinity},
        {"tessera", "assd", NAN, kInfinity, kInfinity},
        {"tessera", "nsd", NAN, 0, 0},
        {"tessera", "rvd", NAN, -1, NAN},
        {"tessera", "volume", 0, 0, 12},
        {"tessera", "reference_volume", 0, 12, 0},
        {"tessera", "boundary_iou", NAN, 0, 0},
        {"tessera", "lesion_f1", NAN, 0, 0},
        {"tessera", "lesion_recall", NAN, 0, NAN},
        {"tessera", "average_precision", NAN, NAN, NAN},
        {"medpy", "dice", 1, 0, 0},
        {"medpy", "iou", 1, 0, 0},
        {"medpy", "precision", 0, 0, 0},
        {"medpy", "hd95", NAN, NAN, NAN},
        {"monai", "dice", NAN, 0, NAN},
        {"monai", "iou", NAN, 0, NAN},
        {"monai", "hd", NAN, kInfinity, kInfinity},
        {"monai", "hd95", NAN, NAN, NAN},
        {"monai", "asd", NAN, kInfinity, kInfinity},
        {"monai", "assd", NAN, kInfinity, kInfinity},
        {"monai", "nsd", NAN, 0, 0},
        {"deepmind", "hd", kInfinity, kInfinity, kInfinity},
        {"deepmind", "hd95", kInfinity, kInfinity, kInfinity},
        {"deepmind", "asd", NAN, NAN, kInfinity},
        {"deepmind", "asd_back", NAN, kInfinity, NAN},
        {"deepmind", "nsd", NAN, 0, 0},
        {"nnunet", "dice", NAN, 0, 0},
        {"nnunet", "iou", NAN, 0, 0},
        {"nnunet", "hd95", NAN, NAN, NAN},
        {"jmedseg", "assd", NAN, NAN, NAN},
        {"jmedseg", "hd", NAN, NAN, NAN},
    };
    for (const Empty& row : rows) {
      CAPTURE(row.convention);
      CAPTURE(row.metric);
      CHECK(same(value_of(row.metric, row.convention, absent), row.absent, 0));
      CHECK(same(value_of(row.metric, row.convention, missed), row.missed, 0));
      CHECK(same(value_of(row.metric, row.convention, invented), row.invented, 0));
    }
    const nn::EmptyOptions strict = {.count_absent = true, .charge_diagonal = true};
    CHECK(value_of("dice", "tessera", absent, strict) == 1);
    CHECK(value_of("hd95", "tessera", absent, strict) == 0);
    CHECK(value_of("hd95", "tessera", missed, strict) == 10);
    CHECK(value_of("assd", "nnunet", invented, strict) == 10);
    CHECK(value_of("dice", "tessera", missed, strict) == 0);
  }

  TEST_CASE("equal masks are perfect in every metric") {
    const nn::VoxelSet region = fixture('D').reference;
    const nn::RegionPair pair(region, region, region.shape(), fixture('D').spacing);
    for (const nn::Convention& convention : nn::conventions()) {
      for (const nn::Metric& metric : nn::metrics()) {
        CAPTURE(convention.name);
        CAPTURE(metric.name);
        const double value = measure(choose_metric(metric.name), pair, convention);
        if (metric.kind != nn::Metric::Kind::volume && !std::isnan(value)) {
          CHECK(value == metric.perfect);
        }
      }
    }
    CHECK(value_of("volume", "tessera", pair) == doctest::Approx(1136 * 3 * 0.64));
  }

  TEST_CASE("names") {
    const auto chosen = nn::choose_metrics("dice,nsd@2.5,hd95,boundary_iou@0.1");
    REQUIRE(chosen.size() == 4);
    CHECK(chosen[1].title == "NSD@2.5");
    CHECK(chosen[1].parameter == 2.5);
    CHECK(chosen[2].metric->name == "hd95");
    CHECK(chosen[2].parameter == 95);
    struct Wrong {
      std::string text, message;
    };
    const Wrong wrong[] = {{"dize", "did you mean 'dice'?"},
                           {"dice@2", "'dice' takes no parameter"},
                           {"hd95@90", "takes no parameter"},
                           {"hd@101", "a number from 0 to 100 behind the @"},
                           {"nsd@", "got 'nsd@'"},
                           {"nsd@1x", "got 'nsd@1x'"},
                           {"nsd@-1", "got 'nsd@-1'"},
                           {"", "there is no ''"},
                           {"dice,", "there is no ''"},
                           {"dice,iou,dice", "'dice' is named twice"}};
    for (const Wrong& one : wrong) {
      CAPTURE(one.text);
      CHECK_THROWS_WITH_AS(nn::choose_metrics(one.text), doctest::Contains(one.message.c_str()),
                           Error);
    }
    CHECK_THROWS_WITH_AS(nn::convention("monay"), doctest::Contains("did you mean 'monai'?"),
                         Error);
  }
}
