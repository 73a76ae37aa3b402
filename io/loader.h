#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "core/tensor.h"
#include "io/augment.h"
#include "io/dataset.h"
#include "io/preprocess.h"

namespace tessera::io {

// Cases put together for one step. `auto [image, mask] = batch` takes the tensors alone.
struct Batch {
  Tensor image;  // [N, C, H, W] f32, of volumes [N, C, D, H, W]
  Tensor mask;   // [N, H, W] or [N, D, H, W] i64; undefined when the cases have no masks
  // Where images were mixed (mixup): the masks of those mixed in. The loss is mask_weight times
  // that of `mask`, plus the rest times that of `other_mask`. Else undefined, and the weight is 1.
  Tensor other_mask;
  double mask_weight = 1;
  // Where not every class was looked for in every mask (Case::annotated): bool [N, classes], for
  // `mask` and for `other_mask`. Else undefined.
  Tensor annotated, other_annotated;
  std::vector<std::string> names;  // of the N cases
  std::vector<int64_t> indices;    // of them in Loader::cases()
  int64_t number = 0;              // of the batch in its epoch, from 0
  // What its mean counts beside those of the other shares of the same batch: 1 when they are equal.
  double weight = 1;
};

template <size_t i>
const Tensor& get(const Batch& batch) {
  static_assert(i < 2);
  return i == 0 ? batch.image : batch.mask;
}

struct LoaderOptions {
  int64_t batch_size = 8;
  bool shuffle = false;
  bool drop_last = false;  // leave out a last batch that is not full
  // Of every batch give only one of `shares` parts, as equal as can be: for processes that train
  // together. A part that would be empty shows one case, which counts nothing.
  int64_t share = 0, shares = 1;
  uint64_t seed = 0;
  Preprocess preprocess = {};
  Augment augment = {};
  // The last of this share of a batch, in [0, 1], show a class other than 0: cases without one are
  // replaced by others, and crops are put where it is.
  double foreground = 0;
  int threads = 2;   // that read ahead; 0: batches are made when they are asked for
  int prefetch = 4;  // batches that are ready or being made, at most; at least one a thread
  int64_t cache_bytes = int64_t{1} << 30;  // decoded images kept in memory, at most
};

class BatchStream;  // one epoch being made

// The batches of one epoch, to be gone through once:
//   for (const Batch& batch : loader.epoch(e)) ...
// Inside an OnDevice of a GPU they are there: the threads put them where it copies from by itself.
// What goes wrong in a thread is thrown where the batch is asked for. Leaving early is fine.
class Epoch {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch*;
    using reference = const Batch&;

    explicit Iterator(std::shared_ptr<BatchStream> stream);
    const Batch& operator*() const { return batch_; }
    const Batch* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return stream_ == nullptr; }

   private:
    std::shared_ptr<BatchStream> stream_;  // null at the end
    Batch batch_;
  };

  explicit Epoch(std::shared_ptr<BatchStream> stream) : stream_(std::move(stream)) {}
  Iterator begin() const { return Iterator(stream_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::shared_ptr<BatchStream> stream_;
};

struct LoaderSource;  // the cases, the options and the cache

// Makes batches of the cases of a set, reading ahead in threads. Order and content depend only on
// the seed and the number of the epoch.
//
//   Loader loader(set, set.split("train"), {.batch_size = 8, .shuffle = true});
//   for (int64_t e = 0; e < epochs; ++e)
//     for (auto [image, mask] : loader.epoch(e)) ...
class Loader {
 public:
  // `cases` of `set`, whose masks are read as read_mask does; cases without masks need only a
  // default-made set. Throws Error when there is no case or an option cannot be.
  Loader(Dataset set, std::vector<Case> cases, const LoaderOptions& options = {});

  // The batches first_batch, first_batch + 1, ... of epoch `number`: a run that stopped goes on
  // with the same ones.
  Epoch epoch(int64_t number, int64_t first_batch = 0) const;
  int64_t batches() const;  // in an epoch
  const std::vector<Case>& cases() const;
  const LoaderOptions& options() const;

  // A loop over the loader itself is the next epoch: the first 0, then 1, ...
  Epoch::Iterator begin() { return epoch(next_epoch_++).begin(); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::shared_ptr<LoaderSource> source_;
  int64_t next_epoch_ = 0;
};

}  // namespace tessera::io

template <>
struct std::tuple_size<tessera::io::Batch> : std::integral_constant<size_t, 2> {};
template <size_t i>
struct std::tuple_element<i, tessera::io::Batch> {
  using type = const tessera::Tensor;
};
