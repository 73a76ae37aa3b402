#include "io/image_list.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/case_files.h"
#include "io/nifti.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_of(const std::vector<Case>& cases) {
  std::vector<std::string> names;
  for (const Case& one : cases)
    names.push_back(one.name + "+" + std::to_string(one.further.size()));
  return names;
}

void draw(const TemporaryFolder& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    fs::create_directories((folder / name).parent_path());
    if (std::string(name).ends_with(".nii"))
      save_nifti({tensor<uint8_t>(std::vector<uint8_t>(8, 51), {2, 2, 2}), {}}, folder / name);
    else
      write_png(counting_labels(4, 5, 3), folder / name);
  }
}

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("io/image_list") {
  TEST_CASE("a file, a folder, or a folder with images in it") {
    const TemporaryFolder folder("list");
    draw(folder, {"set/images/b.png", "set/images/a.png", "set/masks/a.png"});
    CHECK(names_of(list_images(folder / "set")) == Names{"a+0", "b+0"});
    CHECK(list_images(folder / "set")[0].mask.empty());
    CHECK(names_of(list_images(folder / "set/masks")) == Names{"a+0"});
    CHECK(names_of(list_images(folder / "set/images/b.png")) == Names{"b+0"});
    CHECK_THROWS_WITH_AS(list_images(folder / "none"), doctest::Contains("none does not exist"),
                         Error);
    fs::create_directories(folder / "empty");
    CHECK_THROWS_WITH_AS(list_images(folder / "empty"), doctest::Contains("has no pictures"),
                         Error);
  }

  TEST_CASE("files of nnU-Net's names are channels, if the network takes as many") {
    const TemporaryFolder folder("channels");
    draw(folder, {"two/a_0000.nii", "two/a_0001.nii", "two/b_0000.nii", "two/b_0001.nii"});
    CHECK(names_of(list_images(folder / "two", 2)) == Names{"a+1", "b+1"});
    CHECK(names_of(list_images(folder / "two/b_0000.nii", 2)) == Names{"b+1"});
    CHECK(names_of(list_images(folder / "two")).size() == 4);
    const Volume both = read_stored_volume(list_images(folder / "two", 2)[0]);
    CHECK(both.voxels.shape() == Shape{2, 2, 2, 2});
    CHECK(both.voxels.to_vector<float>()[15] == doctest::Approx(0.2));
    draw(folder, {"two/c_0001.nii"});
    CHECK_THROWS_WITH_AS(list_images(folder / "two", 2),
                         doctest::Contains("c has the channels 1 (c_0001.nii), but the network "
                                           "takes the 2 from 0 on"),
                         Error);
    CHECK_THROWS_AS(list_images(folder / "two", 3), Error);
    save_nifti({tensor<uint8_t>(std::vector<uint8_t>(4, 1), {1, 2, 2}), {}},
               folder / "two/a_0001.nii");
    fs::remove(folder / "two/c_0001.nii");
    CHECK_THROWS_AS(read_stored_volume(list_images(folder / "two", 2)[0]), Error);

    draw(folder, {"one/a_0000.png", "one/b_0000.png"});
    CHECK(names_of(list_images(folder / "one", 1)) == Names{"a+0", "b+0"});
    draw(folder, {"one/a_0001.png", "one/a_0002.png"});  // frames
    CHECK(names_of(list_images(folder / "one", 1)).size() == 4);
    CHECK(names_of(list_images(folder / "one", 2))[0] == "a_0000+0");
  }
}
