#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace tessera::io {

// Of the name that a file has until it is complete; a killed program leaves it behind.
inline constexpr const char* kPartExtension = ".part";

// A file that appears under its name only when it is complete: written beside it, flushed to the
// disk, then renamed over it. Without commit() nothing remains.
class AtomicFile {
 public:
  // Throws Error when `path` is something else than a file: a folder, a device, a pipe.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();  // throws Error when the disk is full or the folder cannot be written

 private:
  [[noreturn]] void give_up(const char* what);
  std::filesystem::path path_, temporary_;
  int file_ = -1;
};

// Writes a whole file this way.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace tessera::io
