#include "io/png.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "io/bytes.h"
#include "io/deflate.h"

namespace tessera::io {

namespace {

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);

uint32_t checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

struct PngHeader {
  int64_t width = 0, height = 0;
  int bits = 0, colour = 0;
  bool interlaced = false;

  bool indexed() const { return colour == 3; }
  int64_t channels() const {
    constexpr std::array<int64_t, 7> channels = {1, 0, 3, 1, 2, 0, 4};
    return channels[static_cast<size_t>(colour)];
  }
  Picture picture() const {
    return {.height = height,
            .width = width,
            .channels = channels(),
            .white = (int64_t{1} << bits) - 1};
  }
  int64_t row_bytes(int64_t pixels) const { return (pixels * channels() * bits + 7) / 8; }
};

// Walks over the chunks of a file.
class Chunks {
 public:
  Chunks(std::string_view bytes, const std::string& name) : reader_(bytes, name) {
    require(is_png(bytes), "{} is not a PNG file", name);
    reader_.seek(kSignature.size());
  }

  // Moves to the next chunk.
  void next() {
    const auto length = reader_.number<uint32_t>(true);
    const std::string_view both = reader_.take(uint64_t{length} + 4);
    require(reader_.number<uint32_t>(true) == checksum(both),
            "{} is damaged: a PNG chunk has a wrong checksum", reader_.name());
    type = both.substr(0, 4);
    data = both.substr(4);
  }

  std::string_view type, data;

