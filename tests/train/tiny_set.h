#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/image.h"

namespace tessera::testing {

// A folder of small pictures of bright discs, with their masks; gone when the test is over.
class TinySet {
 public:
  explicit TinySet(const std::string& name, int cases = 10)
      : folder_(std::filesystem::temp_directory_path() / ("tessera_" + name)) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(data() / "images");
    std::filesystem::create_directories(data() / "masks");
    std::ofstream splits(data() / "split.csv");
    splits << "stem,split\n";
    for (int i = 0; i < cases; ++i) {
      constexpr int kSide = 16;
      io::Image image(1, kSide, kSide, 0.2F);
      io::LabelMap mask(kSide, kSide);
      for (int h = 0; h < kSide; ++h) {
        for (int w = 0; w < kSide; ++w) {
          if (std::hypot(h - 4 - i % 7, w - 10 + i % 5) > 4) continue;
          image.at(0, h, w) = 0.8F;
          mask.at(h, w) = 1;
        }
      }
      const std::string stem = "disc" + std::to_string(i);
      io::write_png(image, data() / "images" / (stem + ".png"));
      io::write_png(mask, data() / "masks" / (stem + ".png"));
      splits << stem << (i % 5 == 3 ? ",val\n" : i % 5 == 4 ? ",test\n" : ",train\n");
    }
  }
  ~TinySet() { std::filesystem::remove_all(folder_); }
  TinySet(const TinySet&) = delete;
  TinySet& operator=(const TinySet&) = delete;

  std::filesystem::path data() const { return folder_ / "data"; }
  std::filesystem::path run(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

}  // namespace tessera::testing
