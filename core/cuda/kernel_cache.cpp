#include "core/cuda/kernel_cache.h"

#include <unistd.h>

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

KernelCache::KernelCache(Driver& driver, const Compiler& compiler, std::string folder)
    : driver_(driver), compiler_(compiler), folder_(std::move(folder)) {}

Kernels KernelCache::find(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const auto known = by_text_.find(text);
  if (known != by_text_.end()) return known->second;
  void* module = driver_.load(code_for(text));
  Kernels kernels;
  kernels.program = driver_.function(module, "tessera_program");
  if (text.find("(tessera_join,") != std::string::npos)
    kernels.join = driver_.function(module, "tessera_join");
  by_text_.emplace(text, kernels);
  return kernels;
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
