#include "io/deflate.h"

#include <zlib.h>
#ifdef TESSERA_LIBDEFLATE
#include <libdeflate.h>
#endif

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

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

#ifdef TESSERA_LIBDEFLATE

// The whole of `packed`, when that is at most `limit` bytes; nothing when it is more or damaged, of
// which zlib says what is wrong.
std::optional<std::string> inflate_at_once(std::string_view packed, uint64_t limit,
                                           Wrapping wrapping) {
  if (limit / kMaxInflation > packed.size()) return {};  // memory for what cannot be there
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> machine(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (machine == nullptr) return {};
  const auto unpack = wrapping == Wrapping::none   ? libdeflate_deflate_decompress_ex
                      : wrapping == Wrapping::gzip ? libdeflate_gzip_decompress_ex
                                                   : libdeflate_zlib_decompress_ex;
  std::string plain(limit, '\0');
  size_t written = 0;
  do {
    size_t in = 0, out = 0;
    const libdeflate_result result =
        unpack(machine.get(), packed.data(), packed.size(), plain.data() + written,
               plain.size() - written, &in, &out);
    if (result != LIBDEFLATE_SUCCESS) return {};
    packed.remove_prefix(in);
    written += out;
  } while (wrapping == Wrapping::gzip && !packed.empty());
  plain.resize(written);
  return plain;
}

// Packed as well as zlib does in its default effort, in a third of the time.
std::optional<std::string> deflate_at_once(std::string_view plain, Wrapping wrapping) {
  constexpr int kEffort = 6;
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> machine(
      libdeflate_alloc_compressor(kEffort), libdeflate_free_compressor);
  if (machine == nullptr) return {};
  const auto bound = wrapping == Wrapping::none   ? libdeflate_deflate_compress_bound
                     : wrapping == Wrapping::gzip ? libdeflate_gzip_compress_bound
                                                  : libdeflate_zlib_compress_bound;
  const auto pack = wrapping == Wrapping::none   ? libdeflate_deflate_compress
                    : wrapping == Wrapping::gzip ? libdeflate_gzip_compress
                                                 : libdeflate_zlib_compress;
  std::string packed(bound(machine.get(), plain.size()), '\0');
  packed.resize(pack(machine.get(), plain.data(), plain.size(), packed.data(), packed.size()));
  return packed;
}

#else

std::optional<std::string> inflate_at_once(std::string_view, uint64_t, Wrapping) {
  return {};
}
std::optional<std::string> deflate_at_once(std::string_view, Wrapping) {
  return {};
}

#endif

}  // namespace

std::string inflate(std::string_view packed, uint64_t limit, Wrapping wrapping,
                    const std::string& name) {
  if (auto whole = inflate_at_once(packed, limit, wrapping)) return *std::move(whole);
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
  if (auto whole = deflate_at_once(plain, wrapping)) return *std::move(whole);
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
