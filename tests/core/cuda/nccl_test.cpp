#include "core/cuda/nccl.h"

#include <cstring>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Api = cuda::NcclApi;

// NCCL on a GPU that is the processor, among ranks that all have the same array.
struct Fake {
  std::vector<std::string> calls;
  int ranks = 0;
  bool works = true;
};
Fake& fake() {
  static Fake state;
  return state;
}

Api fake_api() {
  Api api;
  api.ncclGetUniqueId = [](Api::UniqueId* id) {
    fake().calls.push_back("id");
    id->bytes.fill('x');
    return 0;
  };
  api.ncclCommInitRank = [](Api::Communicator* made, int ranks, Api::UniqueId id, int rank) {
    fake().calls.push_back(
        fmt::format("init {} of {} {}{}", rank, ranks, id.bytes[0], id.bytes[127]));
    fake().ranks = ranks;
    *made = &fake();
    return 0;
  };
  api.ncclCommDestroy = [](Api::Communicator) {
    fake().calls.push_back("destroy");
    return 0;
  };
  api.ncclAllGather = [](const void* mine, void* all, size_t count, int type, Api::Communicator c,
                         void*) {
    if (!fake().works || type != 0 || c != &fake()) return 3;
    for (int rank = 0; rank < fake().ranks; ++rank)
      std::memcpy(static_cast<std::byte*>(all) + static_cast<size_t>(rank) * count, mine, count);
    fake().calls.push_back(fmt::format("gather {}", count));
    return 0;
  };
  api.ncclGetErrorString = [](Api::Result result) {
    return result == 3 ? "an internal error" : "no error";
  };
  return api;
}

}  // namespace

TEST_SUITE("core/cuda/nccl") {
  TEST_CASE("ranks find each other once, by what rank 0 says; then bytes are gathered") {
    fake() = {};
    const WithHostGpu gpu;
    const std::byte mine[3] = {std::byte{1}, std::byte{2}, std::byte{3}};
    for (const int rank : {0, 1}) {
      fake().calls.clear();
      int shared = 0;
      {
        cuda::Exchange exchange(fake_api(), rank, 2, [&](std::span<char> id) {
          ++shared;
          CHECK(id.size() == 128);
          if (rank == 1) std::fill(id.begin(), id.end(), 'x');
        });
        std::byte all[6] = {};
        for (int i = 0; i < 2; ++i) exchange.gather(gpu->stream(), mine, 3, all);
        CHECK(std::memcmp(all, mine, 3) == 0);
        CHECK(std::memcmp(all + 3, mine, 3) == 0);
      }
      CHECK(shared == 1);
      std::vector<std::string> expected = {fmt::format("init {} of 2 xx", rank), "gather 3",
                                           "gather 3", "destroy"};
      if (rank == 0) expected.insert(expected.begin(), "id");
      CHECK(fake().calls == expected);
    }
  }

  TEST_CASE("a failure names the call and the rank") {
    fake() = {};
    fake().works = false;
    const WithHostGpu gpu;
    cuda::Exchange exchange(fake_api(), 1, 2, [](std::span<char>) {});
    std::byte all[2];
    CHECK(error_of([&] { exchange.gather(gpu->stream(), all, 1, all); }) ==
          "cuda: ncclAllGather must succeed on rank 1, got an internal error");
  }

  TEST_CASE("where NCCL is installed, it has the functions; else that is said") {
    Api api;
    const std::string error = error_of([&] { api = cuda::open_nccl(); });
    CHECK((error.empty() ? api.ncclAllGather != nullptr
                         : error.starts_with("cuda: several GPUs need NCCL")));
  }
}
