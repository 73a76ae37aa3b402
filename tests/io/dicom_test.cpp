#include "io/dicom.h"

#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/dicom_file.h"
#include "io/json_file.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
namespace fs = std::filesystem;

namespace {

// The slices of the series in a folder of its own, with pieces of their text replaced by others of
// the same length.
struct Series {
  Series() : root(testing::TemporaryFile("series").path()) {
    fs::remove_all(root);
    fs::copy(testing::fixture("dicom"), root);
  }
  ~Series() { fs::remove_all(root); }
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  void replace(const char* file, const std::string& from, const std::string& to) const {
    std::string bytes = testing::bytes_of_file(root / file);
    const size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    REQUIRE(from.size() == to.size());
    std::ofstream(root / file, std::ios::binary) << bytes.replace(at, from.size(), to);
  }
  void check_refused(const char* reason) const {
    CHECK_THROWS_WITH_AS(io::load_dicom(root), doctest::Contains(reason), Error);
  }
  fs::path root;
};

}  // namespace

TEST_SUITE("io/dicom") {
  TEST_CASE("a series as SimpleITK reads it") {
    if (!io::dicom_supported()) {
      CHECK_THROWS_WITH_AS(io::load_dicom(testing::fixture("dicom")),
                           doctest::Contains("libgdcm-dev"), Error);
      return;
    }
    const Volume volume = io::load_volume(testing::fixture("dicom"));
    CHECK(volume.voxels.shape() == Shape{4, 3, 4});
    CHECK(volume.voxels.dtype() == i32);
    CHECK(volume.stored->size == 2);
    const io::Json facts = io::load_json(testing::fixture("dicom.json"));
    CHECK(volume.voxels.to_vector<double>() == facts["voxels"].get<std::vector<double>>());
    testing::check_affine(volume, "dicom.json", "series");
    const Volume slice = io::load_dicom(testing::fixture("dicom/IM0"));
    CHECK(slice.voxels.shape() == Shape{1, 3, 4});
    CHECK(slice.geometry.spacing[0] == doctest::Approx(2.5));
  }

  TEST_CASE("scales that are not whole give f32") {
    if (!io::dicom_supported()) return;
    const Series series;
    for (const char* file : {"IM0", "IM1", "IM2", "IM3"}) series.replace(file, "2.0 ", "0.5 ");
    std::ofstream(series.root / "notes.txt") << "not a slice";
    const Volume volume = io::load_dicom(series.root);
    CHECK(volume.voxels.dtype() == f32);
    CHECK(volume.voxels.to_vector<double>()[1] == -1023.5);
  }

  TEST_CASE("series that are none") {
    if (!io::dicom_supported()) return;
    fs::path empty;
    {
      const Series series;
      series.replace("IM0", "1.2.3.100", "1.2.3.101");
      series.check_refused("holds several series");
      empty = series.root;
    }
    {
      const Series series;
      fs::remove(series.root / "IM3");
      series.check_refused("equally far apart");
      fs::remove(series.root / "IM2");
      fs::copy(series.root / "IM0", series.root / "IM8");
      series.check_refused("several pictures of one place");
    }
    {
      const Series series;
      series.replace("IM1", "0.8", "0.7");
      series.check_refused("one size, type and direction");
      series.replace("IM2", "DICM", "DICN");
      CHECK_THROWS_AS(io::load_dicom(series.root / "IM2"), Error);
    }
    fs::create_directories(empty);
    CHECK_THROWS_WITH_AS(io::load_dicom(empty), doctest::Contains("no DICOM files"), Error);
    fs::remove_all(empty);
  }
}
