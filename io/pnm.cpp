#include "io/pnm.h"

#include <fmt/format.h>

#include "core/error.h"

namespace tessera::io {

namespace {

// Reads the text parts of a Netpbm file: numbers between white space, with # comments.
class PnmReader {
 public:
  PnmReader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {
    require(is_pnm(bytes), "{} is not a PGM or PPM file", name);
    kind = bytes[1];
    bytes_.remove_prefix(2);
  }

  int64_t number() {
    while (!bytes_.empty() && (is_space(peek()) || peek() == '#')) {
      if (peek() == '#') {
        while (!bytes_.empty() && peek() != '\n') skip();
      } else {
        skip();
      }
    }
    require(!bytes_.empty(), "{} is truncated: a number is missing", name_);
    require(is_digit(peek()), "{} is damaged: a number must stand where '{}' is", name_,
            is_space(peek()) ? ' ' : peek());
    int64_t value = 0;
    for (; !bytes_.empty() && is_digit(peek()) && value < Picture::max_pixels; skip())
      value = value * 10 + (peek() - '0');
    return value;
  }

  void skip() { bytes_.remove_prefix(bytes_.empty() ? 0 : 1); }
  std::string_view rest() const { return bytes_; }

  char kind;  // '2' grey text, '3' RGB text, '5' grey bytes, '6' RGB bytes

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  char peek() const { return bytes_[0]; }

  std::string_view bytes_;
  const std::string& name_;
};

Picture read_header(PnmReader& reader, const std::string& name) {
  Picture picture;
  picture.channels = reader.kind == '3' || reader.kind == '6' ? 3 : 1;
  picture.width = reader.number();
  picture.height = reader.number();
  picture.white = reader.number();
  require_size(picture.height, picture.width, name);
  require(picture.white > 0 && picture.white <= 65535,
          "{}: the largest value must be from 1 to 65535, got {}", name, picture.white);
  return picture;
}

}  // namespace

bool is_pnm(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != 'P') return false;
  return std::string_view("2356").find(bytes[1]) != std::string_view::npos;
}

Picture decode_pnm_header(std::string_view bytes, const std::string& name) {
  PnmReader reader(bytes, name);
  return read_header(reader, name);
}

Picture decode_pnm(std::string_view bytes, const std::string& name) {
  PnmReader reader(bytes, name);
  Picture picture = read_header(reader, name);
  const auto count = static_cast<size_t>(picture.height * picture.width * picture.channels);
  const bool text = reader.kind == '2' || reader.kind == '3';
  const size_t sample_bytes = !text && picture.white > 255 ? 2 : 1;
  // A sample as text has a digit and a space, but for the last one.
  const size_t least = text ? count * 2 - 1 : count * sample_bytes;
  reader.skip();  // the single white space that ends the header
  const std::string_view samples = reader.rest();
  require(samples.size() >= least, "{} is truncated: {}x{} pixels need {} bytes, got {}", name,
          picture.width, picture.height, least, samples.size());

  picture.samples.resize(count);
  for (size_t i = 0; i < count; ++i) {
    int64_t sample = 0;
    if (text) {
      sample = reader.number();
    } else {
      for (size_t b = 0; b < sample_bytes; ++b)
        sample = sample << 8 | static_cast<uint8_t>(samples[i * sample_bytes + b]);
    }
    require(sample <= picture.white, "{} is damaged: a sample is {}, above the largest value {}",
            name, sample, picture.white);
    picture.samples[i] = static_cast<uint16_t>(sample);
  }
  return picture;
}

std::string encode_pnm(const Picture& picture) {
  require(picture.channels == 1 || picture.channels == 3,
          "encode_pnm: pictures must have 1 or 3 channels, got {}", picture.channels);
  std::string file = fmt::format("P{}\n{} {}\n{}\n", picture.channels == 1 ? 5 : 6, picture.width,
                                 picture.height, picture.white);
  for (const uint16_t sample : picture.samples) {
    if (picture.white > 255) file += static_cast<char>(sample >> 8);
    file += static_cast<char>(sample);
  }
  return file;
}

}  // namespace tessera::io
