#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera::io {

// What stands around a deflate stream: nothing (as in zip files), or the header and checksum of
// gzip or of zlib (as in PNG).
enum class Wrapping { none, gzip, zlib };

// No deflate stream grows more than this when it is unpacked.
inline constexpr uint64_t kMaxInflation = 1032;

// Unpacks `packed`, which may be several gzip streams in a row; stops after `limit` bytes, so that
// a few bytes cannot fill the memory. Throws Error, beginning with `name`, when the stream is
// damaged, cut short, or its checksum is wrong (gzip).
std::string inflate(std::string_view packed, uint64_t limit, Wrapping wrapping,
                    const std::string& name);

// Packs `plain` as zlib does in its default effort. Both are done by libdeflate where that was
// there when tessera was built, several times as fast.
std::string deflate(std::string_view plain, Wrapping wrapping);

}  // namespace tessera::io
