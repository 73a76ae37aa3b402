#include "io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace tessera::io {

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), temporary_(path_) {
  // A rename would put a file in the place of a device such as /dev/null, for the whole machine.
  std::error_code unknown;
  const std::filesystem::file_status there = std::filesystem::status(path_, unknown);
  require(!std::filesystem::exists(there) || std::filesystem::is_regular_file(there),
          "save: {} is a folder or a device, which no file can replace; give another name",
          path_.string());
  temporary_ += fmt::format(".{}{}", ::getpid(), kPartExtension);
  file_ = ::open(temporary_.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) give_up("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::give_up(const char* what) {
  fail(fmt::format("save: {} {}: {}", path_.string(), what, std::strerror(errno)));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) give_up("cannot be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  if (::fsync(file_) != 0) give_up("cannot be flushed to the disk");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) give_up("cannot be replaced");
  ::close(file_);
  file_ = -1;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace tessera::io
