#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::io {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

// The colour of a class in every picture and report. Class 0, the background, is black; 1 to 7 are
// colours that people with any common colour blindness can tell apart (Okabe and Ito, "Color
// Universal Design", 2008), those most visible on grey pictures first; later ones step around the
// circle of hues. The colour of a class depends on nothing but its index; below 0 it is grey.
Rgb class_color(int64_t index);

// The colours of the classes [0, n), 3 bytes each, as write_png takes them; n is at most 256.
std::vector<uint8_t> class_palette(int64_t n);

// "#e69f00".
std::string css_color(Rgb color);

}  // namespace tessera::io
