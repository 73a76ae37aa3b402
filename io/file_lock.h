#pragma once

#include <filesystem>

namespace tessera::io {

// Keeps two programs from working on the same files: while one of these lives, nobody else can have
// one for the same path. The file stays, empty, but what ends the program ends the lock.
class FileLock {
 public:
  // Throws Error beginning with `busy` when another one has it, and naming the file when it cannot
  // be made. Where a file system has no locks, there is none.
  FileLock(const std::filesystem::path& path, const char* busy);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace tessera::io
