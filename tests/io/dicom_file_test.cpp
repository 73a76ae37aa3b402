#include "io/dicom_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/volume.h"
#include "tests/io/damage.h"

using namespace tessera;

TEST_SUITE("io/dicom_file") {
  TEST_CASE("the mark of DICOM") {
    CHECK(io::is_dicom(testing::fixture("dicom/IM0")));
    CHECK_FALSE(io::is_dicom(testing::fixture("dicom.json")));
    CHECK_FALSE(io::is_dicom("no file"));
  }

  TEST_CASE("one slice, or the name of the package that is missing") {
    if (!io::dicom_supported()) {
      CHECK_THROWS_WITH_AS(io::read_dicom(testing::fixture("dicom/IM0")),
                           doctest::Contains("libgdcm-dev"), Error);
      return;
    }
    const io::DicomFile file = io::read_dicom(testing::fixture("dicom/IM0"));
    CHECK(file.height == 3);
    CHECK(file.width == 4);
    CHECK(file.slope == 2);
    CHECK(file.intercept == -1024);
    CHECK(file.series == "1.2.3.100");
    CHECK(file.axes.origin == io::Vector3{10, -20, 35});
    CHECK(file.axes.steps[0][0] == doctest::Approx(0.4));
    CHECK(file.axes.steps[1][0] == doctest::Approx(-0.42));
    CHECK(file.axes.steps[2][2] == doctest::Approx(2.5));
    CHECK(file.bytes.size() == 24);
    CHECK(file.bytes[0] == 24);
  }

  TEST_CASE("colours pixel by pixel, or in planes of their own") {
    if (!io::dicom_supported()) return;
    for (const char* name : {"dicom_colour.dcm", "dicom_planes.dcm"}) {
      CAPTURE(name);
      const io::Volume volume = io::load_volume(testing::fixture(name));
      CHECK(volume.voxels.shape() == Shape{3, 1, 2, 3});
      const std::vector<double> values = volume.voxels.to_vector<double>();
      for (size_t c = 0; c < 3; ++c)
        for (size_t i = 0; i < 6; ++i) CHECK(values[c * 6 + i] == static_cast<double>(3 * i + c));
    }
  }

  TEST_CASE("damaged files never crash") {
    if (!io::dicom_supported()) return;
    const testing::TemporaryFile file("damaged.dcm");
    testing::check_survives_damage(
        testing::bytes_of_file(testing::fixture("dicom/IM0")), file,
        [](const std::filesystem::path& path) { io::read_dicom(path); }, 60);
  }
}
