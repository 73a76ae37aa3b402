#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/nifti.h"
#include "train/mask_files.h"

namespace tessera::testing {

// Folders ref/ and pred/ for small masks; gone when the test is over.
class MaskFolders {
 public:
  explicit MaskFolders(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() / ("tessera_" + name)) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(ref());
    std::filesystem::create_directories(pred());
  }
  ~MaskFolders() { std::filesystem::remove_all(folder_); }
  MaskFolders(const MaskFolders&) = delete;
  MaskFolders& operator=(const MaskFolders&) = delete;

  std::filesystem::path ref() const { return folder_ / "ref"; }
  std::filesystem::path pred() const { return folder_ / "pred"; }
  std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  std::vector<train::MaskPair> pairs() const { return train::find_mask_pairs(ref(), pred()); }

  // Writes a picture whose rows are the digits of `rows`, times `scale`.
  static void draw(const std::filesystem::path& path, const std::vector<std::string>& rows,
                   int32_t scale = 1) {
    io::LabelMap map(static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size()));
    for (size_t i = 0; i < map.labels.size(); ++i) {
      map.labels[i] = (rows[i / rows[0].size()][i % rows[0].size()] - '0') * scale;
    }
    io::write_png(map, path);
  }
  // The same in both folders: what is right and what was predicted.
  void add(const std::string& name, const std::vector<std::string>& reference,
           const std::vector<std::string>& prediction) const {
    draw(ref() / (name + ".png"), reference);
    draw(pred() / (name + ".png"), prediction);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace tessera::testing
