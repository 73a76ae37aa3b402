#include "io/phantom_set.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/dataset.h"
#include "io/volume.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

// The bytes of all files, by name.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[fs::relative(entry.path(), folder).string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

}  // namespace

TEST_SUITE("io/phantom_set") {
  TEST_CASE("a set of pictures, the same for the same seed") {
    const TemporaryFolder folder("phantoms");
    const PhantomKind& kind = find_phantom("vertebrae");
    PhantomOptions o{.size = {1, 48, 40}, .seed = 2, .raters = 2};
    for (const char* name : {"a", "b"}) write_phantoms(kind, o, 7, folder.path() / name);
    const auto files = contents(folder.path() / "a");
    CHECK(files == contents(folder.path() / "b"));
    CHECK(files.size() == 4 * 7 + 2);
    CHECK(files.at("masks/vertebrae_0001.png") != files.at("masks_rater1/vertebrae_0001.png"));
    o.seed = 3;
    write_phantoms(kind, o, 7, folder.path() / "c");
    CHECK(files != contents(folder.path() / "c"));

    const Dataset set = open_dataset(folder.path() / "a");
    CHECK(set.cases.size() == 7);
    CHECK(set.channels == 1);
    CHECK(set.labels == kind.labels);
    CHECK(std::ranges::all_of(set.pixels, [](int64_t count) { return count > 0; }));
    CHECK(set.split("train").size() == 5);
    CHECK(set.split("val").size() == 1);
    CHECK(set.split("test").size() == 1);
    const LabelMap mask = read_mask(set, set.cases[0]);
    const Phantom drawn = make_phantom(kind, {.size = {1, 48, 40}, .seed = 2}, 1);
    CHECK(std::equal(mask.labels.begin(), mask.labels.end(), drawn.mask.begin()));
  }

  TEST_CASE("a set of volumes") {
    const TemporaryFolder folder("phantom_volumes");
    const PhantomKind& kind = find_phantom("organs");
    write_phantoms(kind, {.size = {8, 40, 40}, .raters = 1}, 2, folder.path());
    const Volume image = load_volume(folder.path() / "images" / "organs_0001.nii.gz");
    const Volume mask = load_volume(folder.path() / "masks" / "organs_0001.nii.gz");
    CHECK(image.voxels.shape() == Shape{8, 40, 40});
    CHECK(image.geometry == mask.geometry);
    CHECK(image.geometry.spacing == std::array<double, 3>{20, 10, 10});
    CHECK(axis_codes(image.geometry) == "LPI");
    const std::vector<double> values = image.voxels.to_vector<double>();
    CHECK(*std::ranges::min_element(values) == -1000);  // air
    CHECK(mask.voxels.dtype() == u8);
  }

  TEST_CASE("nothing is replaced, and nothing written when it cannot be drawn") {
    const TemporaryFolder folder("phantoms_refused");
    const PhantomKind& cells = find_phantom("cells");
    const fs::path set = folder.path() / "set";
    CHECK_THROWS_AS(write_phantoms(cells, {.size = {1, 4, 4}}, 2, set), Error);
    CHECK_FALSE(fs::exists(set));
    CHECK_THROWS_WITH_AS(write_phantoms(cells, {.size = {1, 16, 16}}, 0, set),
                         doctest::Contains("cases must lie in [1, 100000], got 0"), Error);
    write_phantoms(cells, {.size = {1, 16, 16}}, 1, set);
    CHECK_THROWS_WITH_AS(write_phantoms(cells, {.size = {1, 16, 16}}, 1, set),
                         doctest::Contains("holds a dataset already"), Error);
  }
}
