#include "tests/cli/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

namespace tessera::testing {

namespace fs = std::filesystem;

namespace {

constexpr auto kPause = std::chrono::milliseconds(2);
constexpr auto kPatience = std::chrono::minutes(5);

std::string read_and_remove(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  fs::remove(path);
  return text;
}

// Nothing but system calls between fork and exec: other threads may hold locks.
[[noreturn]] void become(char* const* arguments, const char* out, const char* err,
                         uint64_t largest_file) {
  const int out_file = ::open(out, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const int err_file = ::open(err, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  ::dup2(out_file, STDOUT_FILENO);
  ::dup2(err_file, STDERR_FILENO);
  if (largest_file > 0) {
    const rlimit limit{largest_file, largest_file};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ::signal(SIGHUP, SIG_DFL);  // ignored where the tests run under nohup
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, uint64_t largest_file) {
  static int count = 0;
  const std::string name =
      "tessera_program_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  out_ = fs::temp_directory_path() / (name + ".out");
  err_ = fs::temp_directory_path() / (name + ".err");
  std::vector<std::string> words = {TESSERA_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) become(pointers.data(), out_.c_str(), err_.c_str(), largest_file);
}

Program::~Program() {
  if (pid_ <= 0) return;
  signal(SIGKILL);
  wait();
}

void Program::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

Ended Program::wait() {
  const auto began = std::chrono::steady_clock::now();
  int state = 0;
  while (::waitpid(pid_, &state, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() - began > kPatience) signal(SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
  pid_ = -1;
  Ended ended;
  ended.status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  ended.out = read_and_remove(out_);
  ended.err = read_and_remove(err_);
  return ended;
}

Ended run_program(const std::vector<std::string>& arguments, uint64_t largest_file) {
  return Program(arguments, largest_file).wait();
}

void wait_for(const fs::path& file) {
  const auto began = std::chrono::steady_clock::now();
  while (!fs::exists(file)) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() - began < kPatience, file.string());
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace tessera::testing
