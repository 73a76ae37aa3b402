#include "io/tiff_pages.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

#ifdef TESSERA_TIFF
#include <tiffio.h>
#endif

namespace tessera::io {

bool is_tiff(std::string_view bytes) {
  using namespace std::string_view_literals;
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    if (bytes.starts_with(magic)) return true;
  }
  return false;
}

#ifndef TESSERA_TIFF

namespace {

[[noreturn]] void refuse(const std::string& name) {
  fail(name +
       ": this build cannot read or write TIFF; install libtiff (libtiff-dev) and build "
       "tessera again");
}

}  // namespace

bool tiff_supported() {
  return false;
}
TiffStack decode_tiff(std::string_view, const std::string& name) {
  refuse(name);
}
TiffStack decode_tiff_header(std::string_view, const std::string& name) {
  refuse(name);
}
std::string encode_tiff(const TiffStack&, bool, const std::string& name) {
  refuse(name);
}

#else

namespace {

using Kind = ElementType::Kind;

// No compression that is read makes a file smaller than this.
constexpr uint64_t kMaxPacking = 4096;

// A file in memory, as libtiff sees it.
struct Memory {
  std::string_view read = {};  // what is read
  std::string written = {};    // what was written
  bool writing = false;
  uint64_t position = 0;
  std::string complaint = {};  // the first one of libtiff

  uint64_t size() const { return writing ? written.size() : read.size(); }
};

tmsize_t read_bytes(thandle_t handle, void* to, tmsize_t size) {
  auto& memory = *static_cast<Memory*>(handle);
  const uint64_t left = memory.position < memory.size() ? memory.size() - memory.position : 0;
  const uint64_t count =
      std::min<uint64_t>(left, static_cast<uint64_t>(std::max<tmsize_t>(size, 0)));
  const char* from = memory.writing ? memory.written.data() : memory.read.data();
  if (count > 0) std::memcpy(to, from + memory.position, count);
  memory.position += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write_bytes(thandle_t handle, void* from, tmsize_t size) {
  auto& memory = *static_cast<Memory*>(handle);
  const auto count = static_cast<uint64_t>(size);
  if (!memory.writing) return 0;
  if (memory.position + count > memory.written.size()) {
    memory.written.resize(memory.position + count);
  }
  std::memcpy(memory.written.data() + memory.position, from, count);
  memory.position += count;
  return size;
}

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& memory = *static_cast<Memory*>(handle);
  const uint64_t base = whence == SEEK_SET   ? 0
                        : whence == SEEK_CUR ? memory.position
                                             : memory.size();
  memory.position = base + offset;
  return memory.position;
}

int close(thandle_t) {
  return 0;
}

toff_t size(thandle_t handle) {
  return static_cast<Memory*>(handle)->size();
}

// libtiff asks once for all of it, and reads no copy then.
int map(thandle_t handle, void** base, toff_t* size) {
  auto& memory = *static_cast<Memory*>(handle);
  if (memory.writing) return 0;
  *base = const_cast<char*>(memory.read.data());
  *size = memory.read.size();
  return 1;
}

void unmap(thandle_t, void*, toff_t) {}

void complain(thandle_t handle, const char*, const char* format, va_list arguments) {
  if (handle == nullptr) return;
  auto& memory = *static_cast<Memory*>(handle);
  if (!memory.complaint.empty()) return;
  char text[200];
  vsnprintf(text, sizeof(text), format, arguments);
  memory.complaint = text;
}

// An open file.
class Tiff {
 public:
  Tiff(Memory& memory, const char* mode, const std::string& name) : memory_(memory), name_(name) {
    // libtiff has one handler for all; what it gets says which file is meant.
    static const bool once = [] {
      TIFFSetErrorHandler(nullptr);
      TIFFSetWarningHandler(nullptr);
      TIFFSetErrorHandlerExt(complain);
      return true;
    }();
    static_cast<void>(once);
    file_ = TIFFClientOpen("memory", mode, &memory, read_bytes, write_bytes, seek, close, size, map,
                           unmap);
    check(file_ != nullptr);
  }
  ~Tiff() {
    if (file_ != nullptr) TIFFClose(file_);
  }
  Tiff(const Tiff&) = delete;
  Tiff& operator=(const Tiff&) = delete;

