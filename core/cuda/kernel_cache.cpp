#include "core/cuda/kernel_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/core.h>

namespace tessera::cuda {

namespace {

namespace fs = std::filesystem;

// FNV-1a; a different `seed` gives an independent hash.
uint64_t hash(std::string_view text, uint64_t seed = 0xcbf29ce484222325) {
  uint64_t h = seed;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

// The first line of a file, by which a damaged one is known.
std::string seal(std::string_view code) {
  return fmt::format("tessera kernel {} {:016x}\n", code.size(), hash(code));
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  const size_t line = text.find('\n');
  if (line == std::string::npos) return {};
  std::string code = text.substr(line + 1);
  return text.compare(0, line + 1, seal(code)) == 0 ? code : std::string();
}

// Readers see the whole file or none, whoever else writes it.
void write(const fs::path& path, const std::string& code) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const fs::path draft = fmt::format("{}.{}", path.string(), getpid());
  {
    std::ofstream file(draft, std::ios::binary);
    file << seal(code) << code;
    file.close();
    if (!file) {
      fs::remove(draft, error);
      return;
    }
  }
  fs::rename(draft, path, error);
  if (error) fs::remove(draft, error);
}

}  // namespace

const Kernels& PendingKernels::get() {
  const std::lock_guard lock(mutex_);
  if (!code_.valid()) return kernels_;
  void* module = driver_->load(code_.get());
  kernels_.program = driver_->function(module, "tessera_program");
  if (has_join_) kernels_.join = driver_->function(module, "tessera_join");
  code_ = {};
  return kernels_;
}

KernelCache::KernelCache(Driver& driver, const Compiler& compiler, std::string folder)
    : driver_(driver), compiler_(compiler), folder_(std::move(folder)) {}

KernelCache::~KernelCache() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<PendingKernels> KernelCache::request(const std::string& text) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<PendingKernels>& kernels = by_text_[text];
  if (kernels) return kernels;
  const size_t most = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 16);
  if (threads_.size() < std::min(most, busy_ + waiting_.size() + 1))
    threads_.emplace_back([this] { work(); });
  kernels = std::make_shared<PendingKernels>();
  kernels->driver_ = &driver_;
  kernels->has_join_ = text.find("(tessera_join,") != std::string::npos;
  std::packaged_task<std::string()> task([this, text] { return code_for(text); });
  kernels->code_ = task.get_future();
  waiting_.push_back(std::move(task));
  changed_.notify_all();
  return kernels;
}

void KernelCache::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
    std::packaged_task<std::string()> task = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    task();
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
}

void KernelCache::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && busy_ == 0; });
}

std::string KernelCache::code_for(const std::string& text) {
  const int architecture = driver_.info().architecture;
  fs::path path;
  if (!folder_.empty()) {
    std::string key = fmt::format("{} sm_{}\n{}", compiler_.version(), architecture, text);
    for (const Source& source : kernel_sources()) key += source.text;
    path = fs::path(folder_) /
           fmt::format("{:016x}{:016x}.cubin", hash(key), hash(key, 0x9e3779b97f4a7c15));
    std::string code = read(path);
    if (!code.empty()) return code;
  }
  std::string code = compiler_.compile(text, architecture);
  ++compiled_;
  if (!path.empty()) write(path, code);
  return code;
}

std::string kernel_folder() {
  if (const char* chosen = std::getenv("TESSERA_KERNEL_CACHE")) return chosen;
  if (const char* caches = std::getenv("XDG_CACHE_HOME"); caches && *caches)
    return std::string(caches) + "/tessera/kernels";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.cache/tessera/kernels";
  return {};
}

}  // namespace tessera::cuda
