#include "core/cuda/kernel_cache.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("tessera-cache-" + std::to_string(getpid()));
  ~Folder() { fs::remove_all(path); }
};

struct OtherVersion final : HostCompiler {
  std::string version() const override { return "another"; }
};

// How many of the texts a new process has to compile.
int64_t compiled(const std::string& folder, const cuda::Compiler& compiler,
                 std::initializer_list<const char*> texts) {
  HostDriver driver;
  cuda::KernelCache cache(driver, compiler, folder);
  for (const char* text : texts) cache.find(text);
  for (const char* text : texts) CHECK(cache.find(text).program == cache.find(text).program);
  return cache.compiled();
}

}  // namespace

TEST_SUITE("core/cuda/kernel_cache") {
  TEST_CASE("each text is compiled once, by the first process") {
    const Folder folder;
    const HostCompiler compiler;
    CHECK(compiled(folder.path.string(), compiler, {"a", "b"}) == 2);
    CHECK(compiled(folder.path.string(), compiler, {"a", "b", "c"}) == 1);
    CHECK(compiled(folder.path.string(), OtherVersion(), {"a"}) == 1);
    for (const auto& file : fs::directory_iterator(folder.path))
      CHECK(file.path().extension() == ".cubin");
  }

  TEST_CASE("only texts that define the second kernel have it") {
    HostDriver driver;
    const HostCompiler compiler;
    cuda::KernelCache cache(driver, compiler, "");
    CHECK(cache.find("TESSERA_KERNEL(tessera_program, A) {}").join == nullptr);
    CHECK(cache.find("TESSERA_KERNEL(tessera_join, A) {}").join != nullptr);
  }

  TEST_CASE("texts are compiled at the same time, and nobody waits who needs no kernel yet") {
    struct Pair final : HostCompiler {
      std::string compile(const std::string& text, int) const override {
        if (text == "first") second_began.get_future().wait();
        if (text == "second") second_began.set_value();
        if (text == "wrong") fail("cuda: a kernel must compile, got wrong");
        return text;
      }
      mutable std::promise<void> second_began;
    };
    HostDriver driver;
    const Pair compiler;
    cuda::KernelCache cache(driver, compiler, "");
    const auto wrong = cache.request("wrong");
    for (int i = 0; i < 2; ++i)
      CHECK(error_of([&] { wrong->get(); }).starts_with("cuda: a kernel must compile, got wrong"));
    if (std::thread::hardware_concurrency() > 1) {
      const auto first = cache.request("first"), second = cache.request("second");
      CHECK(cache.request("first") == first);
      cache.finish();
      CHECK(first->get().program != second->get().program);
    }
  }

  TEST_CASE("damaged files are written again") {
    const Folder folder;
    const HostCompiler compiler;
    compiled(folder.path.string(), compiler, {"some text"});
    const fs::path file = fs::directory_iterator(folder.path)->path();
    const auto size = fs::file_size(file);
    for (const auto damage : {size / 2, size - 1, uintmax_t{0}}) {
      fs::resize_file(file, damage);
      CHECK(compiled(folder.path.string(), compiler, {"some text"}) == 1);
      CHECK(fs::file_size(file) == size);
    }
    std::fstream(file).seekp(-1, std::ios::end).put('?');
    CHECK(compiled(folder.path.string(), compiler, {"some text"}) == 1);
    CHECK(compiled(folder.path.string(), compiler, {"some text"}) == 0);
  }

  TEST_CASE("a folder that cannot be written is done without") {
    const Folder folder;
    std::ofstream(folder.path) << "a file";
    CHECK(compiled((folder.path / "x").string(), HostCompiler(), {"a"}) == 1);
  }

  TEST_CASE("the folder comes from the environment") {
    const char* before = std::getenv("TESSERA_KERNEL_CACHE");
    const std::string saved = before ? before : "";
    setenv("TESSERA_KERNEL_CACHE", "somewhere", 1);
    CHECK(cuda::kernel_folder() == "somewhere");
    setenv("TESSERA_KERNEL_CACHE", "", 1);
    CHECK(cuda::kernel_folder().empty());
    before ? setenv("TESSERA_KERNEL_CACHE", saved.c_str(), 1) : unsetenv("TESSERA_KERNEL_CACHE");
    if (!before) CHECK(cuda::kernel_folder().ends_with("tessera/kernels"));
  }
}
