#include "train/mask_scores.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/npy.h"
#include "tests/nn/metric/fixtures.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using testing::MaskFolders;
using train::CaseRegions;
using train::parse_mask_classes;
using train::ScoreOptions;

namespace {

ScoreOptions options_for(const std::string& metrics, const std::string& convention = "tessera") {
  return {.metrics = nn::choose_metrics(metrics), .convention = &nn::convention(convention)};
}

io::Geometry with_spacing(const std::vector<double>& spacing) {
  io::Geometry geometry;
  for (size_t i = 0; i < 3; ++i) {
    geometry.spacing[i] = spacing[i];
    geometry.affine[4 * i + 2 - i] = spacing[2 - i];
  }
  return geometry;
}

}  // namespace

TEST_SUITE("train/mask_scores") {
  TEST_CASE("a volume measured from its files is the volume in memory") {
    const MaskFolders folders("score_volume");
    testing::Fixture f = testing::fixture('D');
    f.spacing = {3, 0.75, 0.5};  // which f32 holds exactly
    const auto geometry = with_spacing(f.spacing);
    const auto save = [&](const nn::VoxelSet& set, const std::filesystem::path& path) {
      io::save_nifti({tensor<uint8_t>(set.bytes(), set.shape()), geometry}, path);
    };
    save(f.reference, folders.ref() / "d.nii.gz");
    save(f.prediction, folders.pred() / "d.nii.gz");
    for (const char* convention : {"tessera", "medpy", "deepmind", "jmedseg"}) {
      const ScoreOptions options =
          options_for("dice,hd95,assd,nsd,boundary_iou,volume,lesion_f1,specificity", convention);
      const CaseRegions scored = score_masks(folders.pairs()[0], options);
      REQUIRE(scored.regions.size() == 1);
      const nn::RegionPair pair = f.pair();
      for (size_t m = 0; m < options.metrics.size(); ++m) {
        CAPTURE(options.metrics[m].name);
        const double expected = measure(options.metrics[m], pair, *options.convention);
        const double value = scored.regions[0].values[m];
        CHECK((value == expected || (std::isnan(value) && std::isnan(expected))));
      }
    }
  }

  TEST_CASE("classes, several values as one, and an ignored value") {
    const MaskFolders folders("score_classes");
    folders.add("a", {"0112", "0029"}, {"0111", "0020"});
    ScoreOptions options = options_for("dice");
    options.classes = parse_mask_classes("one=1,two=2,both=1+2");
    options.ignore = 9;
    const CaseRegions scored = score_masks(folders.pairs()[0], options);
    CHECK(scored.regions[0].values[0] == doctest::Approx(4. / 5));
    CHECK(scored.regions[1].values[0] == doctest::Approx(2. / 3));
    CHECK(scored.regions[2].values[0] == 1);
    CHECK(scored.regions[2].overlap.neither == 3);
    CHECK(scored.counts.at({0, 0}) == 3);
    CHECK(scored.counts.at({2, 1}) == 1);
    options.classes.clear();
    CHECK(score_masks(folders.pairs()[0], options).classes.size() == 2);
    CHECK(std::isnan(scored.absent.values[0]));
  }

  TEST_CASE("masks of black and white") {
    const MaskFolders folders("score_white");
    MaskFolders::draw(folders.ref() / "a.png", {"0110"});
    MaskFolders::draw(folders.pred() / "a.png", {"0111"}, 255);
    const CaseRegions scored = score_masks(folders.pairs()[0], options_for("dice"));
    REQUIRE(scored.classes.size() == 1);
    CHECK(scored.classes[0].name == "1");
    CHECK(scored.regions[0].values[0] == doctest::Approx(0.8));
  }

  TEST_CASE("average precision needs probabilities") {
    const MaskFolders folders("score_probabilities");
    folders.add("a", {"011"}, {"001"});
    const ScoreOptions options = options_for("average_precision");
    CHECK(std::isnan(score_masks(folders.pairs()[0], options).regions[0].values[0]));
    io::save_npy(tensor({0.5, 0.6, 0.1, 0.5, 0.4, 0.9}, {2, 1, 3}), folders.pred() / "a.npy");
    CHECK(score_masks(folders.pairs()[0], options).regions[0].values[0] ==
          doctest::Approx(0.5 + 0.5 * 2 / 3));
  }

  TEST_CASE("the words for classes") {
    const auto names = parse_mask_classes("background,liver,tumour");
    REQUIRE(names.size() == 2);
    CHECK(names[1].name == "tumour");
    CHECK(names[1].values == std::vector<int32_t>{2});
    CHECK(parse_mask_classes("3,1+2")[1].values == std::vector<int32_t>{1, 2});
    CHECK(parse_mask_classes("all=1+2+4")[0].name == "all");
    for (const char* bad :
         {"", "background", "1,1", "a=1,a=2", "a=x", "a=1+", "=1", "1,,2", "a=-1"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS(parse_mask_classes(bad), Error);
    }
  }

  TEST_CASE("spacing of other axes, and other sizes") {
    const MaskFolders folders("score_wrong");
    folders.add("a", {"011"}, {"001"});
    ScoreOptions options = options_for("dice");
    options.spacing = {1, 1, 1};
    CHECK_THROWS_WITH_AS(score_masks(folders.pairs()[0], options),
                         doctest::Contains("the spacing must have 2 numbers for"), Error);
    MaskFolders::draw(folders.pred() / "a.png", {"01"});
    CHECK_THROWS_WITH_AS(score_masks(folders.pairs()[0], options_for("dice")),
                         doctest::Contains("a.png has [1, 2] voxels"), Error);
  }
}
