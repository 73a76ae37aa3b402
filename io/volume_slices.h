#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "io/image.h"
#include "io/volume.h"

namespace tessera::io {

// Volumes as pictures: the slices across one of their axes.

// Whether the name is that of a volume that load_volume can read, and not of a picture or array,
// which read_image reads. A TIFF is a volume when it has several pages.
bool is_volume_file(const std::filesystem::path& path);

// The axis 0, 1 or 2 (d, h or w) along which neighbours are farthest apart, so that the slices
// across it show most; the first of those that differ by less than 1 %.
int through_plane_axis(const Geometry& geometry);

// The number of slices across `axis`, and the size of one: [channels, height, width]. A picture
// [H, W] is one slice across axis 0. Throws Error, beginning with `name`, for fewer than two axes.
struct SliceSize {
  int64_t count = 0;
  ImageSize size;
  bool operator==(const SliceSize&) const = default;
};
SliceSize slice_size(const Volume& volume, int axis, const std::string& name);

// A slice. Values are as stored, but those of u8 are divided by 255, as read_image does for arrays.
// Throws Error, beginning with `name`, when there is no such slice or it has a value that is not
// finite.
Image slice_image(const Volume& volume, int axis, int64_t index, const std::string& name);

// The same for a mask: whole numbers from 0 to 65535 in one channel, or Error.
LabelMap slice_labels(const Volume& volume, int axis, int64_t index, const std::string& name);

// How far apart, in mm, two geometries put the corners of a volume of these extents [D, H, W], at
// most.
double geometry_distance(const Geometry& a, const Geometry& b,
                         const std::array<int64_t, 3>& extents);

// Two geometries that put corners less than this share of the finest spacing apart are the same,
// but for rounding.
inline constexpr double kSameGeometry = 0.01;
bool same_geometry(const Geometry& a, const Geometry& b, const std::array<int64_t, 3>& extents);

// Volumes read lately, for those who need them slice by slice. Threads may share it; one that asks
// for what another is reading waits for it.
class VolumeCache {
 public:
  // Keeps at most `bytes`, but always the `least` latest volumes, such as an image and its mask.
  explicit VolumeCache(int64_t bytes, size_t least = 1) : bytes_(bytes), least_(least) {}

  // Throws Error as load_volume does.
  std::shared_ptr<const Volume> load(const std::filesystem::path& path);

  int64_t bytes() const { return bytes_; }
  int64_t reads() const;  // how many files were read so far

 private:
  using Result = std::shared_ptr<const Volume>;
  struct Entry {
    std::shared_future<Result> volume;
    int64_t bytes = 0;  // 0 while it is being read
    int64_t used = 0;   // by clock_
  };
  void keep(const std::filesystem::path& path, const std::shared_future<Result>& result);

  mutable std::mutex mutex_;
  std::map<std::filesystem::path, Entry> entries_;
  int64_t bytes_, held_ = 0, clock_ = 0, reads_ = 0;
  size_t least_;
};

}  // namespace tessera::io
