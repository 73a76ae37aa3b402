#include "train/mask_picture.h"

#include <doctest/doctest.h>

#include "io/contact_sheet.h"
#include "ops/creation.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using testing::MaskFolders;

TEST_SUITE("train/mask_picture") {
  TEST_CASE("the classes over the picture, and the worst slice of a volume") {
    const MaskFolders folders("mask_picture");
    io::LabelMap truth(4, 4), guess(4, 4);
    truth.at(1, 1) = 5;
    guess.at(1, 2) = 5;
    io::write_png(truth, folders.ref() / "a.png");
    io::write_png(guess, folders.pred() / "a.png");
    MaskFolders::draw(folders.at("image.png"), {"9000", "0900", "0090", "0009"}, 20);
    train::ScoreOptions options;
    options.classes = train::parse_mask_classes("x=5");
    train::MaskPair pair = folders.pairs()[0];
    pair.image = folders.at("image.png");
    // Value 5 is class 1.
    std::replace(truth.labels.begin(), truth.labels.end(), 5, 1);
    std::replace(guess.labels.begin(), guess.labels.end(), 5, 1);
    const io::Image image = io::read_image(pair.image);
    CHECK(mask_picture(pair, options, 64) ==
          io::case_picture(image, guess, &truth, 64, {.ignore = -1}));

    // Slice 2 of 3 has all that is wrong; a picture of another size is left out.
    std::vector<uint8_t> right(48, 0), wrong(48, 0);
    right[1] = wrong[1] = 5;
    right[32 + 5] = wrong[32 + 6] = 5;
    io::save_nifti({tensor<uint8_t>(right, {3, 4, 4}), {}}, folders.ref() / "b.nii");
    io::save_nifti({tensor<uint8_t>(wrong, {3, 4, 4}), {}}, folders.pred() / "b.nii");
    pair = {"b", folders.ref() / "b.nii", folders.pred() / "b.nii"};
    const io::Image black(1, 4, 4);
    CHECK(mask_picture(pair, options, 64) ==
          io::case_picture(black, guess, &truth, 64, {.ignore = -1}));
    io::save_nifti({ones({5, 5, 5}), {}}, folders.at("other.nii"));
    pair.image = folders.at("other.nii");
    CHECK(mask_picture(pair, options, 64) ==
          io::case_picture(black, guess, &truth, 64, {.ignore = -1}));
  }
}
