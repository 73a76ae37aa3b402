#include "train/ranks.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/cuda/nccl.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/shape.h"

namespace tessera::train {

namespace {

constexpr int kMostRanks = 64;
constexpr int64_t kPiece = int64_t{1} << 20;  // bytes of a rank that are shared at a time

double patience() {
  const char* const given = std::getenv("TESSERA_RANK_SECONDS");
  const double seconds = given ? std::atof(given) : 600;
  require(seconds > 0, "train: TESSERA_RANK_SECONDS must be a positive number, got '{}'", given);
  return seconds;
}

void rest() {
  std::this_thread::sleep_for(std::chrono::microseconds(50));
}

}  // namespace

// Memory of all ranks. Each writes only what is its own.
struct Ranks::Shared {
  std::atomic<uint64_t> met[kMostRanks];  // how often each rank came
  std::byte* pieces() { return reinterpret_cast<std::byte*>(this + 1); }
};

// Rank 0's thread that waits for the others to end.
struct Ranks::Watching {
  std::atomic<bool> over = false;
  std::thread thread;
};

// From an array of each rank the arrays of all, [ranks, n].
class Ranks::Gather final : public KernelOp {
 public:
  explicit Gather(Ranks& ranks) : ranks_(ranks) {}
  std::string_view name() const override { return "gather_ranks"; }
  bool differentiable() const override { return false; }
  void run(std::span<const Array> in, const Array& all) const override {
    const auto bytes = static_cast<size_t>(in[0].numel() * size_of(in[0].dtype));
    ranks_.gather(std::span(in[0].data, bytes), all.data);
  }
  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& all) const override {
    if (stream.rehearsing()) return true;
    if (!exchange_) {
      exchange_ = std::make_unique<cuda::Exchange>(
          cuda::open_nccl(), ranks_.rank(), ranks_.size(),
          [this](std::span<char> bytes) { ranks_.from_first(std::as_writable_bytes(bytes)); });
    }
    exchange_->gather(stream, in[0].data, in[0].numel() * size_of(in[0].dtype), all.data);
    return true;
  }

 private:
  Ranks& ranks_;
  mutable std::unique_ptr<cuda::Exchange> exchange_;
};

Ranks::Ranks(std::vector<std::string> devices)
    : devices_(std::move(devices)), seconds_(patience()) {
  require(!devices_.empty() && size() <= kMostRanks,
          "train: there must be from 1 to {} devices, got {}", kMostRanks, devices_.size());
  const size_t bytes = sizeof(Shared) + static_cast<size_t>(size() * kPiece);
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "train: {} bytes of shared memory cannot be had", bytes);
  shared_ = new (memory) Shared();
  gather_op_ = std::make_shared<Gather>(*this);
  const pid_t parent = getpid();
  std::cout.flush();
  for (int rank = 1; rank < size(); ++rank) {
    const pid_t process = fork();
    if (process < 0) {
      end_others();
      fail(fmt::format("train: a process for {} cannot be started: {}",
                       devices_[static_cast<size_t>(rank)], std::strerror(errno)));
    }
    if (process == 0) {
      rank_ = rank;
      processes_.clear();
      // It ends with rank 0, which decides about Ctrl-C and the like for all.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      std::signal(SIGINT, SIG_IGN);
      std::signal(SIGHUP, SIG_IGN);
      return;
    }
    processes_.push_back(process);
  }
  if (size() > 1) watch();
}

