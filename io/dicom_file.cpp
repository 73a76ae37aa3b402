#include "io/dicom_file.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"

#ifdef TESSERA_GDCM
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

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

// Colours in planes of their own, frame by frame, become those of a pixel beside each other.
void interleave_(DicomFile& file) {
  const auto channels = static_cast<size_t>(file.channels), size = size_t{file.type.size};
  const auto pixels = static_cast<size_t>(file.height * file.width);
  const std::string planes = file.bytes;
  for (size_t at = 0; at < file.bytes.size(); at += size) {
    const size_t element = at / size, frame = element / (pixels * channels);
    const size_t pixel = element / channels % pixels, channel = element % channels;
    planes.copy(&file.bytes[at], size,
                size * (frame * pixels * channels + channel * pixels + pixel));
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
  file.slope = image.GetSlope();
  file.intercept = image.GetIntercept();
  for (unsigned i = 0; i < 3; ++i) {
    file.axes.origin[i] = image.GetOrigin(i);
    for (unsigned axis = 0; axis < 2; ++axis) {
      file.axes.steps[axis][i] = image.GetDirectionCosines(3 * axis + i) * image.GetSpacing(axis);
    }
  }
  file.axes.steps[2] = normal_of(file.axes.steps[0], file.axes.steps[1]);
  const gdcm::DataSet& fields = reader.GetFile().GetDataSet();
  gdcm::Attribute<0x0018, 0x0050> thickness = {0};
  thickness.SetFromDataSet(fields);
  const bool thick = file.frames == 1 && thickness.GetValue() > 0;
  for (double& value : file.axes.steps[2]) {
    value *= thick ? thickness.GetValue() : image.GetSpacing(2);
  }
  gdcm::Attribute<0x0020, 0x000e> series;
  series.SetFromDataSet(fields);
  file.series = series.GetValue().c_str();  // without what fills it up

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
  if (file.channels > 1 && image.GetPlanarConfiguration() == 1) interleave_(file);
  return file;
}

// GDCM ends the program at some damaged files, since its asserts are on in Debian. So it works in
// a process of its own, which may take a minute, and memory for the pixels and little more.
void limit_this_process(uint64_t file_bytes) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
  const int null = ::open("/dev/null", O_WRONLY);
  ::dup2(null, STDERR_FILENO);
  ::dup2(null, STDOUT_FILENO);
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  constexpr uint64_t kSpare = 64 << 20, kCopies = 64;
  const uint64_t most =
      pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + kSpare + kCopies * file_bytes;
  const rlimit memory{most, most}, seconds{60, 60}, core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CPU, &seconds);
  ::setrlimit(RLIMIT_CORE, &core);
}

// What goes through the pipe: these numbers, the series, the bytes.
struct Numbers {
  int64_t frames, height, width, channels, series_size;
  ElementType type;
  double slope, intercept;
  FileAxes axes;
};

void send(int pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(pipe, bytes.data(), bytes.size());
    if (sent <= 0) ::_exit(1);
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// The first byte says whether a file follows or the text of an error.
[[noreturn]] void answer(int pipe, const std::filesystem::path& path, const std::string& name) {
  std::error_code error;
  limit_this_process(std::filesystem::file_size(path, error));
  try {
    const DicomFile file = read_picture(path, name);
    const Numbers numbers{
        file.frames, file.height, file.width,     file.channels, std::ssize(file.series),
        file.type,   file.slope,  file.intercept, file.axes};
    send(pipe, "f");
    send(pipe, {reinterpret_cast<const char*>(&numbers), sizeof(numbers)});
    send(pipe, file.series);
    send(pipe, file.bytes);
  } catch (const std::exception& problem) {
    send(pipe, std::string("e") + problem.what());
  }
  ::_exit(0);
}

std::string receive(int pipe) {
  std::string bytes;
  char part[1 << 16];
  for (ssize_t got = 0; (got = ::read(pipe, part, sizeof(part))) > 0;) {
    bytes.append(part, static_cast<size_t>(got));
  }
  return bytes;
}

}  // namespace

bool dicom_supported() {
  return true;
}

DicomFile read_dicom(const std::filesystem::path& path) {
  const std::string name = "load: " + path.string();
  require(is_dicom(path), "{} is not a DICOM file", name);
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "{}: no more files can be opened", name);
  const pid_t child = ::fork();
  if (child == 0) answer(ends[1], path, name);
  ::close(ends[1]);
  const std::string bytes = child > 0 ? receive(ends[0]) : "";
  ::close(ends[0]);
  int status = 0;
  require(child > 0 && ::waitpid(child, &status, 0) == child, "{}: no process can be started",
          name);
  require(status == 0 && !bytes.empty(), "{} is damaged: GDCM gave up on it", name);
  if (bytes[0] == 'e') fail(bytes.substr(1));

  Numbers numbers{};
  require(bytes.size() >= 1 + sizeof(numbers), "{}: reading it was interrupted", name);
  std::copy_n(bytes.data() + 1, sizeof(numbers), reinterpret_cast<char*>(&numbers));
  const size_t begin = 1 + sizeof(numbers), size = static_cast<size_t>(numbers.series_size);
  return {.frames = numbers.frames,
          .height = numbers.height,
          .width = numbers.width,
          .channels = numbers.channels,
          .type = numbers.type,
          .slope = numbers.slope,
          .intercept = numbers.intercept,
          .axes = numbers.axes,
          .series = bytes.substr(begin, size),
          .bytes = bytes.substr(begin + size)};
}

#endif

}  // namespace tessera::io
