#include "train/mask_scores.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/npy.h"
#include "io/volume.h"
#include "tests/io/damage.h"
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

  TEST_CASE("damaged masks are refused or measured, and never crash") {
    const io::Volume mask{tensor({0, 1, 1, 0, 2, 2, 0, 1, 0, 0, 2, 0}, {2, 2, 3}, u8)};
    io::LabelMap flat(2, 3);
    flat.labels = {0, 1, 1, 0, 2, 0};
    train::ScoreOptions options;
    options.metrics = nn::choose_metrics("dice,hd95,assd,nsd,lesion_f1,boundary_iou");
    options.convention = &nn::convention("tessera");
    for (const char* name : {"m.nii", "m.nii.gz", "m.mha", "m.nrrd", "m.npy", "m.png"}) {
      CAPTURE(name);
      const testing::TemporaryFile right(std::string("right_") + name), file(name);
      const bool picture = std::string(name).ends_with(".png");
      if (picture)
        io::write_png(flat, right.path());
      else
        io::save_volume(mask, right.path());
      const auto measure = [&](const std::filesystem::path& path) {
        train::score_masks({"m", right.path(), path}, options);
      };
      CHECK_NOTHROW(measure(right.path()));
      testing::check_survives_damage(right.read(), file, measure, 400);
    }
    for (const char* text : {"", ",", "=", "a=", "=1", "1+", "a=1+", "99999999999", "a=-1", "1,1",
                             "dice@", "@1", "nsd@x", "hd@1e999", "\xff", "nsd@-1"}) {
      CAPTURE(text);
      for (const auto& parse : {+[](const char* t) { train::parse_mask_classes(t); },
                                +[](const char* t) { train::parse_spacing(t); },
                                +[](const char* t) { nn::choose_metrics(t); }}) {
        try {
          parse(text);
        } catch (const Error&) {
        }
      }
    }
    CHECK_THROWS_AS(train::parse_spacing("1,nan"), Error);
    CHECK_THROWS_AS(train::parse_spacing("1,inf"), Error);
    CHECK_THROWS_AS(nn::choose_metrics("hd@101"), Error);
  }
}
