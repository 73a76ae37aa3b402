#include "core/cuda/recorder.h"

#include <future>

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/recorder") {
  TEST_CASE("what is recorded is done when it is replayed, as often as that") {
    HostDriver driver;
    cuda::Recorder recorder(driver);
    int done = 0;
    const cuda::Recording recording =
        recorder.recording_of([&] { driver.in_stream([&] { ++done; }); });
    REQUIRE(recording != nullptr);
    CHECK(done == 0);
    recorder.replay(recording);
    recorder.replay(recording);
    CHECK(done == 2);
    recorder.forget(recording);
    CHECK(driver.recordings() == 0);
  }

  TEST_CASE("what is more than launches is not recorded") {
    HostDriver driver;
    cuda::Recorder recorder(driver);
    std::byte* const block = recorder.allocate(8);
    std::byte* const pinned = recorder.allocate_pinned(8);
    const cuda::Event event = recorder.make_event();
    recorder.record(event);
    const std::function<void()> cases[] = {
        [&] { recorder.allocate(8); },
        [&] { recorder.free(block); },
        [&] { recorder.allocate_pinned(8); },
        [&] { recorder.free_pinned(pinned); },
        [&] { recorder.copy_in(block, pinned, 8); },
        [&] { recorder.copy_out(pinned, block, 8); },
        [&] { recorder.synchronize(); },
        [&] { recorder.make_event(); },
        [&] { recorder.record(event); },
        [&] { recorder.wait(event); },
        [&] { recorder.load("code"); },
        [] { throw std::bad_alloc(); },
    };
    for (const auto& work : cases) CHECK(recorder.recording_of(work) == nullptr);
    CHECK(error_of([&] {
            recorder.recording_of([&] { recorder.require_no_recording(); });
            recorder.require_no_recording();
          }).empty());
    driver.records = false;
    CHECK(recorder.recording_of([] {}) == nullptr);
    CHECK(driver.recordings() == 0);
    CHECK(driver.blocks() == 1);
    recorder.free(block);
    recorder.free_pinned(pinned);
  }

  TEST_CASE("what other threads ask for waits until the recording is there") {
    HostDriver driver;
    cuda::Recorder recorder(driver);
    std::byte* const block = recorder.allocate(8);
    std::byte* const pinned = recorder.allocate_pinned(8);
    std::future<void> copy;
    const cuda::Recording recording = recorder.recording_of([&] {
      std::promise<void> started;
      copy = std::async(std::launch::async, [&] {
        recorder.allocate(8);  // does not go to the stream
        started.set_value();
        recorder.copy_in(block, pinned, 8);
      });
      started.get_future().wait();
    });
    REQUIRE(recording != nullptr);
    copy.get();
    CHECK(driver.calls.back() == "copy_in 8");
    recorder.forget(recording);
    recorder.free_pinned(pinned);
  }
}
