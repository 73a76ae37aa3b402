#include "io/nifti_header.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"

using namespace tessera;

namespace {

io::NiftiHeader example() {
  io::NiftiHeader header;
  header.ndim = 3;
  header.extents = {4, 3, 2, 1, 1, 1, 1};
  header.datatype = 16;
  header.geometry.spacing = {3, 2, 1.5};
  header.geometry.affine = {0, 0, -1.5, 90, 0, 2, 0.5, -126, 3, 0.25, 0, -72, 0, 0, 0, 1};
  return header;
}

template <class T>
std::string with(std::string bytes, size_t at, T number) {
  std::memcpy(&bytes.at(at), &number, sizeof number);
  return bytes;
}

}  // namespace

TEST_SUITE("io/nifti_header") {
  TEST_CASE("what is written is read again") {
    const std::string bytes = io::nifti_header_bytes(example());
    CHECK(bytes.size() == 352);
    const io::NiftiHeader header = io::parse_nifti_header(bytes, "x");
    CHECK(header.ndim == 3);
    CHECK(header.extents == example().extents);
    CHECK(header.datatype == 16);
    CHECK(header.data_offset == 352);
    CHECK(header.slope == 1);
    CHECK(!header.big_endian);
    CHECK(header.geometry == example().geometry);
    io::NiftiHeader large = example();
    large.extents[0] = 40000;
    CHECK_THROWS_WITH_AS(io::nifti_header_bytes(large), doctest::Contains("40000 voxels"), Error);
  }

  TEST_CASE("spacing without pixdim comes from the affine") {
    std::string bytes = with(io::nifti_header_bytes(example()), 80, 0.f);
    CHECK(io::parse_nifti_header(bytes, "x").geometry.spacing[2] == doctest::Approx(1.581139));
    bytes = with(bytes, 80, std::numeric_limits<float>::quiet_NaN());
    CHECK(io::parse_nifti_header(bytes, "x").geometry.spacing[2] == doctest::Approx(1.581139));
    for (const size_t row : {280, 296, 312}) bytes = with(bytes, row, 0.f);
    CHECK(io::parse_nifti_header(bytes, "x").geometry.spacing[2] == 1);
  }

  TEST_CASE("a wrong header is an error that says why") {
    const std::string good = io::nifti_header_bytes(example());
    const auto refused = [&](const std::string& bytes, const char* reason) {
      CHECK_THROWS_WITH_AS(io::parse_nifti_header(bytes, "x"), doctest::Contains(reason), Error);
    };
    refused("", "is not a NIfTI file: it is too short");
    refused("hello world", "is not a NIfTI file: its first number");
    refused(good.substr(0, 347), "truncated");
    refused(with(good, 344, 'x'), "perhaps an older ANALYZE file");
    refused(with(good, 345, 'i'), "in an .img file");
    refused(with(good, 40, int16_t{0}), "the number of dimensions is 0");
    refused(with(good, 40, int16_t{8}), "the number of dimensions is 8");
    refused(with(good, 44, int16_t{0}), "extent 2 is 0");
    refused(with(good, 44, int16_t{-5}), "extent 2 is -5");
    refused(with(good, 108, -1.f), "cannot begin at byte -1");
    refused(with(good, 108, std::numeric_limits<float>::quiet_NaN()), "cannot begin at byte nan");
    refused(with(good, 108, 1e30f), "cannot begin at byte");
    refused(with(good, 284, std::numeric_limits<float>::infinity()), "is not finite");
  }
}
