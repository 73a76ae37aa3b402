#include "io/loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "core/error.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "io/mix.h"
#include "io/volume_slices.h"

namespace tessera::io {

namespace {

// Streams of random numbers beside those of the cases, which have the numbers 0, 1, ...
constexpr uint32_t kOrderStream = std::numeric_limits<uint32_t>::max();
// The epoch of random numbers for mixing is counted from the other end, with a stream a batch.
constexpr uint32_t kLastEpoch = std::numeric_limits<uint32_t>::max();

// An image and its mask as they are before augmentation.
struct Sample {
  Image image;
  LabelMap mask;
  int64_t bytes() const {
    return std::ssize(image.pixels) * int64_t{sizeof(float)} +
           std::ssize(mask.labels) * int64_t{sizeof(int32_t)};
  }
};

// One place of a batch.
struct Pick {
  int64_t index;            // of the case
  uint32_t stream;          // of the random numbers
  bool foreground = false;  // crops must show some
};

// A batch as plain arrays, which threads can make without waiting for the evaluator.
struct Arrays {
  BatchArrays batch;
  Mixing mixing;

  // [N, C, H, W] of pictures, [N, C, D, H, W] of volumes.
  Shape shape() const {
    const auto [depth, height, width] = batch.extent;
    if (depth == 1) return {batch.count, batch.channels, height, width};
    return {batch.count, batch.channels, depth, height, width};
  }
};

// As in 256x256.
std::string size_text(const Extent& extent) {
  return (extent.depth > 1 ? std::to_string(extent.depth) + "x" : "") +
         std::to_string(extent.height) + "x" + std::to_string(extent.width);
}

}  // namespace

struct LoaderSource {
  Dataset set;
  std::vector<Case> cases;
  LoaderOptions options;
  std::vector<int64_t> with_foreground;  // the cases that have some
  bool partial = false;                  // in some not all classes are annotated

  int64_t batches() const {
    const int64_t count = std::ssize(cases), size = options.batch_size;
    return options.drop_last ? count / size : (count + size - 1) / size;
  }
  std::vector<Pick> picks(int64_t epoch) const;
  void gather_volumes_(std::vector<int64_t>& order) const;
  std::shared_ptr<const Sample> read(int64_t index);
  Arrays make(int64_t epoch, int64_t number, std::span<const Pick> picks);

 private:
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<const Sample>> cache_;
  int64_t cached_bytes_ = 0;
};

// When the volumes do not fit into memory, their slices come in parts of as many volumes as half of
// it holds (the next ones are read meanwhile), so that each is read once an epoch. Which volumes
// are together, and the order within, are as random as before.
void LoaderSource::gather_volumes_(std::vector<int64_t>& order) const {
  if (set.volumes == nullptr) return;
  std::map<std::string, int64_t> bytes;
  int64_t all = 0;
  for (const Case& one : cases) {
    if (one.volume.empty()) continue;
    const int64_t slice = (one.size.channels + 1) * one.size.height * one.size.width * 4;
    bytes[one.volume] += slice;
    all += slice;
  }
  if (all <= set.volumes->bytes()) return;
  std::map<std::string, int64_t> part_of;
  int64_t part = 0, held = 0;
  for (const int64_t index : order) {
    const std::string& volume = cases[static_cast<size_t>(index)].volume;
    if (part_of.contains(volume)) continue;
    if (held > 0 && held + bytes[volume] > set.volumes->bytes() / 2) {
      ++part;
      held = 0;
    }
    held += bytes[volume];
    part_of[volume] = part;
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return part_of[cases[static_cast<size_t>(a)].volume] <
           part_of[cases[static_cast<size_t>(b)].volume];
  });
}

// The places of an epoch in their order.
std::vector<Pick> LoaderSource::picks(int64_t epoch) const {
  std::vector<int64_t> order(cases.size());
  std::iota(order.begin(), order.end(), 0);
  Draws draws(options.seed, static_cast<uint32_t>(epoch), kOrderStream);
  if (options.shuffle) {
    draws.shuffle_(order);
    gather_volumes_(order);
  }
  const auto wanted = std::llround(options.foreground * static_cast<double>(options.batch_size));
  std::vector<Pick> picks;
  for (const int64_t index : order) {
    const auto position = std::ssize(picks);
    Pick pick{.index = index, .stream = static_cast<uint32_t>(index)};
    pick.foreground = position % options.batch_size >= options.batch_size - wanted;
    if (pick.foreground && cases[static_cast<size_t>(index)].foreground == 0) {
      pick.index = with_foreground[static_cast<size_t>(draws.below(std::ssize(with_foreground)))];
      // The same case may come twice, and shall not look the same.
      pick.stream = static_cast<uint32_t>(std::ssize(cases) + position);
    }
    picks.push_back(pick);
  }
  return picks;
}

