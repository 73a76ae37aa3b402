#pragma once

#include <cstdint>
#include <string>

#include "io/draws.h"
#include "io/image.h"

namespace tessera::io {

// A photo of a picture on a screen, taken with a phone: what it went through on its way. Lengths
// are shares of the longer side, angles are in degrees.
//
// The light of a screen comes from stripes of red, green and blue in rows. A camera whose pixels
// are about as large sees the two grids against each other, as moire.
struct PhonePhoto {
  int64_t severity = 0;  // 1 to 5
  // Where the camera sees the corners of the picture, moved inwards: y and x of top left, top
  // right, bottom left, bottom right.
  double tl_y = 0, tl_x = 0, tr_y = 0, tr_x = 0, bl_y = 0, bl_x = 0, br_y = 0, br_x = 0;
  double screen_pitch = 1;             // of the pixels of the screen, in those of the picture
  double screen_depth = 0;             // of the dark between its stripes and rows, 0 to 1
  double gain = 1, red = 1, blue = 1;  // of the light; red and blue against green
  double haze = 0;                     // light of the room on the screen, 0 to 1
  double vignette = 0;                 // how much darker the corners are, 0 to 1
  double glare = 0, glare_y = 0, glare_x = 0, glare_size = 0.1;  // of a lamp: 0 to 1
  double blur = 0;                                               // standard deviation: focus
  double motion = 0, motion_angle = 0;                           // of the hand
  double shot_noise = 0, read_noise = 0;  // standard deviation: of white light; of the dark
  int64_t jpeg_quality = 95;
  int64_t noise_key = 0;

  // Calls f(name, field) for each number, in order.
  template <class Self, class F>
  static void fields(Self& p, F f) {
    f("severity", p.severity);
    f("tl_y", p.tl_y);
    f("tl_x", p.tl_x);
    f("tr_y", p.tr_y);
    f("tr_x", p.tr_x);
    f("bl_y", p.bl_y);
    f("bl_x", p.bl_x);
    f("br_y", p.br_y);
    f("br_x", p.br_x);
    f("screen_pitch", p.screen_pitch);
    f("screen_depth", p.screen_depth);
    f("gain", p.gain);
    f("red", p.red);
    f("blue", p.blue);
    f("haze", p.haze);
    f("vignette", p.vignette);
    f("glare", p.glare);
    f("glare_y", p.glare_y);
    f("glare_x", p.glare_x);
    f("glare_size", p.glare_size);
    f("blur", p.blur);
    f("motion", p.motion);
    f("motion_angle", p.motion_angle);
    f("shot_noise", p.shot_noise);
    f("read_noise", p.read_noise);
    f("jpeg_quality", p.jpeg_quality);
    f("noise_key", p.noise_key);
  }
};

inline constexpr int64_t kMostSevere = 5;

// Draws a photo of that severity, 1 (a careful one) to 5 (a bad one): each number lies between half
// of what the severity allows and all of it.
PhonePhoto draw_phone_photo(int64_t severity, Draws draws);

// Takes the photo of a picture of 1 or 3 channels in [0, 1]: three channels of the same size.
Image take_photo(const Image& picture, const PhonePhoto& photo);
// The mask as the photo shows it; beside the picture it is 0.
LabelMap take_photo(const LabelMap& mask, const PhonePhoto& photo);

// A JSON object with all numbers, and back. Throws Error, beginning with `name`, for anything else.
std::string to_json(const PhonePhoto& photo);
PhonePhoto phone_photo_from_json(const std::string& text, const std::string& name);

}  // namespace tessera::io
