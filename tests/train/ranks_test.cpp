#include "train/ranks.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "core/random.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr int64_t kCases = 5;
constexpr const char* kFile = "TESSERA_TEST_RANKS";

// The parameters after some steps on a share of the same five cases.
std::vector<double> trained(train::Ranks* ranks) {
  const OnDevice on(Device::cpu());  // wherever the other tests are
  const int64_t rank = ranks ? ranks->rank() : 0, size = ranks ? ranks->size() : 1;
  const int64_t begin = kCases * rank / size, end = kCases * (rank + 1) / size;
  const Tensor x = uniform({kCases, 2, 6, 6}), t = uniform({kCases, 1, 6, 6}, -1, 1, 1);
  Tensor w = variable(uniform({3, 2, 3, 3}, -1, 1, 2)), b = variable(uniform({3}, -1, 1, 3)),
         last = variable(uniform({1, 3, 1, 1}, -1, 1, 4));
  optim::StepOptions step{.clip_norm = 0.3};
  if (ranks) step.combine = [&](const Tensors& gradients) { return ranks->mean(gradients); };
  optim::Adam method({w, b, last}, {.lr = 0.05}, step);
  for (int i = 0; i < 4; ++i) {
    const auto share = [&](const Tensor& all) {
      return slice(all, 0, {.start = begin, .stop = end});
    };
    const Tensor y = conv2d(tanh(conv2d(share(x), w, b, {.padding = 1})), last);
    // What the mean over a share counts beside the others.
    const double weight = static_cast<double>((end - begin) * size) / static_cast<double>(kCases);
    const Tensor loss = mean(square(y - share(t))) * weight;
    if (i % 2 == 0) {
      method.step(loss);
    } else {  // accumulated gradients are averaged once
      method.backward(loss * 0.5);
      method.backward(
          mean(square(conv2d(tanh(conv2d(share(x), w, b, {.padding = 1})), last) - share(t))) *
          (0.5 * weight));
      method.step();
    }
  }
  std::vector<double> values;
  for (const Tensor& p : method.parameters())
    for (const double value : p.to_vector<double>()) values.push_back(value);
  return values;
}

// What rank 0 of `size` writes when this program runs as several processes.
std::vector<double> trained_by(int size) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("tessera_ranks_{}", getpid());
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command =
      fmt::format("{}='{} {}' '{}' -ns -tc='one of several ranks' > '{}.log' 2>&1", kFile, size,
                  file.string(), program, file.string());
  CHECK(std::system(command.c_str()) == 0);
  std::vector<double> values;
  std::ifstream in(file, std::ios::binary);
  for (double value = 0; in.read(reinterpret_cast<char*>(&value), sizeof value);)
    values.push_back(value);
  std::filesystem::remove(file);
  std::filesystem::remove(file.string() + ".log");
  return values;
}

}  // namespace

TEST_SUITE("train/ranks") {
  // In a program of its own, since ranks are processes: see trained_by.
  TEST_CASE("one of several ranks" * doctest::skip()) {
    const char* const given = std::getenv(kFile);
    if (!given) return;
    set_num_threads(1);
    const std::string words = given, file = words.substr(words.find(' ') + 1);
    bool first = false;
    bool right = true;
    {
      train::Ranks ranks(std::vector<std::string>(static_cast<size_t>(std::atoi(given)), "cpu"));
      first = ranks.first();
      const int size = ranks.size();
      right = ranks.sum(ranks.rank()) == size * (size - 1) / 2 &&
              ranks.from_first(ranks.rank() + 7) == 7;
      // More than goes through the shared memory at a time.
      std::vector<int32_t> mine(700001, ranks.rank()), all(mine.size() * size_t(size));
      ranks.gather(std::as_bytes(std::span(mine)), reinterpret_cast<std::byte*>(all.data()));
      for (size_t i = 0; i < all.size(); ++i)
        right = right && all[i] == static_cast<int32_t>(i / mine.size());
      const std::vector<double> values = trained(&ranks);
      if (first) {
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(values.data()),
                   std::ssize(values) * std::streamsize{sizeof(double)});
      }
    }
    CHECK(right);
    if (!first) _exit(right ? 0 : 1);
  }

  TEST_CASE("several ranks train to the parameters of one, but for rounding, and always the same") {
    const std::vector<double> alone = trained(nullptr);
    for (const int size : {1, 2, 3}) {
      CAPTURE(size);
      const std::vector<double> together = trained_by(size);
      REQUIRE(together.size() == alone.size());
      for (size_t i = 0; i < alone.size(); ++i)
        CHECK(together[i] == doctest::Approx(alone[i]).epsilon(1e-9));
      CHECK(together == trained_by(size));
    }
  }
}
