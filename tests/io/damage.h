#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace tessera::testing {

// A file of its own for one test, in the folder for temporary files; removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& bytes) const;
  std::string read() const;

 private:
  std::filesystem::path path_;
};

// Whether the address or the thread sanitizer watches: they stop at huge allocations and keep freed
// memory.
bool sanitized();

// A file of tests/data/io/.
std::filesystem::path fixture(const std::string& name);
std::string bytes_of_file(const std::filesystem::path& path);

// `read(path)` must throw an Error that names the file and contains `reason`.
void check_refused(const TemporaryFile& file, const std::string& bytes,
                   const std::function<void(const std::filesystem::path&)>& read,
                   const std::string& reason);

// Writes `trials` damaged versions of `good` (cut short, bits and bytes changed, numbers set to
// extremes, pieces removed, repeated or inserted; the same ones every time) and reads each: the
// outcome must be a value or an Error that names the file, and the process must not take 64 MiB
// more memory than before. `repair` may mend checksums, so that the damage gets past them.
void check_survives_damage(const std::string& good, const TemporaryFile& file,
                           const std::function<void(const std::filesystem::path&)>& read,
                           int trials = 3000, const std::function<void(std::string&)>& repair = {});

}  // namespace tessera::testing
