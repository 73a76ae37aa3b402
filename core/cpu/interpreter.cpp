#include "core/cpu/interpreter.h"

#include <algorithm>

#include "core/cpu/parallel.h"
#include "core/cpu/tile.h"

namespace tessera::cpu {

namespace {

size_t at(int64_t i) {
  return static_cast<size_t>(i);
}

// Below this many elements waking other threads costs more than it saves.
constexpr int64_t kSerial = 32768;

// Merges neighbouring axes that every form walks as one, so that runs along the last axis are long.
Program collapsed(const Program& original) {
  Program program = original;
  const int ndim = program.space.ndim();
  const auto mergeable = [&](int k) {  // axis k with axis k + 1
    const auto walks_on = [&](const Linear& form) {
      return form.coef[at(k)] == form.coef[at(k + 1)] * program.space[k + 1];
    };
    return std::all_of(program.code.begin(), program.code.end(), [&](const Instruction& i) {
      const bool has_form = i.kind == Instruction::Kind::load ||
                            i.kind == Instruction::Kind::iota || i.kind == Instruction::Kind::guard;
      return !has_form || walks_on(i.form);
    });
  };
  Shape space;
  std::array<int, kMaxDims> from{};  // the axis whose coefficients a merged axis keeps
  for (int k = 0; k < ndim; ++k) {
    if (program.space[k] == 1) continue;
    int last = k;
    int64_t extent = program.space[k];
    while (last + 1 < ndim && program.space[last + 1] != 1 && mergeable(last))
      extent *= program.space[++last];
    from[at(space.ndim())] = last;
    space.push_back(extent);
    k = last;
  }
  for (Instruction& i : program.code) {
    Linear form;
    form.offset = i.form.offset;
    for (int k = 0; k < space.ndim(); ++k) form.coef[at(k)] = i.form.coef[at(from[at(k)])];
    i.form = form;
  }
  program.space = space;
  return program;
}

void run_flat(const Program& program, std::span<std::byte* const> slots) {
  const int64_t total = program.space.numel();
  // Tiles end where a long row ends, so that what is constant along the row stays one value.
  const int64_t inner = program.space.empty() ? 1 : program.space.back();
  const bool by_row = inner >= 64 && inner < total;
  parallel_for((total + kChunk - 1) / kChunk, total < kSerial, [&](int64_t chunk) {
    TileRunner tiles(program, slots, kTile);
    const int64_t end = std::min(total, (chunk + 1) * kChunk);
    for (int64_t begin = chunk * kChunk; begin < end;) {
      int64_t n = std::min(kTile, end - begin);
      if (by_row) n = std::min(n, inner - begin % inner);
      tiles.run(begin, n);
      begin += n;
    }
  });
}

void run_rows(const Program& program, std::span<std::byte* const> slots) {
  const int64_t row = program.row, rows = program.space.numel() / row;
  const int64_t rows_per_tile = std::max<int64_t>(1, kTile / row);
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

void finish(const Program& program, std::span<std::byte* const> slots, int64_t index,
            const Accumulator& a) {
  const Instruction& reduce = program.code.back();
  const Store& store = program.stores[0];
  alignas(8) std::byte value[8];
  reduce_finish(reduce.reduction, reduce.from, a, value);
  convert(value, reduce.type, slots[at(store.slot)] + index * size_of(store.storage), store.storage,
          1);
}

void run_long_rows(const Program& program, std::span<std::byte* const> slots, int64_t outputs) {
  const Instruction& reduce = program.code.back();
  const int64_t row = program.row;
  const int64_t chunks = (row + kChunk - 1) / kChunk;
  std::vector<Accumulator> parts(at(outputs * chunks),
                                 reduce_identity(reduce.reduction, reduce.from));
  // Short rows are grouped so that a work item has about kChunk elements.
  const int64_t group = std::max<int64_t>(1, kChunk / row);
  const int64_t items = chunks > 1 ? outputs * chunks : (outputs + group - 1) / group;
  parallel_for(items, outputs * row < kSerial, [&](int64_t item) {
    TileRunner tiles(program, slots, std::min(kChunk, row));
    const int64_t first = chunks > 1 ? item : item * group;
    const int64_t last = chunks > 1 ? item + 1 : std::min(outputs, first + group);
    for (int64_t part = first; part < last; ++part) {
      const int64_t start = part % chunks * kChunk, n = std::min(kChunk, row - start);
      tiles.run(part / chunks * row + start, n);
      parts[at(part)] = reduce_run(reduce.reduction, reduce.from,
                                   tiles.contiguous(reduce.src[0], reduce.from, n), n, start);
    }
  });
  for (int64_t o = 0; o < outputs; ++o) {
    finish(program, slots, o,
           reduce_tree(reduce.reduction, reduce.from,
                       std::span(parts).subspan(at(o * chunks), at(chunks))));
  }
}

void run_columns(const Program& program, std::span<std::byte* const> slots, int64_t columns) {
  constexpr int64_t kRowsPerPart = 1024;
  const Instruction& reduce = program.code.back();
  const int64_t rows = program.row;
  const int64_t parts = std::max<int64_t>(1, (rows + kRowsPerPart - 1) / kRowsPerPart);
  const int64_t width = std::min(columns, kTile), strips = (columns + width - 1) / width;
  std::vector<Accumulator> partial(at(parts * columns),
                                   reduce_identity(reduce.reduction, reduce.from));
  parallel_for(parts * strips, rows * columns < kSerial, [&](int64_t item) {
    const int64_t part = item / strips, k0 = item % strips * width,
                  n = std::min(width, columns - k0);
    Accumulator* accumulators = partial.data() + part * columns + k0;
    const int64_t end = std::min(rows, (part + 1) * kRowsPerPart);
    // Narrow spaces are computed several rows at a time.
    const int64_t together = strips == 1 ? std::max<int64_t>(1, kTile / columns) : 1;
    TileRunner tiles(program, slots, together * n);
    for (int64_t r = part * kRowsPerPart; r < end; r += together) {
      const int64_t m = std::min(together, end - r);
      tiles.run(r * columns + k0, m * n);
      const std::byte* values = tiles.contiguous(reduce.src[0], reduce.from, m * n);
      for (int64_t j = 0; j < m; ++j) {
        reduce_columns(reduce.reduction, reduce.from, accumulators,
                       values + j * n * size_of(reduce.from), n, r + j);
      }
    }
  });
  parallel_ranges(columns, kTile, [&](int64_t begin, int64_t end) {
    std::vector<Accumulator> column(at(parts));
    for (int64_t k = begin; k < end; ++k) {
      for (int64_t part = 0; part < parts; ++part)
        column[at(part)] = partial[at(part * columns + k)];
      finish(program, slots, k, reduce_tree(reduce.reduction, reduce.from, column));
    }
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
        for (int64_t o = 0; o < outputs; ++o) {
          finish(original, slots, o,
                 reduce_identity(original.code.back().reduction, original.code.back().from));
        }
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

}  // namespace tessera::cpu