// The case, resized. It is kept while there is room; throwing out older ones would not help, since
// an epoch comes back to none before it has seen all.
std::shared_ptr<const Sample> LoaderSource::read(int64_t index) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(index);
    if (found != cache_.end()) return found->second;
  }
  const Case& one = cases[static_cast<size_t>(index)];
  auto sample = std::make_shared<Sample>();
  sample->image = resize_input(read_image(set, one), options.preprocess);
  if (!one.mask.empty()) sample->mask = resize_input(read_mask(set, one), options.preprocess);
  if (options.augment.normalized) normalize_(sample->image, options.preprocess);
  const std::lock_guard lock(mutex_);
  if (cached_bytes_ + sample->bytes() <= options.cache_bytes &&
      cache_.emplace(index, sample).second)
    cached_bytes_ += sample->bytes();
  return sample;
}

Arrays LoaderSource::make(int64_t epoch, int64_t number, std::span<const Pick> picks) {
  Arrays arrays;
  BatchArrays& batch = arrays.batch;
  const Case* first = nullptr;
  for (const Pick& pick : picks) {
    const Case& one = cases[static_cast<size_t>(pick.index)];
    Sample sample = *read(pick.index);
    augment_(sample.image, sample.mask, options.augment,
             Draws(options.seed, static_cast<uint32_t>(epoch), pick.stream), pick.foreground);
    if (!options.augment.normalized) normalize_(sample.image, options.preprocess);
    const Image& image = sample.image;
    if (first == nullptr) {
      first = &one;
      batch = {.count = std::ssize(picks), .channels = image.channels, .extent = image.extent()};
      batch.pixels.reserve(image.pixels.size() * picks.size());
    }
    require(image.channels == batch.channels && image.extent() == batch.extent,
            "loader: the images of a batch must have one size, got {} ({}) and {} ({}); give a "
            "size to resize or crop to, or a batch size of 1",
            size_text(batch.extent), first->image.string(), size_text(image.extent()),
            one.image.string());
    batch.pixels.insert(batch.pixels.end(), image.pixels.begin(), image.pixels.end());
    batch.labels.insert(batch.labels.end(), sample.mask.labels.begin(), sample.mask.labels.end());
    if (!partial) continue;
    const std::vector<uint8_t> annotated = annotated_classes(set, one);
    batch.annotated.insert(batch.annotated.end(), annotated.begin(), annotated.end());
  }
  const uint32_t mixing_epoch = kLastEpoch - static_cast<uint32_t>(epoch);
  arrays.mixing = mix_(batch, options.augment,
                       Draws(options.seed, mixing_epoch, static_cast<uint32_t>(number)));
  return arrays;
}

