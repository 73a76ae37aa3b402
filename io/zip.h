#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "io/atomic_file.h"

namespace tessera::io {

// The files inside a zip (APPNOTE 6.3; stored or deflated, zip64), in memory. Nothing is ever
// extracted to the disk. Everything is checked: sizes against the length of the file and against
// what deflate can do, members against each other (none overlap, none is named twice), contents
// against their CRC-32.
class ZipReader {
 public:
  // Reads the directory of the zip `bytes`, which must outlive this. `name` begins the messages of
  // errors. Throws Error when the file is damaged, encrypted or split, or when its members are
  // larger than `limit` bytes in all.
  ZipReader(std::string_view bytes, std::string name, uint64_t limit = kMaxUnpacked);

  struct Member {
    bool deflated = false;
    uint32_t crc = 0;
    uint64_t size = 0;         // unpacked
    std::string_view content;  // as it is in the file
  };
  const std::map<std::string, Member>& members() const { return members_; }
  bool contains(const std::string& member) const { return members_.count(member) > 0; }

  // The unpacked contents. Throws Error when there is no such member or its data are damaged.
  std::string read(const std::string& member) const;
  // The same without a copy where none is needed: a view of the zip, or else of `buffer`.
  std::string_view view(const std::string& member, std::string& buffer) const;

  static constexpr uint64_t kMaxUnpacked = uint64_t{16} << 30;

 private:
  std::string_view bytes_;
  std::string name_;
  std::map<std::string, Member> members_;
};

// Whether these bytes begin as a zip does.
bool is_zip(std::string_view bytes);

// Writes a zip with 64-bit sizes; it appears whole, at commit(), or not at all.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path) : file_(path) {}
  void add(const std::string& member, std::string_view content, bool deflated = false);
  void commit();

 private:
  void write(std::string_view bytes);
  AtomicFile file_;
  std::string directory_;
  uint64_t position_ = 0, members_ = 0;
};

}  // namespace tessera::io
