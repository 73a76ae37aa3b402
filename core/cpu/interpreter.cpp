#include "core/cpu/interpreter.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/cpu/parallel.h"
#include "core/cpu/tile.h"
#include "core/index.h"

namespace tessera::cpu {

namespace {

using detail::at;

// Below this many elements waking other threads costs more than it saves.
constexpr int64_t kSerial = 32768;

// Computes elements [begin, end) of a program that runs in place.
void run_lines(const Program& program, std::span<std::byte* const> slots, int64_t begin,
               int64_t end) {
  TileRunner tiles(program, slots, 1);
  const Shape& space = program.space;
  const int64_t inner = space.empty() ? 1 : space.back();
  const int64_t lines = space.ndim() < 2 ? 1 : space[space.ndim() - 2];
  while (begin < end) {
    const int64_t line = begin / inner, n = std::min(end - begin, inner - begin % inner);
    const int64_t together = n < inner ? 1 : std::min((end - begin) / inner, lines - line % lines);
    tiles.run(begin, n, together);
    begin += n * together;
  }
}

// The axis across which a program reads, or -1.
int axis_across(const Program& program) {
  constexpr int64_t kLeast = 64;  // columns that are worth a tile of their own
  const int last = program.space.ndim() - 1;
  if (last < 1 || program.space.back() < kLeast) return -1;
  for (const Instruction& i : program.code) {
    for (int axis = last - 1; axis >= 0; --axis) {
      if (program.space[axis] > 1 && reads_across(program, i, axis)) return axis;
    }
  }
  return -1;
}

// In blocks of some lines along that axis, so that whole lines of the cache are used once they are
// fetched. The blocks of the same columns follow one another: they read what lies side by side.
void run_blocks(const Program& program, std::span<std::byte* const> slots, int axis) {
  constexpr int64_t kLines = 32, kColumns = 128;
  const Shape& space = program.space;
  const int last = space.ndim() - 1;
  const int64_t columns = space.back(), lines = space[axis];
  const int64_t wide = (columns + kColumns - 1) / kColumns, high = (lines + kLines - 1) / kLines;
  const int64_t between = space.slice(axis + 1, last).numel();
  const int64_t planes = space.slice(0, axis).numel() * between;
  parallel_ranges(
      planes * wide * high, kChunk / (kLines * kColumns), [&](int64_t from, int64_t to) {
        TileRunner tiles(program, slots, kColumns);
        for (int64_t block = from; block < to; ++block) {
          const int64_t line = block % high * kLines;
          const int64_t column = block / high % wide * kColumns;
          const int64_t plane = block / (high * wide);
          const int64_t row = (plane / between * lines + line) * between + plane % between;
          tiles.run_block(row * columns + column, std::min(kColumns, columns - column), axis,
                          std::min(kLines, lines - line));
        }
      });
}

void run_flat(const Program& program, std::span<std::byte* const> slots) {
  if (const int axis = axis_across(program); axis >= 0) return run_blocks(program, slots, axis);
  const int64_t total = program.space.numel();
  const int64_t tile = tile_elements(program);
  const int64_t inner = program.space.empty() ? 1 : program.space.back();
  const bool in_place = inner >= kTile / 4 && runs_in_place(program);
  // Tiles end where a long row ends, so that what is constant along the row stays one value.
  const bool by_row = inner >= tile / 4 && inner < total;
  parallel_for((total + kChunk - 1) / kChunk, total < kSerial, [&](int64_t chunk) {
    const int64_t end = std::min(total, (chunk + 1) * kChunk);
    if (in_place) return run_lines(program, slots, chunk * kChunk, end);
    TileRunner tiles(program, slots, tile);
    for (int64_t begin = chunk * kChunk; begin < end;) {
      int64_t n = std::min(tile, end - begin);
      if (by_row) n = std::min(n, inner - begin % inner);
      tiles.run(begin, n);
      begin += n;
    }
  });
}

void run_rows(const Program& program, std::span<std::byte* const> slots) {
  const int64_t row = program.row, rows = program.space.numel() / row;
  const int64_t rows_per_tile = std::max<int64_t>(1, tile_elements(program) / row);
  const int64_t rows_per_chunk =
      std::max(rows_per_tile, kChunk / row / rows_per_tile * rows_per_tile);
  parallel_for((rows + rows_per_chunk - 1) / rows_per_chunk, rows * row < kSerial,
               [&](int64_t chunk) {
                 TileRunner tiles(program, slots, rows_per_tile * row);
                 const int64_t end = std::min(rows, (chunk + 1) * rows_per_chunk);
                 for (int64_t r = chunk * rows_per_chunk; r < end; r += rows_per_tile) {
                   tiles.run(r * row, std::min(rows_per_tile, end - r) * row);
                 }
               });
}

// Writes results of the only reduction, in its compute type at `values`, from number `first` on.
void store(const Program& program, std::span<std::byte* const> slots, const std::byte* values,
           int64_t first, int64_t n) {
  const Store& store = program.stores[0];
  convert(values, program.code.back().type, slots[at(store.slot)] + first * size_of(store.storage),
          store.storage, n);
}

void finish(const Program& program, std::span<std::byte* const> slots, const Partials& partials,
            int64_t first) {
  const Instruction& reduce = program.code.back();
  alignas(8) std::byte values[kTile * 8];
  for (int64_t k = 0; k < partials.count; k += kTile) {
    const int64_t n = std::min(kTile, partials.count - k);
    reduce_finish(reduce.reduction, reduce.from,
                  {partials.values + k * 8, partials.positions + k, n}, values);
    store(program, slots, values, first + k, n);
  }
}

// Joins the lists of partial results from first to last pairwise, neighbours first, into the first.
void join_all(const Instruction& reduce, PartialsBuffer& partials, int64_t first, int64_t last,
              int64_t begin, int64_t n) {
  for (int64_t step = 1; step < last - first; step *= 2) {
    for (int64_t list = first; list + step < last; list += 2 * step) {
      reduce_join(reduce.reduction, reduce.from, partials.part(list, begin, n),
                  partials.part(list + step, begin, n));
    }
  }
}

// Rows of at most a tile: several of them at a time.
void run_short_rows(const Program& program, std::span<std::byte* const> slots, int64_t outputs) {
  const Instruction& reduce = program.code.back();
  const int64_t row = program.row, together = kTile / row;
  const int64_t group = kChunk / row / together * together;
  parallel_for((outputs + group - 1) / group, outputs * row < kSerial, [&](int64_t item) {
    TileRunner tiles(program, slots, together * row);
    alignas(8) std::byte values[kTile * 8];
    const int64_t end = std::min(outputs, (item + 1) * group);
    for (int64_t r = item * group; r < end; r += together) {
      const int64_t rows = std::min(together, end - r);
      tiles.run(r * row, rows * row);
      reduce_rows(reduce.reduction, reduce.from,
                  tiles.contiguous(reduce.src[0], reduce.from, rows * row), rows, row, values);
      store(program, slots, values, r, rows);
    }
  });
}

void run_long_rows(const Program& program, std::span<std::byte* const> slots, int64_t outputs) {
  const Instruction& reduce = program.code.back();
  const int64_t row = program.row;
  if (row <= kTile) return run_short_rows(program, slots, outputs);
  const int64_t chunks = (row + kChunk - 1) / kChunk;
  PartialsBuffer parts(outputs * chunks, 1);
  // Rows shorter than a chunk are grouped, so that a work item has about kChunk elements.
  const int64_t group = std::max<int64_t>(1, kChunk / row);
  parallel_ranges(outputs * chunks, group, [&](int64_t first, int64_t last) {
    TileRunner tiles(program, slots, kTile);
    for (int64_t part = first; part < last; ++part) {
      const int64_t start = part % chunks * kChunk, end = std::min(row, start + kChunk);
      RunReduction run(reduce.reduction, reduce.from);
      for (int64_t k = start; k < end; k += kTile) {
        const int64_t n = std::min(kTile, end - k);
        tiles.run(part / chunks * row + k, n);
        run.add(tiles.contiguous(reduce.src[0], reduce.from, n), n, k);
      }
      run.finish(parts[part]);
    }
  });
  for (int64_t o = 0; o < outputs; ++o) {
    join_all(reduce, parts, o * chunks, (o + 1) * chunks, 0, 1);
    finish(program, slots, parts[o * chunks], o);
  }
}

void run_columns(const Program& program, std::span<std::byte* const> slots, int64_t columns) {
  constexpr int64_t kRowsPerPart = 1024, kItems = 16;
  const Instruction& reduce = program.code.back();
  const int64_t rows = program.row;
  const int64_t parts = (rows + kRowsPerPart - 1) / kRowsPerPart;
  // Wide strips read what lies side by side, narrow ones are more work items.
  const int64_t tile = tile_elements(program);
  int64_t width = std::min(columns, tile);
  while (width > kTile && parts * ((columns + width - 1) / width) < kItems) width /= 2;
  const int64_t strips = (columns + width - 1) / width;
  // Narrow spaces are computed several rows at a time, few rows several strips to a work item.
  const int64_t together = strips == 1 ? std::max<int64_t>(1, tile / columns) : 1;
  const int64_t group = std::max<int64_t>(1, kChunk / (std::min(rows, kRowsPerPart) * width));
  PartialsBuffer partials(parts > 1 ? parts : 0, columns);
  const auto run_strip = [&](TileRunner& tiles, int64_t part, int64_t k0, const Partials& strip) {
    reduce_start(reduce.reduction, reduce.from, strip);
    const int64_t end = std::min(rows, (part + 1) * kRowsPerPart);
    for (int64_t r = part * kRowsPerPart; r < end; r += together) {
      const int64_t m = std::min(together, end - r), n = m * strip.count;
      tiles.run(r * columns + k0, n);
      reduce_columns(reduce.reduction, reduce.from, strip,
                     tiles.contiguous(reduce.src[0], reduce.from, n), m, r);
    }
  };
  const int64_t groups = (strips + group - 1) / group;
  parallel_for(parts * groups, rows * columns < kSerial, [&](int64_t item) {
    const int64_t part = item / groups, first = item % groups * group;
    TileRunner tiles(program, slots, together * width);
    PartialsBuffer own(1, width);
    for (int64_t s = first; s < std::min(strips, first + group); ++s) {
      const int64_t k0 = s * width, n = std::min(width, columns - k0);
      const Partials strip = parts > 1 ? partials.part(part, k0, n) : own.part(0, 0, n);
      run_strip(tiles, part, k0, strip);
      if (parts == 1) finish(program, slots, strip, k0);
    }
  });
  if (parts == 1) return;
  parallel_ranges(columns, kTile, [&](int64_t begin, int64_t end) {
    join_all(reduce, partials, 0, parts, begin, end - begin);
    finish(program, slots, partials.part(0, begin, end - begin), begin);
  });
}

}  // namespace

void run(const Program& original, std::span<std::byte* const> slots) {
  switch (original.walk) {
    case Walk::flat:
      if (original.space.numel() > 0) run_flat(collapsed(original), slots);
      return;
    case Walk::rows:
      if (original.space.numel() > 0) run_rows(collapsed(original), slots);
      return;
    case Walk::long_rows:
    case Walk::columns: {
      // The kept extents come first or last; their product is the number of results.
      const int64_t outputs = original.outputs;
      if (outputs == 0) return;
      if (original.row == 0) {
        PartialsBuffer nothing(1, outputs);
        const Instruction& reduce = original.code.back();
        reduce_start(reduce.reduction, reduce.from, nothing[0]);
        finish(original, slots, nothing[0], 0);
        return;
      }
      if (original.walk == Walk::long_rows) {
        run_long_rows(collapsed(original), slots, outputs);
      } else {
        run_columns(collapsed(original), slots, outputs);
      }
      return;
    }
  }
}

constexpr size_t kQuickLinks = 12;

PartRunner::PartRunner(const Program& program, std::span<std::byte* const> slots)
    : program_(collapsed(program)),
      slots_(slots),
      inner_(program_.space.empty() ? 1 : program_.space.back()),
      in_place_(inner_ >= kTile / 4 && runs_in_place(program_)),
      by_row_(inner_ < program_.space.numel() &&
              (in_place_ || inner_ >= tile_elements(program_) / 4)),
      tile_(in_place_ ? inner_ : tile_elements(program_)) {
  if (!in_place_) return;
  links_ = TileRunner(program_, slots_, 1).links();
  if (links_.empty() || links_.size() > kQuickLinks) return;
  for (const ChainLink& link : links_) {
    const auto same = [&](const ChainLink& other) { return other.data == link.data; };
    block_.push_back(
        static_cast<size_t>(std::find_if(links_.begin(), links_.end(), same) - links_.begin()));
  }
  chain_ = program_.code.back().chain.run;
  size_ = size_of(program_.code.back().type);
}

PartRunner::~PartRunner() = default;

bool PartRunner::is_relu() const {
  const std::vector<Instruction>& code = program_.code;
  return code.size() == 2 && links_.size() == 3 && std::string_view(code[1].name) == "relu" &&
         code[1].type == f32 && links_[0].data == links_[2].data;
}

std::unique_ptr<TileRunner> PartRunner::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<TileRunner>(program_, slots_, in_place_ ? 1 : tile_);
  std::unique_ptr<TileRunner> runner = std::move(idle_.back());
  idle_.pop_back();
  return runner;
}

void PartRunner::run(int64_t begin, int64_t n) {
  if (chain_) {
    std::array<ChainLink, kQuickLinks> links;
    // Each call has its own, as other threads are here at the same time.
    alignas(64) std::array<std::array<std::byte, kChainBlockBytes>, kQuickLinks> blocks;
    for (size_t k = 0; k < links_.size(); ++k) {
      links[k] = links_[k];
      if (links[k].place == ChainLink::Place::elements)
        links[k].data = static_cast<std::byte*>(links[k].data) + begin * size_;
      if (links[k].place == ChainLink::Place::block) links[k].data = blocks[block_[k]].data();
    }
    return chain_(links.data(), static_cast<int>(links_.size()), n);
  }
  std::unique_ptr<TileRunner> tiles = take();
  const int64_t end = begin + n;
  while (begin < end) {
    int64_t count = std::min(tile_, end - begin);
    if (by_row_) count = std::min(count, inner_ - begin % inner_);
    tiles->run(begin, count);
    begin += count;
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(tiles));
}

}  // namespace tessera::cpu