// Threads take the next number of a batch, make it, and put it where next() waits for it.
class BatchStream {
 public:
  BatchStream(std::shared_ptr<LoaderSource> source, int64_t epoch, int64_t first_batch)
      : source_(std::move(source)),
        epoch_(epoch),
        picks_(source_->picks(epoch)),
        claimed_(first_batch),
        delivered_(first_batch) {
    const int64_t threads = std::min<int64_t>(source_->options.threads, end_ - delivered_);
    try {
      for (int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~BatchStream() { stop(); }
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  // Gives the next batch; false at the end, which is also where a mistake leads.
  bool next(Batch& batch) {
    if (failed_ || delivered_ >= end_) return false;
    Result result;
    try {
      result = threads_.empty() ? make(delivered_) : wait_for(delivered_);
    } catch (...) {
      failed_ = true;
      stop();
      throw;
    }
    batch = {};
    batch.number = delivered_;
    batch.weight = weight_of(delivered_);
    for (const Pick& pick : picks_of(delivered_)) {
      batch.indices.push_back(pick.index);
      batch.names.push_back(source_->cases[static_cast<size_t>(pick.index)].name);
    }
    const Arrays& arrays = result.arrays;
    const Shape shape = arrays.shape();
    batch.image = result.image.defined() ? result.image.arrive()
                                         : from_bytes(arrays.batch.pixels.data(), shape, f32);
    if (!arrays.batch.labels.empty()) set_masks_(batch, result, shape.without(1));
    const std::lock_guard lock(mutex_);
    ++delivered_;
    changed_.notify_all();
    return true;
  }

 private:
  struct Result {
    Arrays arrays;
    Staged image = {}, mask = {};  // for a GPU
    std::exception_ptr exception = {};
  };

  std::span<const Pick> picks_of(int64_t batch) const {
    const auto [share, shares] = std::pair(source_->options.share, source_->options.shares);
    const int64_t count = count_of(batch), begin = count * share / shares;
    const int64_t end = std::max(begin + 1, count * (share + 1) / shares);
    const int64_t first = batch * source_->options.batch_size + std::min(begin, count - 1);
    return std::span(picks_).subspan(static_cast<size_t>(first), static_cast<size_t>(end - begin));
  }
  // Cases of all shares together.
  int64_t count_of(int64_t batch) const {
    const int64_t size = source_->options.batch_size;
    return std::min<int64_t>(size, std::ssize(picks_) - batch * size);
  }
  double weight_of(int64_t batch) const {
    const auto [share, shares] = std::pair(source_->options.share, source_->options.shares);
    const int64_t count = count_of(batch);
    const int64_t own = count * (share + 1) / shares - count * share / shares;
    return static_cast<double>(own * shares) / static_cast<double>(count);
  }

  Result make(int64_t batch) {
    Result result{source_->make(epoch_, batch, picks_of(batch))};
    if (device_ == Device::cpu()) return result;
    const Shape shape = result.arrays.shape();
    result.image = Staged(result.arrays.batch.pixels.data(), shape, f32, device_);
    const std::vector<int64_t>& labels = result.arrays.batch.labels;
    if (!labels.empty()) result.mask = Staged(labels.data(), shape.without(1), i64, device_);
    return result;
  }

  static void set_masks_(Batch& batch, Result& result, const Shape& shape) {
    const Arrays& arrays = result.arrays;
    const std::vector<int64_t>& labels = arrays.batch.labels;
    const std::vector<uint8_t>& annotated = arrays.batch.annotated;
    const int64_t classes = std::ssize(annotated) / arrays.batch.count;
    const auto known = [&](const std::vector<uint8_t>& rows) {
      return rows.empty() ? Tensor()
                          : from_bytes(rows.data(), {arrays.batch.count, classes}, bool_);
    };
    batch.mask =
        result.mask.defined() ? result.mask.arrive() : from_bytes(labels.data(), shape, i64);
    batch.annotated = known(annotated);
    if (arrays.mixing.partner.empty()) return;
    const auto partners = [&]<class T>(const std::vector<T>& rows, int64_t size) {
      std::vector<T> others;
      for (const int64_t n : arrays.mixing.partner)
        others.insert(others.end(), rows.begin() + n * size, rows.begin() + (n + 1) * size);
      return others;
    };
    const std::vector<int64_t> other = partners(labels, arrays.batch.extent.count());
    batch.other_mask = from_bytes(other.data(), shape, i64);
    batch.other_annotated = known(partners(annotated, classes));
    batch.mask_weight = arrays.mixing.weight;
  }

  Result wait_for(int64_t batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return results_.count(batch) > 0; });
    Result result = std::move(results_[batch]);
    results_.erase(batch);
    if (result.exception) std::rethrow_exception(result.exception);
    return result;
  }

  void work() {
    const int64_t window = std::max(source_->options.prefetch, source_->options.threads);
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopped_ || claimed_ < delivered_ + window; });
      if (stopped_ || claimed_ >= end_) return;
      const int64_t batch = claimed_++;
      lock.unlock();
      Result result;
      try {
        result = make(batch);
      } catch (...) {
        result.exception = std::current_exception();
      }
      lock.lock();
      results_[batch] = std::move(result);
      changed_.notify_all();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const std::shared_ptr<LoaderSource> source_;
  const int64_t epoch_;
  const std::vector<Pick> picks_;
  const Device device_ = settings().device;  // where tensors are made on the user's thread
  const int64_t end_ = source_->batches();
  bool failed_ = false;

  std::mutex mutex_;  // guards what follows, of which delivered_ is only changed by next()
  std::condition_variable changed_;
  int64_t claimed_, delivered_;  // numbers of the next batches to be made and to be given
  std::map<int64_t, Result> results_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

Epoch::Iterator::Iterator(std::shared_ptr<BatchStream> stream) : stream_(std::move(stream)) {
  ++*this;
}

Epoch::Iterator& Epoch::Iterator::operator++() {
  if (!stream_->next(batch_)) stream_.reset();
  return *this;
}

Loader::Loader(Dataset set, std::vector<Case> cases, const LoaderOptions& options)
    : source_(std::make_shared<LoaderSource>()) {
  require(!cases.empty(), "loader: there must be a case");
  require(options.batch_size > 0, "loader: batch_size must be positive, got {}",
          options.batch_size);
  require(options.shares > 0 && options.share >= 0 && options.share < options.shares,
          "loader: share must be one of 0 to shares - 1, got {} of {}", options.share,
          options.shares);
  require(options.threads >= 0 && options.threads <= 1024,
          "loader: threads must be from 0 to 1024, got {}", options.threads);
  require(options.foreground >= 0 && options.foreground <= 1,
          "loader: foreground must be from 0 to 1, got {}", options.foreground);
  source_->set = std::move(set);
  source_->cases = std::move(cases);
  source_->options = options;
  for (int64_t i = 0; i < std::ssize(source_->cases); ++i) {
    const Case& one = source_->cases[static_cast<size_t>(i)];
    if (one.foreground > 0) source_->with_foreground.push_back(i);
    source_->partial |= !one.annotated.empty() && !one.mask.empty();
  }
  require(options.foreground == 0 || !source_->with_foreground.empty(),
          "loader: foreground is {}, but no case shows a class other than 0", options.foreground);
}

Epoch Loader::epoch(int64_t number, int64_t first_batch) const {
  require(number >= 0 && first_batch >= 0,
          "loader: epoch and first batch must not be negative, got {} and {}", number, first_batch);
  return Epoch(std::make_shared<BatchStream>(source_, number, first_batch));
}

int64_t Loader::batches() const {
  return source_->batches();
}

const std::vector<Case>& Loader::cases() const {
  return source_->cases;
}

const LoaderOptions& Loader::options() const {
  return source_->options;
}

}  // namespace tessera::io
