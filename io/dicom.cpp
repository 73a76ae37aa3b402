#include "io/dicom.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "io/dicom_file.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

namespace fs = std::filesystem;

double dot(const Vector3& a, const Vector3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector3 minus(const Vector3& a, const Vector3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

struct Slice {
  DicomFile file;
  fs::path path;
  double position = 0;  // along the normal of the first one
};

std::vector<Slice> read_slices(const fs::path& path, const std::string& name) {
  if (!fs::is_directory(path)) return {{read_dicom(path), path}};
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    std::error_code error;
    if (entry.is_regular_file(error) && entry.path().filename() != "DICOMDIR" &&
        is_dicom(entry.path())) {
      paths.push_back(entry.path());
    }
  }
  require(!paths.empty(), "{}: there are no DICOM files in this folder", name);
  std::sort(paths.begin(), paths.end());
  std::vector<Slice> slices;
  slices.reserve(paths.size());
  for (const fs::path& one : paths) slices.push_back({read_dicom(one), one});
  return slices;
}

// Slices of one series in the order of their places.
void sort_slices_(std::vector<Slice>& slices, const std::string& name) {
  const DicomFile& first = slices[0].file;
  const Vector3 normal = normal_of(first.axes.steps[0], first.axes.steps[1]);
  for (Slice& slice : slices) {
    const DicomFile& file = slice.file;
    require(file.series == first.series,
            "{} holds several series, such as those of {} and {}; put each into its own folder",
            name, slices[0].path.filename().string(), slice.path.filename().string());
    double turned = 0;
    for (size_t axis = 0; axis < 2; ++axis) {
      turned = std::max(turned, length_of(minus(file.axes.steps[axis], first.axes.steps[axis])));
    }
    constexpr double kSame = 1e-3;
    const bool same = file.height == first.height && file.width == first.width &&
                      file.channels == first.channels && file.type == first.type &&
                      file.frames == 1 && turned < kSame;
    require(same, "{}: slices must have one size, type and direction, but {} and {} differ", name,
            slices[0].path.filename().string(), slice.path.filename().string());
    slice.position = dot(file.axes.origin, normal);
  }
  std::sort(slices.begin(), slices.end(),
            [](const Slice& a, const Slice& b) { return a.position < b.position; });
}

// Slices must be as far from each other as they are on the average.
void check_gaps(const std::vector<Slice>& slices, const std::string& name) {
  const double step =
      (slices.back().position - slices.front().position) / static_cast<double>(slices.size() - 1);
  for (size_t i = 1; i < slices.size(); ++i) {
    const double gap = slices[i].position - slices[i - 1].position;
    constexpr double kSlack = 0.1;
    require(step > 0 && std::abs(gap - step) <= kSlack * step,
            "{}: slices must be equally far apart, but {} and {} are at {} mm and the others at {} "
            "mm from each other; is one missing, or are there several pictures of one place?",
            name, slices[i - 1].path.filename().string(), slices[i].path.filename().string(), gap,
            step);
  }
}

bool is_whole_number(double number) {
  return number == std::floor(number) && std::abs(number) <= std::numeric_limits<int16_t>::max();
}

// The voxels of a slice as [frames, height, width, channels] numbers.
Tensor stored_voxels(const Slice& slice) {
  const DicomFile& file = slice.file;
  return make_tensor(file.bytes, file.type,
                     Layout::row_major({file.frames, file.height, file.width, file.channels}),
                     "load: " + slice.path.string());
}

template <class T>
std::vector<T> scaled(const std::vector<Slice>& slices) {
  std::vector<T> voxels;
  for (const Slice& slice : slices) {
    for (const double value : stored_voxels(slice).to_vector<double>()) {
      voxels.push_back(static_cast<T>(value * slice.file.slope + slice.file.intercept));
    }
  }
  return voxels;
}

}  // namespace

Volume load_dicom(const fs::path& path) {
  const std::string name = "load: " + path.string();
  std::vector<Slice> slices = read_slices(path, name);
  if (slices.size() > 1) {
    sort_slices_(slices, name);
    check_gaps(slices, name);
  }
  const DicomFile& first = slices[0].file;
  FileAxes axes = first.axes;
  if (slices.size() > 1) {
    axes.steps[2] = minus(slices.back().file.axes.origin, axes.origin);
    for (double& value : axes.steps[2]) value /= static_cast<double>(slices.size() - 1);
  }
  const auto depth = static_cast<int64_t>(slices.size()) * first.frames;
  const Shape extents = first.channels == 1
                            ? Shape{first.width, first.height, depth}
                            : Shape{first.channels, first.width, first.height, depth};
  const Layout layout = voxel_layout(extents, first.channels == 1 ? -1 : 0);
  const Geometry geometry = geometry_of(axes, World::lps, name);

  bool whole = first.type.kind != ElementType::Kind::floating && first.type.size <= 2;
  bool plain = true;
  for (const Slice& slice : slices) {
    whole = whole && is_whole_number(slice.file.slope) && is_whole_number(slice.file.intercept);
    plain = plain && slice.file.slope == 1 && slice.file.intercept == 0;
  }
  const auto bytes_of_all = [](const auto& voxels) {
    const auto bytes = std::as_bytes(std::span(voxels));
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  if (!whole) {
    const std::vector<float> voxels = scaled<float>(slices);
    return make_volume(bytes_of_all(voxels), ElementType::of(f32), layout, geometry, name);
  }
  const std::vector<int32_t> voxels = scaled<int32_t>(slices);
  Volume volume = make_volume(bytes_of_all(voxels), ElementType::of(i32), layout, geometry, name);
  volume.stored = plain ? first.type : ElementType{ElementType::Kind::signed_integer, 2};
  return volume;
}

}  // namespace tessera::io