 private:
  ByteReader reader_;
};

PngHeader read_header(Chunks& chunks, const std::string& name) {
  chunks.next();
  require(chunks.type == "IHDR" && chunks.data.size() == 13, "{}: the PNG header is damaged", name);
  const char* numbers = chunks.data.data();
  const auto* data = reinterpret_cast<const uint8_t*>(numbers);
  PngHeader header;
  header.width = number_at<uint32_t>(numbers, true);
  header.height = number_at<uint32_t>(numbers + 4, true);
  header.bits = data[8];
  header.colour = data[9];
  header.interlaced = data[12] == 1;
  require_size(header.height, header.width, name);
  const int bits = header.bits, colour = header.colour;
  const bool small = bits == 1 || bits == 2 || bits == 4;
  const bool fits =
      (small && (colour == 0 || colour == 3)) || (bits == 16 && colour != 3) || bits == 8;
  require(fits && (colour == 0 || colour == 2 || colour == 3 || colour == 4 || colour == 6),
          "{}: PNG colour type {} of {} bits does not exist", name, colour, bits);
  require(data[10] == 0 && data[11] == 0 && (data[12] == 0 || data[12] == 1),
          "{}: PNG compression, filter or interlace method is unknown", name);
  return header;
}

// The palette, which stands before the pixels.
std::vector<uint8_t> read_palette(Chunks& chunks, const std::string& name) {
  for (chunks.next(); chunks.type != "PLTE"; chunks.next())
    require(chunks.type != "IDAT" && chunks.type != "IEND", "{}: the PNG palette is missing", name);
  require(chunks.data.size() % 3 == 0 && !chunks.data.empty() && chunks.data.size() <= 768,
          "{}: the PNG palette is damaged", name);
  return {chunks.data.begin(), chunks.data.end()};
}

// One of the pictures an interlaced PNG consists of: pixels (y + i dy, x + j dx).
struct Pass {
  int64_t y, x, dy, dx;
  int64_t height(const PngHeader& header) const { return (header.height - y + dy - 1) / dy; }
  int64_t width(const PngHeader& header) const { return (header.width - x + dx - 1) / dx; }
};

std::span<const Pass> passes(const PngHeader& header) {
  static constexpr Pass whole[] = {{0, 0, 1, 1}};
  static constexpr Pass adam7[] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                   {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
  if (header.interlaced) return adam7;
  return whole;
}

std::string inflate_rows(const std::string& packed, const PngHeader& header,
                         const std::string& name) {
  int64_t bytes = 0;
  for (const Pass& pass : passes(header)) {
    const int64_t width = pass.width(header);
    if (width > 0) bytes += pass.height(header) * (1 + header.row_bytes(width));
  }
  require(bytes / static_cast<int64_t>(kMaxInflation) <= static_cast<int64_t>(packed.size()),
          "{} is damaged: {} bytes cannot hold {}x{} pixels", name, packed.size(), header.width,
          header.height);
  std::string rows = inflate(packed, static_cast<uint64_t>(bytes), Wrapping::zlib, name);
  require(std::ssize(rows) == bytes, "{} is truncated: its pixels have {} bytes, expected {}", name,
          rows.size(), bytes);
  return rows;
}

// Undoes the filter of one row in place; `above` is the row before, `step` the bytes of a pixel.
void unfilter(int filter, std::span<uint8_t> row, std::span<const uint8_t> above, size_t step,
              const std::string& name) {
  require(filter <= 4, "{} is damaged: a PNG row has filter {}", name, filter);
  for (size_t i = 0; i < row.size(); ++i) {
    const int left = i < step ? 0 : row[i - step];
    const int up = above.empty() ? 0 : above[i];
    const int corner = i < step || above.empty() ? 0 : above[i - step];
    int guess = 0;
    if (filter == 1) guess = left;
    if (filter == 2) guess = up;
    if (filter == 3) guess = (left + up) / 2;
    if (filter == 4) {
      const int p = left + up - corner;
      const int a = std::abs(p - left), b = std::abs(p - up), c = std::abs(p - corner);
      guess = a <= b && a <= c ? left : b <= c ? up : corner;
    }
    row[i] = static_cast<uint8_t>(row[i] + guess);
  }
}

// Sample i of a row.
uint16_t sample_of(std::span<const uint8_t> row, int bits, int64_t i) {
  if (bits == 16) return static_cast<uint16_t>(row[i * 2] << 8 | row[i * 2 + 1]);
  const int64_t bit = i * bits;
  const int shift = 8 - bits - static_cast<int>(bit % 8);
  return static_cast<uint16_t>(row[bit / 8] >> shift & ((1 << bits) - 1));
}

void unpack(std::string& rows, const PngHeader& header, Picture& picture, const std::string& name) {
  const int64_t channels = header.channels();
  const auto step = static_cast<size_t>(std::max<int64_t>(channels * header.bits / 8, 1));
  std::span<uint8_t> rest(reinterpret_cast<uint8_t*>(rows.data()), rows.size());
  for (const Pass& pass : passes(header)) {
    const int64_t height = pass.height(header), width = pass.width(header);
    if (width == 0) continue;
    const auto row_bytes = static_cast<size_t>(header.row_bytes(width));
    std::span<const uint8_t> above;
    for (int64_t i = 0; i < height; ++i) {
      const std::span<uint8_t> row = rest.subspan(1, row_bytes);
      unfilter(rest[0], row, above, step, name);
      uint16_t* line = picture.samples.data() + (pass.y + i * pass.dy) * header.width * channels;
      for (int64_t j = 0; j < width; ++j)
        for (int64_t c = 0; c < channels; ++c)
          line[(pass.x + j * pass.dx) * channels + c] =
              sample_of(row, header.bits, j * channels + c);
      above = row;
      rest = rest.subspan(1 + row_bytes);
    }
  }
}

// `value` with its highest byte first, as all numbers in a PNG are.
std::string number(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(std::string_view type, std::string_view data) {
  const std::string both = std::string(type) + std::string(data);
  return number(static_cast<uint32_t>(data.size())) + both + number(checksum(both));
}

}  // namespace

bool is_png(std::string_view bytes) {
  return bytes.starts_with(kSignature);
}

Picture decode_png_header(std::string_view bytes, const std::string& name) {
  Chunks chunks(bytes, name);
  const PngHeader header = read_header(chunks, name);
  Picture picture = header.picture();
  if (header.indexed()) picture.palette = read_palette(chunks, name);
  return picture;
}

Picture decode_png(std::string_view bytes, const std::string& name) {
  Chunks chunks(bytes, name);
  const PngHeader header = read_header(chunks, name);
  Picture picture = header.picture();
  if (header.indexed()) picture.palette = read_palette(chunks, name);
  std::string packed;
  for (chunks.next(); chunks.type != "IEND"; chunks.next())
    if (chunks.type == "IDAT") packed += chunks.data;

  std::string rows = inflate_rows(packed, header, name);
  picture.samples.resize(static_cast<size_t>(picture.height * picture.width * picture.channels));
  unpack(rows, header, picture, name);
  if (header.indexed()) {
    const uint16_t last = *std::max_element(picture.samples.begin(), picture.samples.end());
    require(last < picture.palette.size() / 3,
            "{}: a pixel has colour {} of a PNG palette of {} colours", name, last,
            picture.palette.size() / 3);
  }
  return picture;
}

std::string encode_png(const Picture& picture) {
  const bool wide = picture.white > 255;
  const bool indexed = !picture.palette.empty();
  constexpr std::array<uint8_t, 5> colours = {0, 0, 4, 2, 6};
  const auto channels = static_cast<size_t>(picture.channels);
  const uint8_t colour = indexed ? 3 : colours[channels];

  std::string header =
      number(static_cast<uint32_t>(picture.width)) + number(static_cast<uint32_t>(picture.height));
  for (const int field : {wide ? 16 : 8, static_cast<int>(colour), 0, 0, 0})
    header += static_cast<char>(field);

  // Filter "up" suits pictures; rows of indices compress best as they are.
  const size_t row_bytes = static_cast<size_t>(picture.width) * channels * (wide ? 2 : 1);
  const auto rows = static_cast<size_t>(picture.height);
  std::string plain(rows * (1 + row_bytes), '\0');
  std::vector<uint8_t> above(row_bytes, 0), row(row_bytes);
  const uint16_t* sample = picture.samples.data();
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < row_bytes; ++sample) {
      if (wide) row[j++] = static_cast<uint8_t>(*sample >> 8);
      row[j++] = static_cast<uint8_t>(*sample);
    }
    char* line = plain.data() + i * (1 + row_bytes);
    line[0] = indexed ? 0 : 2;
    for (size_t j = 0; j < row_bytes; ++j)
      line[1 + j] = static_cast<char>(indexed ? row[j] : row[j] - above[j]);
    std::swap(row, above);
  }
  std::string file(kSignature);
  file += chunk("IHDR", header);
  if (indexed) {
    const auto* palette = reinterpret_cast<const char*>(picture.palette.data());
    file += chunk("PLTE", {palette, picture.palette.size()});
  }
  return file + chunk("IDAT", deflate(plain, Wrapping::zlib)) + chunk("IEND", {});
}

}  // namespace tessera::io
