#include "io/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.h"

namespace tessera::io {

namespace {

int window_bits(Wrapping wrapping) {
  if (wrapping == Wrapping::none) return -MAX_WBITS;
  return wrapping == Wrapping::gzip ? MAX_WBITS + 16 : MAX_WBITS;
}

// zlib counts in 32 bits: hands it the next piece of what is left.
uInt piece(size_t left) {
  return static_cast<uInt>(std::min<size_t>(left, std::numeric_limits<uInt>::max()));
}

Bytef* bytes_at(std::string& text, size_t position) {
  return reinterpret_cast<Bytef*>(text.data()) + position;
}

}  // namespace

std::string inflate(std::string_view packed, uint64_t limit, Wrapping wrapping,
                    const std::string& name) {
  z_stream stream{};
  require(inflateInit2(&stream, window_bits(wrapping)) == Z_OK, "{}: zlib has no memory", name);
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));

  std::string plain;
  size_t read = 0, written = 0;
  while (true) {
    if (written == plain.size() && written < limit) {
      plain.resize(std::min<uint64_t>(limit, std::max<uint64_t>(2 * written, 1 << 16)));
    }
    const uInt in = stream.avail_in = piece(packed.size() - read);
    const uInt out = stream.avail_out = piece(plain.size() - written);
    stream.next_out = bytes_at(plain, written);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (wrapping != Wrapping::gzip || read == packed.size()) break;
      inflateReset(&stream);
      continue;
    }
    if (status == Z_BUF_ERROR && written == limit) break;
    require(status != Z_BUF_ERROR, "{} is truncated: its compressed data end too early", name);
    require(status == Z_OK, "{}: its compressed data are damaged: {}", name,
            stream.msg ? stream.msg : "zlib gives up");
  }
  plain.resize(written);
  return plain;
}

std::string deflate(std::string_view plain, Wrapping wrapping) {
  z_stream stream{};
  require(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(wrapping), 8,
                       Z_DEFAULT_STRATEGY) == Z_OK,
          "deflate: zlib has no memory");
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> guard(&stream, deflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));

  std::string packed(std::max<size_t>(plain.size() / 4, 1 << 12), '\0');
  size_t read = 0, written = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (written == packed.size()) packed.resize(2 * packed.size());
    const uInt in = stream.avail_in = piece(plain.size() - read);
    const uInt out = stream.avail_out = piece(packed.size() - written);
    stream.next_out = bytes_at(packed, written);
    const bool last = in == plain.size() - read;
    status = ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  packed.resize(written);
  return packed;
}

}  // namespace tessera::io
