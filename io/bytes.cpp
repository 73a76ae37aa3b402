#include "io/bytes.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"

namespace tessera::io {

std::string read_file(const std::filesystem::path& path, uint64_t limit) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);  // fails for what is not a file
  std::ifstream file(path, std::ios::binary);
  require(!error && file.good() && std::filesystem::is_regular_file(path, error),
          "load: {} cannot be opened", path.string());
  std::string text;
  try {
    text.resize(std::min<uint64_t>(size, limit));
  } catch (const std::exception&) {
    fail(fmt::format("load: {} is too large for the memory: {} GiB", path.string(), size >> 30));
  }
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  require(file.good(), "load: {} cannot be read", path.string());
  return text;
}

std::string_view ByteReader::take(uint64_t count) {
  require(count <= left(), "{} is truncated: {} bytes expected at byte {}, {} left", name_, count,
          position_, left());
  const std::string_view taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

std::string_view ByteReader::take_line() {
  const size_t end = bytes_.find('\n', position_);
  require(end != std::string_view::npos, "{} is truncated: a line at byte {} does not end", name_,
          position_);
  const std::string_view line = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return line;
}

void ByteReader::seek(uint64_t position) {
  require(position <= bytes_.size(), "{} is truncated: it ends before byte {}", name_, position);
  position_ = position;
}

}  // namespace tessera::io