  TIFF* get() const { return file_; }
  void check(bool worked) const {
    require(worked, "{} is damaged or truncated: {}", name_,
            memory_.complaint.empty() ? "libtiff gives up" : memory_.complaint);
  }
  template <class T>
  T field(uint32_t tag, T otherwise) const {
    T value = otherwise;
    return TIFFGetFieldDefaulted(file_, tag, &value) == 1 ? value : otherwise;
  }
  void finish() {
    TIFFClose(file_);
    file_ = nullptr;
  }

 private:
  Memory& memory_;
  std::string name_;
  TIFF* file_ = nullptr;
};

// How the samples of the page at hand are stored.
struct Page {
  int64_t height, width, channels, bits;
  int photometric, compression;
  bool planar;
  ElementType type;

  bool operator==(const Page& other) const {
    return height == other.height && width == other.width && channels == other.channels &&
           bits == other.bits && type == other.type;
  }
};

Page page_of(const Tiff& tiff, const std::string& name) {
  Page page{};
  page.height = tiff.field<uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  page.width = tiff.field<uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  page.channels = tiff.field<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  page.bits = tiff.field<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  page.photometric = tiff.field<uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  page.compression = tiff.field<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  page.planar =
      page.channels > 1 &&
      tiff.field<uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  require(page.height > 0 && page.width > 0 && 1 <= page.channels && page.channels <= 64,
          "{}: pages must have pixels and 1 to 64 channels, got {}x{} with {}", name, page.width,
          page.height, page.channels);
  switch (page.compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_LZW:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
      break;
    case COMPRESSION_JPEG:
      TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      break;
    default:
      require(false, "{}: TIFF compression {} cannot be read; PackBits, LZW, deflate and JPEG can",
              name, page.compression);
  }
  require(page.photometric != PHOTOMETRIC_YCBCR || page.compression == COMPRESSION_JPEG,
          "{}: colours as YCbCr can only be read from JPEG", name);
  const int format = tiff.field<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  const bool floating = format == SAMPLEFORMAT_IEEEFP;
  page.type = {floating                     ? Kind::floating
               : format == SAMPLEFORMAT_INT ? Kind::signed_integer
                                            : Kind::unsigned_integer,
               static_cast<uint8_t>(std::max<int64_t>(page.bits / 8, 1))};
  const bool known = page.bits == 16 || page.bits == 32 || page.bits == 64 ||
                     (page.bits == 8 && !floating) ||
                     (page.bits == 1 && page.channels == 1 && format == SAMPLEFORMAT_UINT);
  require(known && format <= SAMPLEFORMAT_IEEEFP,
          "{}: {} channels of {} bits (sample format {}) cannot be read", name, page.channels,
          page.bits, format);
  return page;
}

// One plane of a page (all channels, if they stand side by side), row by row: [H, row_bytes].
void read_plane(const Tiff& tiff, const Page& page, uint16_t plane, uint64_t limit,
                const std::string& name, std::string& out) {
  const int64_t side_by_side = page.planar ? 1 : page.channels;
  const int64_t row_bytes = (page.width * side_by_side * page.bits + 7) / 8;
  const bool tiled = TIFFIsTiled(tiff.get()) != 0;
  const int64_t block_height =
      tiled
          ? tiff.field<uint32_t>(TIFFTAG_TILELENGTH, 0)
          : std::min<int64_t>(tiff.field<uint32_t>(TIFFTAG_ROWSPERSTRIP, 0xffffffff), page.height);
  const int64_t block_width = tiled ? tiff.field<uint32_t>(TIFFTAG_TILEWIDTH, 0) : page.width;
  const int64_t block_row = (block_width * side_by_side * page.bits + 7) / 8;
  const bool sane = block_height > 0 && block_width > 0 &&
                    static_cast<uint64_t>(block_height) <= limit / static_cast<uint64_t>(block_row);
  require(sane, "{} is damaged: a block of {}x{} pixels does not fit", name, block_width,
          block_height);
  std::string block(static_cast<size_t>(block_height * block_row), '\0');
  out.resize(static_cast<size_t>(page.height * row_bytes));
  for (int64_t top = 0; top < page.height; top += block_height) {
    const int64_t rows = std::min(block_height, page.height - top);
    for (int64_t left = 0; left < page.width; left += block_width) {
      const int64_t columns = std::min(block_width, page.width - left);
      const int64_t bytes = (tiled ? block_height : rows) * block_row;
      tmsize_t got = 0;
      if (tiled) {
        const uint32_t tile = TIFFComputeTile(tiff.get(), static_cast<uint32_t>(left),
                                              static_cast<uint32_t>(top), 0, plane);
        got = TIFFReadEncodedTile(tiff.get(), tile, block.data(), bytes);
      } else {
        const uint32_t strip = TIFFComputeStrip(tiff.get(), static_cast<uint32_t>(top), plane);
        got = TIFFReadEncodedStrip(tiff.get(), strip, block.data(), bytes);
      }
      tiff.check(got == bytes);
      const int64_t copied = (columns * side_by_side * page.bits + 7) / 8;
      for (int64_t row = 0; row < rows; ++row) {
        std::copy_n(block.data() + row * block_row, copied,
                    out.data() + (top + row) * row_bytes + left * side_by_side * page.bits / 8);
      }
    }
  }
}

// Appends the samples of the page at hand to `out` as [H, W, C] numbers.
void read_page(const Tiff& tiff, const Page& page, uint64_t limit, const std::string& name,
               std::string& out) {
  std::string plane;
  const size_t begin = out.size();
  const auto pixels = static_cast<size_t>(page.height * page.width);
  const auto size = static_cast<size_t>(page.type.size),
             channels = static_cast<size_t>(page.channels);
  if (page.planar) {
    out.resize(begin + pixels * channels * size);
    for (size_t c = 0; c < channels; ++c) {
      read_plane(tiff, page, static_cast<uint16_t>(c), limit, name, plane);
      for (size_t i = 0; i < pixels; ++i) {
        std::copy_n(plane.data() + i * size, size, out.data() + begin + (i * channels + c) * size);
      }
    }
  } else {
    read_plane(tiff, page, 0, limit, name, plane);
    if (page.bits == 1) {
      const auto row_bytes = static_cast<size_t>((page.width + 7) / 8);
      for (size_t i = 0; i < pixels; ++i) {
        const size_t h = i / static_cast<size_t>(page.width),
                     w = i % static_cast<size_t>(page.width);
        out += static_cast<char>(plane[h * row_bytes + w / 8] >> (7 - w % 8) & 1);
      }
    } else {
      out += plane;
    }
  }
  if (page.photometric != PHOTOMETRIC_MINISWHITE || page.type.kind != Kind::unsigned_integer)
    return;
  for (size_t i = begin; i < out.size(); ++i) {
    out[i] = static_cast<char>(page.bits == 1 ? 1 - out[i] : ~out[i]);
  }
}

std::vector<uint8_t> palette_of(const Tiff& tiff, const Page& page) {
  uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  const bool indexed = page.photometric == PHOTOMETRIC_PALETTE && page.bits == 8;
  if (!indexed || TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &red, &green, &blue) != 1) return {};
  std::vector<uint8_t> palette;
  constexpr int kColours = 256;
  for (int i = 0; i < kColours; ++i) {
    for (const uint16_t* channel : {red, green, blue}) {
      palette.push_back(static_cast<uint8_t>(channel[i] >> 8));
    }
  }
  return palette;
}

