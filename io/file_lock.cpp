#include "io/file_lock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace tessera::io {

FileLock::FileLock(const std::filesystem::path& path, const char* busy)
    : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  require(file_ >= 0, "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  if (flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(file_);
    fail(fmt::format("{}: {} is locked by another program", busy, path.string()));
  }
}

FileLock::~FileLock() {
  close(file_);
}

}  // namespace tessera::io
