#include "core/buffer.h"

#include <cstring>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("core/buffer") {
  TEST_CASE("blocks are aligned, writable and counted") {
    const int64_t live = memory_stats().live;
    {
      const Ref<Buffer> buffer = allocate(1000);
      CHECK(reinterpret_cast<uintptr_t>(buffer->data) % 64 == 0);
      CHECK(buffer->bytes == 1000);
      CHECK(buffer->capacity >= 1000);
      std::memset(buffer->data, 1, 1000);
      CHECK(memory_stats().live == live + buffer->capacity);
      Ref<Buffer> other;
      other = buffer;
      CHECK(buffer->references.load() == 2);
    }
    CHECK(memory_stats().live == live);
  }

  TEST_CASE("a freed block is handed out again") {
    const std::byte* first = allocate(54321)->data;
    CHECK(allocate(54000)->data == first);
  }

  TEST_CASE("no bytes are a block too") {
    CHECK(allocate(0)->data != nullptr);
  }

  TEST_CASE("the peak is kept until it is reset") {
    reset_peak_memory();
    const int64_t before = memory_stats().peak;
    CHECK(before == memory_stats().live);
    { const Ref<Buffer> buffer = allocate(1 << 20); }
    CHECK(memory_stats().peak >= before + (1 << 20));
    reset_peak_memory();
    CHECK(memory_stats().peak == memory_stats().live);
  }

  TEST_CASE("cached blocks can be given back") {
    allocate(1 << 20);
    CHECK(memory_stats().cached >= 1 << 20);
    empty_cache();
    CHECK(memory_stats().cached == 0);
  }

  TEST_CASE("every buffer alive is listed") {
    const auto listed = [](const Buffer* wanted) {
      int count = 0;
      for_each_buffer([&](const Buffer& buffer) { count += &buffer == wanted; });
      return count;
    };
    Ref<Buffer> a = allocate(10);
    const Ref<Buffer> b = allocate(20), c = allocate(30);
    CHECK(listed(a.get()) == 1);
    CHECK(listed(b.get()) == 1);
    const Buffer* gone = a.get();
    a = Ref<Buffer>();
    CHECK(listed(gone) == 0);
    CHECK(listed(b.get()) == 1);
    CHECK(listed(c.get()) == 1);
  }

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they end the program
  TEST_CASE("more memory than there is, is an error that tells what to do") {
    const int64_t live = memory_stats().live;
    CHECK_THROWS_WITH_AS(allocate(int64_t{1} << 62), doctest::Contains("use smaller batches"),
                         Error);
    CHECK(memory_stats().live == live);
  }
#endif
}
