#include "train/mask_files.h"

#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/npy.h"
#include "ops/creation.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using testing::MaskFolders;
using train::find_mask_pairs;
using train::MaskVolume;

TEST_SUITE("train/mask_files") {
  TEST_CASE("masks of every kind of file") {
    const MaskFolders folders("mask_kinds");
    MaskFolders::draw(folders.at("a.png"), {"012", "300"});
    const MaskVolume picture = train::read_mask_volume(folders.at("a.png"));
    CHECK(picture.shape == Shape{2, 3});
    CHECK(picture.labels == std::vector<int32_t>{0, 1, 2, 3, 0, 0});
    CHECK(picture.spacing() == std::vector<double>{1, 1});

    io::Geometry geometry;
    geometry.spacing = {3, 0.5, 0.25};
    geometry.affine = {0, 0, 0.25, 0, 0, 0.5, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1};
    io::save_nifti({tensor({0, 1, 2, 5}, {2, 1, 2}, i32), geometry}, folders.at("b.nii.gz"));
    const MaskVolume volume = train::read_mask_volume(folders.at("b.nii.gz"));
    CHECK(volume.shape == Shape{2, 1, 2});
    CHECK(volume.labels == std::vector<int32_t>{0, 1, 2, 5});
    CHECK(volume.spacing() == std::vector<double>{3, 0.5, 0.25});
    io::save_nifti({tensor({0, 1, 2, 5}, {1, 2, 2}, f32), geometry}, folders.at("c.nii"));
    CHECK(train::read_mask_volume(folders.at("c.nii")).spacing() ==
          std::vector<double>{0.5, 0.25});  // a single slice is a picture

    io::save_npy(tensor({0, 1.5}, {1, 2}), folders.at("d.npy"));
    CHECK_THROWS_WITH_AS(train::read_mask_volume(folders.at("d.npy")),
                         doctest::Contains("d.npy holds 1.5, but labels must be whole numbers"),
                         Error);
    io::save_npy(zeros({2, 2, 2, 2}, u8), folders.at("e.npy"));
    CHECK_THROWS_WITH_AS(train::read_mask_volume(folders.at("e.npy")),
                         doctest::Contains("must be a mask [H, W] or [D, H, W], got [2, 2, 2, 2]"),
                         Error);
    io::save_npy(zeros({3, 2, 2}), folders.at("f.npy"));
    CHECK(train::read_probabilities(folders.at("f.npy"), {2, 2}).classes == 3);
    CHECK_THROWS_WITH_AS(train::read_probabilities(folders.at("f.npy"), {3, 2}),
                         doctest::Contains("f.npy must hold probabilities"), Error);
  }

  TEST_CASE("pairs by their stems, and what is missing") {
    const MaskFolders folders("mask_pairs");
    folders.add("b", {"1"}, {"1"});
    folders.add("a", {"1"}, {"0"});
    std::ofstream(folders.pred() / "a_overlay.png") << "not a mask, and not read";
    io::save_npy(zeros({2, 1, 1}), folders.pred() / "b.npy");
    const auto pairs = folders.pairs();
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].name == "a");
    CHECK(pairs[0].probabilities.empty());
    CHECK(pairs[1].prediction == folders.pred() / "b.png");
    CHECK(pairs[1].probabilities == folders.pred() / "b.npy");

    MaskFolders::draw(folders.ref() / "c.png", {"1"});
    CHECK_THROWS_WITH_AS(folders.pairs(), doctest::Contains("1 references have no prediction in"),
                         Error);
    CHECK(find_mask_pairs(folders.ref(), folders.pred(), {.partial = true}).size() == 2);
    std::filesystem::rename(folders.ref() / "c.png", folders.pred() / "d.png");
    CHECK_THROWS_WITH_AS(folders.pairs(), doctest::Contains("1 predictions have no reference in"),
                         Error);
    io::save_nifti({ones({2, 2}, u8), {}}, folders.pred() / "a.nii.gz");
    CHECK_THROWS_WITH_AS(folders.pairs(), doctest::Contains("are both called 'a'"), Error);
    CHECK_THROWS_WITH_AS(find_mask_pairs(folders.ref(), folders.at("none")),
                         doctest::Contains("none does not exist"), Error);
    CHECK_THROWS_WITH_AS(find_mask_pairs(folders.ref(), folders.ref() / "a.png"),
                         doctest::Contains("two folders or two files"), Error);
    CHECK_THROWS_WITH_AS(train::require_same_cases(pairs, {pairs[0]}),
                         doctest::Contains("of the same cases, got 2 and 1"), Error);
  }

  TEST_CASE("pictures beside the masks") {
    const MaskFolders folders("mask_images");
    std::filesystem::create_directories(folders.at("set/masks"));
    std::filesystem::create_directories(folders.at("set/images"));
    MaskFolders::draw(folders.at("set/masks/a.png"), {"1"});
    MaskFolders::draw(folders.at("set/images/a.png"), {"9"});
    MaskFolders::draw(folders.pred() / "a.png", {"1"});
    CHECK(find_mask_pairs(folders.at("set"), folders.pred())[0].image ==
          folders.at("set") / "images" / "a.png");
    CHECK(find_mask_pairs(folders.at("set/masks"), folders.pred())[0].image.empty());
  }

  TEST_CASE("the same grid") {
    MaskVolume a{{2, 2, 2}, std::vector<int32_t>(8), io::Geometry{}}, b = a;
    const train::MaskPair pair{"x", "r.nii", "p.nii"};
    b.geometry->affine[3] += 0.05;
    CHECK_NOTHROW(require_same_grid(pair, a, b, false));
    b.geometry->affine[3] += 3;
    CHECK_THROWS_WITH_AS(
        require_same_grid(pair, a, b, false),
        doctest::Contains("p.nii and r.nii lie at different places: the same voxel "
                          "is 3.05 mm apart"),
        Error);
    CHECK_NOTHROW(require_same_grid(pair, a, b, true));
    b.geometry.reset();
    CHECK_NOTHROW(require_same_grid(pair, a, b, false));
    b.shape = {2, 4};
    CHECK_THROWS_WITH_AS(
        require_same_grid(pair, a, b, true),
        doctest::Contains("p.nii has [2, 4] voxels, but r.nii has [2, 2, 2]; resample"), Error);
  }

  TEST_CASE("spacing") {
    CHECK(train::parse_spacing("3,0.8,0.8") == std::vector<double>{3, 0.8, 0.8});
    for (const char* bad : {"", "1", "1,2,3,4", "1,0", "1,-1", "1,x", "1,2,", "1,inf", ",1"}) {
      CHECK_THROWS_WITH_AS(train::parse_spacing(bad), doctest::Contains("2 or 3 numbers above 0"),
                           Error);
    }
  }
}
