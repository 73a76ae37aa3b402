#pragma once

#include <filesystem>
#include <string>

#include "io/image.h"

namespace tessera::testing {

// A folder of its own for one test, in the folder for temporary files; removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // Writes a file, making the folders it lies in.
  void write(const std::string& name, const std::string& bytes) const;

 private:
  std::filesystem::path path_;
};

// A map whose pixels count up through the classes 0, ..., classes - 1, starting with `first`.
io::LabelMap counting_labels(int64_t height, int64_t width, int32_t classes, int32_t first = 0);

// The picture whose pixel is label / 255, so that written as an 8-bit PNG it shows the labels.
io::Image picture_of(const io::LabelMap& labels);

// Adds images/<name>.png and masks/<name>.png of the same labels.
void add_case(const TemporaryFolder& folder, const std::string& name, const io::LabelMap& labels);

}  // namespace tessera::testing
