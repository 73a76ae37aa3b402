#include "io/phone_photo.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "core/error.h"
#include "io/filter.h"
#include "io/homography.h"
#include "io/jpeg.h"
#include "io/json_file.h"
#include "io/pixel_math.h"
#include "io/sample.h"

namespace tessera::io {

namespace {

constexpr float kBezel = 0.03F;  // light from beside the picture
constexpr double kTurn = 2 * std::numbers::pi;

double side_of(int64_t height, int64_t width) {
  return static_cast<double>(std::max(height, width));
}

// Where each pixel of a photo comes from in the picture.
PlacesOfRow places_of(const PhonePhoto& p, int64_t height, int64_t width) {
  const double bottom = static_cast<double>(height - 1), right = static_cast<double>(width - 1);
  const double side = side_of(height, width);
  const Homography from = homography({{{p.tl_y * side, p.tl_x * side},
                                       {p.tr_y * side, right - p.tr_x * side},
                                       {bottom - p.bl_y * side, p.bl_x * side},
                                       {bottom - p.br_y * side, right - p.br_x * side}}},
                                     {{{0, 0}, {0, right}, {bottom, 0}, {bottom, right}}});
  return [from](int64_t, int64_t h, Places& places) {
    for (size_t w = 0; w < places.x.size(); ++w) {
      const PlanePoint at = from({static_cast<double>(h), static_cast<double>(w)});
      places.z[w] = 0;
      places.y[w] = at.y;
      places.x[w] = at.x;
    }
  };
}

Image in_colour(const Image& picture) {
  if (picture.channels == 3) return picture;
  Image colour(3, picture.extent());
  for (int64_t c = 0; c < 3; ++c)
    std::copy(picture.pixels.begin(), picture.pixels.end(), colour.plane(c).begin());
  return colour;
}

// The picture on the screen as the camera's pixels see it, with the room's light.
Image seen(const Image& picture, const PhonePhoto& p) {
  const PlacesOfRow places = places_of(p, picture.height, picture.width);
  Image photo = sample(in_colour(picture), places, picture.extent(), Border::edge);
  Places at;
  for (auto* axis : {&at.z, &at.y, &at.x}) axis->resize(static_cast<size_t>(picture.width));
  const double bottom = static_cast<double>(picture.height) - 0.5;
  const double right = static_cast<double>(picture.width) - 0.5;
  const double light[3] = {p.gain * p.red, p.gain, p.gain * p.blue};
  for (int64_t h = 0; h < picture.height; ++h) {
    places(0, h, at);
    for (int64_t w = 0; w < picture.width; ++w) {
      const double y = at.y[static_cast<size_t>(w)], x = at.x[static_cast<size_t>(w)];
      const bool on_screen = y >= -0.5 && y <= bottom && x >= -0.5 && x <= right;
      const double rows = std::cos(kTurn * y / p.screen_pitch);
      for (int64_t c = 0; c < 3; ++c) {
        float& value = photo.at(c, h, w);
        // What stripes and rows leave of the light, one on average.
        const double stripes = std::cos(kTurn * (x / p.screen_pitch - static_cast<double>(c) / 3));
        const double pattern = (1 + p.screen_depth * stripes) * (1 + p.screen_depth * rows / 2);
        const double shown = on_screen ? value * pattern * light[c] : kBezel;
        value = static_cast<float>(shown * (1 - p.haze) + p.haze);
      }
    }
  }
  return photo;
}

// What lens and lamps do.
void add_lights_(Image& photo, const PhonePhoto& p) {
  const double side = side_of(photo.height, photo.width);
  for (int64_t h = 0; h < photo.height; ++h) {
    for (int64_t w = 0; w < photo.width; ++w) {
      const double y =
          (static_cast<double>(h) + 0.5 - static_cast<double>(photo.height) / 2) / side;
      const double x = (static_cast<double>(w) + 0.5 - static_cast<double>(photo.width) / 2) / side;
      const auto dim = static_cast<float>(1 - p.vignette * 2 * (y * y + x * x));
      const double dy = (y - p.glare_y) / p.glare_size, dx = (x - p.glare_x) / p.glare_size;
      const auto lamp = static_cast<float>(p.glare * std::exp(-(dy * dy + dx * dx) / 2));
      for (int64_t c = 0; c < 3; ++c) {
        float& value = photo.at(c, h, w);
        value *= dim;
        value += lamp * std::max(0.0F, 1 - value);
      }
    }
  }
}

// The mean over a path of that length.
void move_hand_(Image& photo, double length, double angle) {
  const auto steps = static_cast<int64_t>(std::ceil(length));
  if (steps < 1) return;
  Image sum(photo.channels, photo.extent());
  for (int64_t k = 0; k <= steps; ++k) {
    const double along = length * (static_cast<double>(k) / static_cast<double>(steps) - 0.5);
    const Affine shift{.y0 = along * std::sin(angle), .x0 = along * std::cos(angle)};
    const Image moved = sample(photo, shift, photo.extent(), Border::edge);
    for (size_t i = 0; i < sum.pixels.size(); ++i)
      sum.pixels[i] += moved.pixels[i] / static_cast<float>(steps + 1);
  }
  photo = std::move(sum);
}

void add_sensor_noise_(Image& photo, const PhonePhoto& p) {
  std::vector<float> normal(photo.pixels.size(), 0.0F);
  add_normal_(normal, 1, static_cast<uint64_t>(p.noise_key));
  const auto shot = static_cast<float>(p.shot_noise * p.shot_noise);
  const auto read = static_cast<float>(p.read_noise * p.read_noise);
  for (size_t i = 0; i < normal.size(); ++i) {
    float& value = photo.pixels[i];
    value = std::clamp(value, 0.0F, 1.0F);
    value += std::sqrt(shot * value + read) * normal[i];
  }
}

}  // namespace

PhonePhoto draw_phone_photo(int64_t severity, Draws draws) {
  require(severity >= 1 && severity <= kMostSevere,
          "draw_phone_photo: the severity must be from 1 to {}, got {}", kMostSevere, severity);
  const double level = static_cast<double>(severity) / static_cast<double>(kMostSevere);
  const auto up_to = [&](double most) { return most * level * draws.uniform(0.5, 1); };
  const auto about = [&](double most) { return draws.chance(0.5) ? up_to(most) : -up_to(most); };
  PhonePhoto p{.severity = severity};
  for (double* inset : {&p.tl_y, &p.tl_x, &p.tr_y, &p.tr_x, &p.bl_y, &p.bl_x, &p.br_y, &p.br_x})
    *inset = 0.01 + level * draws.uniform(0, 0.1);
  p.screen_pitch = draws.uniform(0.9, 1.3);
  p.screen_depth = up_to(0.25);
  p.gain = 1 + about(0.3);
  p.red = 1 + about(0.15);
  p.blue = 1 + about(0.2);
  p.haze = up_to(0.15);
  p.vignette = up_to(0.5);
  p.glare = up_to(0.8);
  p.glare_y = draws.uniform(-0.4, 0.4);
  p.glare_x = draws.uniform(-0.4, 0.4);
  p.glare_size = draws.uniform(0.04, 0.15);
  p.blur = up_to(0.004);
  p.motion = up_to(0.015);
  p.motion_angle = draws.uniform(0, 180);
  p.shot_noise = up_to(0.05);
  p.read_noise = up_to(0.02);
  p.jpeg_quality = 95 - static_cast<int64_t>(up_to(70));
  p.noise_key = draws.bits();
  return p;
}

Image take_photo(const Image& picture, const PhonePhoto& p) {
  require((picture.channels == 1 || picture.channels == 3) && picture.depth == 1 &&
              picture.height > 1 && picture.width > 1,
          "take_photo: it must be a picture of 1 or 3 channels and two pixels or more a side, got "
          "{} channels of {} x {} x {}",
          picture.channels, picture.depth, picture.height, picture.width);
  const double side = side_of(picture.height, picture.width);
  Image photo = seen(picture, p);
  add_lights_(photo, p);
  blur_(photo, p.blur * side);
  move_hand_(photo, p.motion * side, p.motion_angle * std::numbers::pi / 180);
  add_sensor_noise_(photo, p);
  return through_jpeg(photo, static_cast<int>(p.jpeg_quality));
}

LabelMap take_photo(const LabelMap& mask, const PhonePhoto& p) {
  require(
      mask.depth == 1 && mask.height > 1 && mask.width > 1,
      "take_photo: the mask must be of a picture of two pixels or more a side, got {} x {} x {}",
      mask.depth, mask.height, mask.width);
  return sample(mask, places_of(p, mask.height, mask.width), mask.extent(), Border::zero);
}

std::string to_json(const PhonePhoto& photo) {
  auto json = nlohmann::ordered_json::object();
  PhonePhoto::fields(photo, [&](const char* name, const auto& value) { json[name] = value; });
  return json.dump();
}

PhonePhoto phone_photo_from_json(const std::string& text, const std::string& name) {
  const Json json = parse_json(text, name);
  PhonePhoto photo;
  PhonePhoto::fields(photo, [&](const char* key, auto& value) {
    value = field<std::remove_reference_t<decltype(value)>>(json, key, name);
  });
  require(photo.severity >= 0 && photo.severity <= kMostSevere && photo.screen_pitch > 0 &&
              photo.glare_size > 0 && photo.blur >= 0 && photo.blur < 0.1 && photo.motion >= 0 &&
              photo.motion < 1 && photo.jpeg_quality >= 1 && photo.jpeg_quality <= 100,
          "{}: it does not describe a photo: sizes must be positive and in shares of a side", name);
  return photo;
}

}  // namespace tessera::io