void Ranks::watch() {
  watching_ = std::make_unique<Watching>();
  watching_->thread = std::thread([this] {
    std::vector<char> ended(processes_.size(), 0);
    const auto all_ended = [&] { return std::ranges::count(ended, 0) == 0; };
    while (!all_ended()) {
      for (size_t i = 0; i < processes_.size(); ++i) {
        int status = 0;
        if (ended[i] || waitpid(processes_[i], &status, WNOHANG) != processes_[i]) continue;
        ended[i] = 1;
        if (watching_->over) continue;
        std::cerr << fmt::format("train: rank {} on {} {} {} before the others; all are ended\n",
                                 i + 1, devices_[i + 1],
                                 WIFEXITED(status) ? "ended with status" : "was killed by signal",
                                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status))
                  << std::flush;
        for (size_t k = 0; k < processes_.size(); ++k)
          if (!ended[k]) kill(processes_[k], SIGKILL);
        _exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
}

Ranks::~Ranks() {
  const bool failed = std::uncaught_exceptions() > 0;
  if (watching_) watching_->over = true;
  try {
    // Nobody goes before all are done. After an error the others wait for what will never come.
    if (!failed) meet(first() ? seconds_ : std::numeric_limits<double>::infinity());
    if (failed && watching_) end_others();
  } catch (const Error& error) {
    std::cerr << error.what() << std::endl;
    end_others();
  }
  if (watching_) watching_->thread.join();
  gather_op_.reset();
  munmap(shared_, sizeof(Shared) + static_cast<size_t>(size() * kPiece));
}

void Ranks::end_others() {
  for (const int process : processes_) kill(process, SIGKILL);
}

void Ranks::meet(double seconds) {
  ++met_;
  shared_->met[rank_].store(met_);
  const double began = now();
  for (int other = 0; other < size(); ++other) {
    while (shared_->met[other].load() < met_) {
      rest();
      require(now() - began < seconds, "train: rank {} on {} did not come in {:.3g} seconds", other,
              devices_[static_cast<size_t>(other)], seconds);
    }
  }
}

void Ranks::gather(std::span<const std::byte> mine, std::byte* all) {
  const auto bytes = static_cast<int64_t>(mine.size());
  for (int64_t first = 0; first < bytes; first += kPiece) {
    const auto part = static_cast<size_t>(std::min(kPiece, bytes - first));
    std::memcpy(shared_->pieces() + rank_ * kPiece, mine.data() + first, part);
    meet(seconds_);
    for (int other = 0; other < size(); ++other)
      std::memcpy(all + other * bytes + first, shared_->pieces() + other * kPiece, part);
    meet(seconds_);
  }
}

void Ranks::from_first(std::span<std::byte> bytes) {
  require(std::ssize(bytes) <= kPiece, "train: too much to share at once, {} bytes", bytes.size());
  if (first()) std::memcpy(shared_->pieces(), bytes.data(), bytes.size());
  meet(std::numeric_limits<double>::infinity());
  if (!first()) std::memcpy(bytes.data(), shared_->pieces(), bytes.size());
  meet(seconds_);
}

double Ranks::sum(double value) {
  std::vector<double> all(devices_.size());
  gather(std::as_bytes(std::span(&value, 1)), reinterpret_cast<std::byte*>(all.data()));
  double total = 0;
  for (const double each : all) total += each;
  return total;
}

Tensors Ranks::mean(const Tensors& gradients) {
  if (size() == 1) return gradients;
  Tensors means(gradients.size());
  // As one array for each dtype.
  for (const DType type : {f32, f64, bf16, f16}) {
    Tensors flat;
    for (const Tensor& g : gradients)
      if (g.defined() && g.dtype() == type) flat.push_back(reshape(g, {g.numel()}));
    if (flat.empty()) continue;
    const Tensor mine = cat(flat, 0);
    const Tensor all = make_node(gather_op_, {mine}, {size(), mine.numel()}, type);
    int64_t first = 0;
    for (size_t i = 0; i < gradients.size(); ++i) {
      const Tensor& g = gradients[i];
      if (!g.defined() || g.dtype() != type) continue;
      Tensor sum;
      for (int64_t rank = 0; rank < size(); ++rank) {
        const Tensor of_rank = slice(slice(all, 0, {.start = rank, .stop = rank + 1}), 1,
                                     {.start = first, .stop = first + g.numel()});
        sum = sum.defined() ? sum + of_rank : of_rank;
      }
      means[i] = reshape(sum * (1.0 / size()), g.shape());
      first += g.numel();
    }
  }
  return means;
}

}  // namespace tessera::train
