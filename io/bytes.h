#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tessera::io {

static_assert(std::endian::native == std::endian::little,
              "tensors are copied to files as they are");

// The contents of a regular file, or its first `limit` bytes. Throws Error when it cannot be read.
std::string read_file(const std::filesystem::path& path, uint64_t limit = ~uint64_t{0});

// The number whose first byte is at `bytes`, in the given order of bytes.
template <class T>
T number_at(const char* bytes, bool big_endian = false) {
  char ordered[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) ordered[i] = bytes[big_endian ? sizeof(T) - 1 - i : i];
  T number;
  std::memcpy(&number, ordered, sizeof(T));
  return number;
}

// The bytes of a number, little-endian.
template <class T>
std::string_view bytes_of(const T& number) {
  return {reinterpret_cast<const char*>(&number), sizeof(T)};
}

// Walks through bytes that nobody has checked. What would go beyond their end is an Error that
// begins with `name`.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

  std::string_view take(uint64_t count);
  std::string_view take_line();  // up to the next '\n', which is passed over
  template <class T>
  T number(bool big_endian = false) {
    return number_at<T>(take(sizeof(T)).data(), big_endian);
  }
  void seek(uint64_t position);

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  std::string name_;
};

}  // namespace tessera::io
