#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tessera::testing {

// How a program ended.
struct Ended {
  int status = 0;        // exit status, or 128 + the signal that killed it
  std::string out, err;  // what it wrote to standard output and standard error
};

// The program `tessera`, running beside the test.
class Program {
 public:
  // `largest_file`: bytes that a file may get, for a disk that is full; 0: as many as there is room
  // for.
  explicit Program(const std::vector<std::string>& arguments, uint64_t largest_file = 0);
  ~Program();  // kills it when it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  int pid() const { return pid_; }
  // Waits until it ends; after five minutes it is killed.
  Ended wait();

 private:
  int pid_ = -1;
  std::filesystem::path out_, err_;
};

// Runs it to its end.
Ended run_program(const std::vector<std::string>& arguments, uint64_t largest_file = 0);

// Waits for a file to exist, or fails the test after a minute.
void wait_for(const std::filesystem::path& file);

}  // namespace tessera::testing
