#include "tests/io/temporary_set.h"

#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

namespace fs = std::filesystem;

namespace tessera::testing {

TemporaryFolder::TemporaryFolder(const std::string& name)
    : path_(fs::temp_directory_path() / fmt::format("tessera_{}_{}", ::getpid(), name)) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

void TemporaryFolder::write(const std::string& name, const std::string& bytes) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << bytes;
}

io::LabelMap counting_labels(int64_t height, int64_t width, int32_t classes, int32_t first) {
  io::LabelMap map(height, width);
  for (size_t i = 0; i < map.labels.size(); ++i)
    map.labels[i] = (first + static_cast<int32_t>(i)) % classes;
  return map;
}

io::Image picture_of(const io::LabelMap& labels) {
  io::Image image(1, labels.height, labels.width);
  for (size_t i = 0; i < labels.labels.size(); ++i)
    image.pixels[i] = static_cast<float>(labels.labels[i]) / 255;
  return image;
}

void add_case(const TemporaryFolder& folder, const std::string& name, const io::LabelMap& labels) {
  fs::create_directories(folder / "images");
  fs::create_directories(folder / "masks");
  io::write_png(picture_of(labels), folder / ("images/" + name + ".png"));
  io::write_png(labels, folder / ("masks/" + name + ".png"));
}

}  // namespace tessera::testing