TiffStack read_stack(std::string_view bytes, const std::string& name, bool samples) {
  require(is_tiff(bytes), "{} is not a TIFF file", name);
  Memory memory{.read = bytes};
  const Tiff tiff(memory, "r", name);
  const Page first = page_of(tiff, name);
  TiffStack stack{.height = first.height,
                  .width = first.width,
                  .channels = first.channels,
                  .type = first.type,
                  .palette = palette_of(tiff, first),
                  .lossy = first.compression == COMPRESSION_JPEG};
  stack.white = (int64_t{1} << std::min<int64_t>(first.bits, 32)) - 1;
  if (const char* text = tiff.field<const char*>(TIFFTAG_IMAGEDESCRIPTION, nullptr)) {
    stack.description = text;
  }
  stack.x_resolution = tiff.field<float>(TIFFTAG_XRESOLUTION, 0);
  stack.y_resolution = tiff.field<float>(TIFFTAG_YRESOLUTION, 0);
  stack.per_centimetre = tiff.field<uint16_t>(TIFFTAG_RESOLUTIONUNIT, 0) == RESUNIT_CENTIMETER;
  uint64_t left = bytes.size() * kMaxPacking;
  do {
    constexpr uint32_t kPassedOver = FILETYPE_REDUCEDIMAGE | FILETYPE_MASK;
    if (stack.pages > 0 && (tiff.field<uint32_t>(TIFFTAG_SUBFILETYPE, 0) & kPassedOver) != 0) {
      continue;
    }
    const Page page = page_of(tiff, name);
    require(page == first,
            "{}: all pages must have the size and type of the first one, {}x{}, got "
            "{}x{} in page {}",
            name, first.width, first.height, page.width, page.height, stack.pages + 1);
    // Not even an empty page takes no room.
    const uint64_t packing = page.compression == COMPRESSION_NONE ? 1 : kMaxPacking;
    const auto pixel = static_cast<uint64_t>(page.channels) * page.type.size;
    const uint64_t limit = std::min(left, bytes.size() * packing * (page.bits == 1 ? 8 : 1));
    const bool fits =
        static_cast<uint64_t>(page.width) <= limit / pixel &&
        static_cast<uint64_t>(page.height) <= limit / pixel / static_cast<uint64_t>(page.width);
    require(fits, "{} is truncated: {} bytes cannot hold {}x{} pixels of {} bytes", name,
            bytes.size(), page.width, page.height, pixel);
    left -= static_cast<uint64_t>(page.width) * static_cast<uint64_t>(page.height) * pixel;
    if (samples) read_page(tiff, page, bytes.size() * kMaxPacking, name, stack.bytes);
    ++stack.pages;
  } while (TIFFReadDirectory(tiff.get()) == 1);
  tiff.check(memory.complaint.empty());  // or a damaged page would be the last one
  return stack;
}

}  // namespace

