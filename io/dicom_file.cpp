#include "io/dicom_file.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"

#ifdef TESSERA_GDCM
#include <gdcmAttribute.h>
#include <gdcmImage.h>
#include <gdcmImageReader.h>
#include <gdcmTrace.h>
#endif

namespace tessera::io {

bool is_dicom(const std::filesystem::path& path) {
  constexpr std::streamoff kPreamble = 128;
  std::ifstream file(path, std::ios::binary);
  char mark[4] = {};
  file.seekg(kPreamble);
  file.read(mark, sizeof(mark));
  return file.good() && std::string_view(mark, sizeof(mark)) == "DICM";
}

#ifndef TESSERA_GDCM

bool dicom_supported() {
  return false;
}

DicomFile read_dicom(const std::filesystem::path& path) {
  fail("load: " + path.string() +
       ": this build cannot read DICOM; install GDCM (libgdcm-dev) and build tessera again, or "
       "convert the series to .nii.gz with another tool such as dcm2niix");
}

#else

namespace {

using Kind = ElementType::Kind;

ElementType type_of(const gdcm::PixelFormat& format, const std::string& name) {
  switch (format.GetScalarType()) {
    case gdcm::PixelFormat::UINT8:
      return {Kind::unsigned_integer, 1};
    case gdcm::PixelFormat::INT8:
      return {Kind::signed_integer, 1};
    case gdcm::PixelFormat::UINT12:
    case gdcm::PixelFormat::UINT16:
      return {Kind::unsigned_integer, 2};
    case gdcm::PixelFormat::INT12:
    case gdcm::PixelFormat::INT16:
      return {Kind::signed_integer, 2};
    case gdcm::PixelFormat::UINT32:
      return {Kind::unsigned_integer, 4};
    case gdcm::PixelFormat::INT32:
      return {Kind::signed_integer, 4};
    case gdcm::PixelFormat::FLOAT32:
      return {Kind::floating, 4};
    case gdcm::PixelFormat::FLOAT64:
      return {Kind::floating, 8};
    default:
      fail(name + ": its kind of pixels cannot be read");
  }
}

DicomFile read_picture(const std::filesystem::path& path, const std::string& name) {
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  gdcm::ImageReader reader;
  reader.SetFileName(path.c_str());
  require(reader.Read(), "{} has no picture that can be read, or is damaged", name);
  const gdcm::Image& image = reader.GetImage();
  DicomFile file;
  file.width = image.GetDimension(0);
  file.height = image.GetDimension(1);
  file.frames = image.GetNumberOfDimensions() > 2 ? image.GetDimension(2) : 1;
  const gdcm::PixelFormat& format = image.GetPixelFormat();
  file.channels = format.GetSamplesPerPixel();
  file.type = type_of(format, name);
  require(file.channels == 1 || image.GetPlanarConfiguration() == 0,
          "{}: colours in planes of their own cannot be read", name);
  file.slope = image.GetSlope();
  file.intercept = image.GetIntercept();
  for (unsigned i = 0; i < 3; ++i) {
    file.axes.origin[i] = image.GetOrigin(i);
    for (unsigned axis = 0; axis < 2; ++axis) {
      file.axes.steps[axis][i] = image.GetDirectionCosines(3 * axis + i) * image.GetSpacing(axis);
    }
  }
  file.axes.steps[2] = normal_of(file.axes.steps[0], file.axes.steps[1]);
  for (double& value : file.axes.steps[2]) value *= image.GetSpacing(2);

  gdcm::Attribute<0x0020, 0x000e> series;
  series.Set(reader.GetFile().GetDataSet());
  file.series = series.GetValue().Trim();

  // What is packed can hold a lot, but not everything that a damaged header says.
  constexpr uint64_t kMaxPacking = 4096;
  std::error_code error;
  const uint64_t stored = std::filesystem::file_size(path, error);
  const uint64_t length = image.GetBufferLength();
  uint64_t expected = file.type.size;
  for (const int64_t extent : {file.frames, file.height, file.width, file.channels}) {
    if (__builtin_mul_overflow(expected, static_cast<uint64_t>(extent), &expected)) expected = 0;
  }
  require(!error && length == expected && expected > 0 && expected / kMaxPacking <= stored,
          "{} is damaged: {} bytes of pixels do not fit {} frames of {}x{} pixels", name, length,
          file.frames, file.width, file.height);
  file.bytes.resize(length);
  require(image.GetBuffer(file.bytes.data()),
          "{}: its pixels are damaged, truncated, or packed in "
          "a way that GDCM does not know",
          name);
  return file;
}

}  // namespace

bool dicom_supported() {
  return true;
}

DicomFile read_dicom(const std::filesystem::path& path) {
  const std::string name = "load: " + path.string();
  require(is_dicom(path), "{} is not a DICOM file", name);
  try {
    return read_picture(path, name);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(name + " is damaged: " + error.what());
  }
}

#endif

}  // namespace tessera::io
