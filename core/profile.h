#pragma once

#include <memory>
#include <string>
#include <vector>

namespace tessera {

// All runs of one kernel or fused program on one shape from one line of the user.
struct ProfileRow {
  std::string name;   // the kernel, or the operations that were fused, as "2 mul add exp"
  std::string shape;  // dtype and shape of its first result
  std::string line;   // file:line of the user
  int64_t calls = 0;
  double seconds = 0;
  double bytes = 0;  // read and written
  double flops = 0;
};

// While alive, measures every step that is evaluated:
//
//   Profile profile;
//   for (...) opt.step(loss);
//   std::cout << profile.str();
//   profile.write_trace("trace.json");
//
// Profiles may be nested; each sees what is evaluated while it is alive, on any thread.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // Most time first.
  std::vector<ProfileRow> rows() const;

  // A table of the `most` rows that take most time, with totals.
  std::string str(size_t most = 30) const;

  // Every step in time, as a Chrome trace (chrome://tracing, ui.perfetto.dev); of more than a
  // million steps the first million. Throws Error when the file cannot be written.
  void write_trace(const std::string& path) const;

 private:
  struct Record;
  std::shared_ptr<Record> record_;  // shared with the observer
};

}  // namespace tessera