bool tiff_supported() {
  return true;
}

TiffStack decode_tiff(std::string_view bytes, const std::string& name) {
  return read_stack(bytes, name, true);
}

TiffStack decode_tiff_header(std::string_view bytes, const std::string& name) {
  return read_stack(bytes, name, false);
}

std::string encode_tiff(const TiffStack& stack, bool compress, const std::string& name) {
  constexpr uint64_t kLargest = 4'000'000'000;  // beyond which 32-bit places in the file end
  Memory memory{.writing = true};
  Tiff tiff(memory, stack.bytes.size() > kLargest ? "w8" : "w", name);
  const auto page_bytes =
      static_cast<tmsize_t>(stack.height * stack.width * stack.channels * stack.type.size);
  const bool colours = stack.channels >= 3;
  for (int64_t page = 0; page < stack.pages; ++page) {
    const auto set = [&](uint32_t tag, auto... values) {
      tiff.check(TIFFSetField(tiff.get(), tag, values...) == 1);
    };
    set(TIFFTAG_IMAGEWIDTH, static_cast<uint32_t>(stack.width));
    set(TIFFTAG_IMAGELENGTH, static_cast<uint32_t>(stack.height));
    set(TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(stack.channels));
    set(TIFFTAG_BITSPERSAMPLE, 8 * stack.type.size);
    set(TIFFTAG_SAMPLEFORMAT, stack.type.kind == Kind::floating         ? SAMPLEFORMAT_IEEEFP
                              : stack.type.kind == Kind::signed_integer ? SAMPLEFORMAT_INT
                                                                        : SAMPLEFORMAT_UINT);
    set(TIFFTAG_PHOTOMETRIC, colours ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    set(TIFFTAG_COMPRESSION, compress ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_NONE);
    set(TIFFTAG_ROWSPERSTRIP, static_cast<uint32_t>(stack.height));
    if (stack.channels % 2 == 0) {
      uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
      set(TIFFTAG_EXTRASAMPLES, 1, &alpha);
    }
    if (stack.x_resolution > 0 && stack.y_resolution > 0) {
      set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
      set(TIFFTAG_XRESOLUTION, stack.x_resolution);
      set(TIFFTAG_YRESOLUTION, stack.y_resolution);
    }
    if (page == 0 && !stack.description.empty()) {
      set(TIFFTAG_IMAGEDESCRIPTION, stack.description.c_str());
    }
    auto* samples = const_cast<char*>(stack.bytes.data()) + page * page_bytes;
    tiff.check(TIFFWriteEncodedStrip(tiff.get(), 0, samples, page_bytes) == page_bytes);
    tiff.check(TIFFWriteDirectory(tiff.get()) == 1);
  }
  tiff.finish();
  return std::move(memory.written);
}

#endif

}  // namespace tessera::io
