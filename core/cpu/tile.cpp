#include "core/cpu/tile.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/cpu/isa.h"
#include "core/cpu/transpose_kernels.h"
#include "core/index.h"

TESSERA_FOR_EACH_ISA(extern const TransposeKernels transposes)

namespace tessera::cpu {

namespace {

using detail::at;

// Copies each of `rows` elements at `src` to n places; `size` bytes each.
void fill(std::byte* dst, const std::byte* src, int64_t size, int64_t n, int64_t rows = 1) {
  const auto repeat = [&]<class T>(T) {
    for (int64_t r = 0; r < rows; ++r) {
      T value;
      std::memcpy(&value, src + r * size, sizeof value);
      std::fill_n(reinterpret_cast<T*>(dst) + r * n, n, value);
    }
  };
  switch (size) {
    case 1:
      return repeat(uint8_t{});
    case 2:
      return repeat(uint16_t{});
    case 4:
      return repeat(uint32_t{});
    default:
      return repeat(uint64_t{});
  }
}

// Gathers n elements `stride` apart.
void gather(std::byte* dst, const std::byte* src, int64_t size, int64_t stride, int64_t n) {
  const auto copy = [&]<class T>(T) {
    const T* from = reinterpret_cast<const T*>(src);
    T* to = reinterpret_cast<T*>(dst);
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
  };
  switch (size) {
    case 1:
      return copy(uint8_t{});
    case 2:
      return copy(uint16_t{});
    case 4:
      return copy(uint32_t{});
    default:
      return copy(uint64_t{});
  }
}

// Bytes of the widest element that a register holds.
int64_t widest_type(const Program& program) {
  int64_t bytes = 1;
  for (const Instruction& i : program.code)
    bytes = std::max({bytes, size_of(i.type), size_of(i.storage)});
  return bytes;
}

// By instruction: the array that its result is stored in and can be computed into, or -1.
std::vector<int> result_slots(const Program& program) {
  using Kind = Instruction::Kind;
  std::vector<int> slots(program.code.size(), -1);
  if (program.walk != Walk::flat && program.walk != Walk::rows) return slots;
  for (const Store& store : program.stores) {
    size_t c = program.code.size();
    while (c > 0 && program.code[c - 1].dst != store.reg) --c;
    const Instruction& i = program.code[c - 1];
    const bool computed = i.kind == Kind::map || i.kind == Kind::cast || i.kind == Kind::reduce;
    if (computed && i.type == store.storage) slots[c - 1] = store.slot;
  }
  return slots;
}

}  // namespace

bool runs_in_place(const Program& program) {
  using Kind = Instruction::Kind;
  if (program.walk != Walk::flat) return false;
  const std::vector<int> slots = result_slots(program);
  const auto computed =
      std::count_if(slots.begin(), slots.end(), [](int slot) { return slot >= 0; });
  if (computed != std::ssize(program.stores)) return false;  // some are copied
  const int last = program.space.ndim() - 1;
  for (size_t c = 0; c < program.code.size(); ++c) {
    const Instruction& i = program.code[c];
    const int64_t step = last < 0 ? 0 : i.form.coef[at(last)];
    const bool load = i.kind == Kind::load && i.sources == 0 && (step == 0 || step == 1);
    const bool read_there = (load || i.kind == Kind::scalar) && i.storage == i.type;
    const bool computed_there = i.chain.run && (i.brief || slots[c] >= 0);
    if (!read_there && !computed_there) return false;
  }
  return true;
}

bool reads_across(const Program& program, const Instruction& i, int axis) {
  constexpr int64_t kLine = 64;  // bytes that the cache fetches at once
  const int last = program.space.ndim() - 1;
  return i.kind == Instruction::Kind::load && !i.per_row && axis < last &&
         std::abs(i.form.coef[at(last)]) * size_of(i.storage) >= kLine &&
         std::abs(i.form.coef[at(axis)]) == 1;
}

int64_t tile_elements(const Program& program) {
  constexpr int64_t kCache = 32768, kMost = 1024;
  // Most loads and all numbers are read where they are, and results are computed where they are
  // stored; chains need a block.
  const std::vector<int> slots = result_slots(program);
  std::vector<char> filled(at(program.registers), 0);
  for (size_t c = 0; c < program.code.size(); ++c) {
    const Instruction& i = program.code[c];
    const bool in_place = i.kind == Instruction::Kind::scalar ||
                          (i.kind == Instruction::Kind::load && i.storage == i.type);
    if (i.dst >= 0 && !in_place && !i.brief && slots[c] < 0) filled[at(i.dst)] = 1;
  }
  const int64_t bytes = widest_type(program) * std::count(filled.begin(), filled.end(), 1);
  int64_t n = kMost;
  while (n > kTile && n * bytes > kCache) n /= 2;
  return n;
}

TileRunner::TileRunner(const Program& program, std::span<std::byte* const> slots, int64_t capacity)
    : program_(program), slots_(slots), elements_{program.space} {
  const int64_t tile = std::max<int64_t>((capacity * widest_type(program) + 63) / 64 * 64,
                                         static_cast<int64_t>(kChainBlockBytes));
  memory_ = std::make_unique_for_overwrite<std::byte[]>(at((program.registers + 1) * tile + 64));
  void* aligned = memory_.get();
  size_t room = at((program.registers + 1) * tile + 64);
  auto* start = static_cast<std::byte*>(std::align(64, 1, aligned, room));
  for (int r = 0; r <= program.registers; ++r) home_.push_back(start + r * tile);
  registers_.resize(at(program.registers));
  if (program.walk == Walk::rows) rows_.space = space_of_rows(program.space, program.row);
  for (const Instruction& i : program.code) {
    if (i.chained) {
      steps_.back().last = &i;
    } else {
      const Linear form = i.per_row ? row_form(program.space, rows_.space, i.form) : i.form;
      steps_.push_back({&i, &i, form});
    }
  }
  result_slots_ = result_slots(program);
}

void TileRunner::load(const Step& step, int64_t n, Register& dst) {
  const Instruction& i = *step.last;
  const Linear& form = step.form;
  const Cursor& cursor = i.per_row ? rows_ : elements_;
  const int64_t size = size_of(i.storage);
  const std::byte* array = slots_[at(i.slot)];
  const bool converts = i.storage != i.type;
  if (step.elements) {
    if (converts) return convert(step.elements, i.storage, dst.data, i.type, n);
    dst.data = const_cast<std::byte*>(step.elements);
    return;
  }
  // Raw elements are collected in the spare register when they still have to be converted.
  std::byte* raw = converts ? home_.back() : dst.data;
  const Register* inside = i.sources > 0 ? &registers_[at(i.src[0])] : nullptr;
  if (inside && inside->uniform) {
    if (!*reinterpret_cast<const bool*>(inside->data)) {
      std::memset(dst.data, 0, 8);
      dst.uniform = true;
      return;
    }
    inside = nullptr;
  }
  if (inside) {
    const bool* ok = reinterpret_cast<const bool*>(inside->data);
    cursor.for_runs(form, n, [&](int64_t value, int64_t step, int64_t place, int64_t length) {
      for (int64_t k = place; k < place + length; ++k, value += step) {
        if (ok[k]) {
          std::memcpy(raw + k * size, array + value * size, at(size));
        } else {
          std::memset(raw + k * size, 0, at(size));
        }
      }
    });
    if (converts) convert(raw, i.storage, dst.data, i.type, n);
    return;
  }
  const int last = cursor.space.ndim() - 1;
  const std::byte* source = raw;
  if (last < 0 ||
      cursor.index[at(last)] + n <= cursor.space[last]) {  // one run, copied only if needed
    const std::byte* first = array + cursor.value_of(form) * size;
    const int64_t step = last < 0 ? 0 : form.coef[at(last)];
    dst.uniform = step == 0 || n == 1;
    dst.next_line = last > 0 ? form.coef[at(last - 1)] * size : 0;
    if (!converts && (step == 1 || dst.uniform)) {
      dst.data = const_cast<std::byte*>(first);
      return;
    }
    if (dst.uniform) {
      convert(first, i.storage, dst.data, i.type, 1);
      return;
    }
    if (step == 1) {
      source = first;
    } else {
      gather(raw, first, size, step, n);
    }
  } else {
    cursor.for_runs(form, n, [&](int64_t value, int64_t step, int64_t place, int64_t length) {
      if (step == 1) {
        std::memcpy(raw + place * size, array + value * size, at(length * size));
      } else if (step == 0) {
        fill(raw + place * size, array + value * size, size, length);
      } else {
        gather(raw + place * size, array + value * size, size, step, length);
      }
    });
  }
  if (converts) convert(source, i.storage, dst.data, i.type, n);
}

void TileRunner::iota(const Instruction& i, const Linear& form, int64_t n, Register& dst) {
  auto* out = reinterpret_cast<int64_t*>(dst.data);
  (i.per_row ? rows_ : elements_)
      .for_runs(form, n, [&](int64_t value, int64_t step, int64_t place, int64_t length) {
        dst.uniform = length == n && (step == 0 || n == 1);
        const int64_t count = dst.uniform ? 1 : length;
        for (int64_t k = 0; k < count; ++k) out[place + k] = value + k * step;
      });
}

void TileRunner::guard(const Instruction& i, const Linear& form, int64_t n, Register& dst) {
  auto* out = reinterpret_cast<bool*>(dst.data);
  bool any = false, all = true;
  elements_.for_runs(form, n, [&](int64_t value, int64_t step, int64_t place, int64_t length) {
    for (int64_t k = 0; k < length; ++k) {
      const int64_t v = value + k * step;
      out[place + k] = v >= i.low && v <= i.high;
    }
  });
  if (i.sources > 0) {
    const Register& before = registers_[at(i.src[0])];
    const auto* ok = reinterpret_cast<const bool*>(before.data);
    for (int64_t k = 0; k < n; ++k) out[k] = out[k] && ok[before.uniform ? 0 : k];
  }
  for (int64_t k = 0; k < n; ++k) {
    any = any || out[k];
    all = all && out[k];
  }
  dst.uniform = !any || all;
}

const std::byte* TileRunner::contiguous(int reg, DType type, int64_t n) {
  Register& r = registers_[at(reg)];
  if (r.uniform) {
    alignas(8) std::byte value[8];
    std::memcpy(value, r.data, at(size_of(type)));
    r.data = home_[at(reg)];
    fill(r.data, value, size_of(type), n);
    r.uniform = false;
  }
  return r.data;
}

void TileRunner::store(const Store& store, int64_t begin, int64_t n) {
  const Register& r = registers_[at(store.reg)];
  const DType type = compute_type(store.storage);
  std::byte* out = slots_[at(store.slot)] + begin * size_of(store.storage);
  if (r.uniform) {
    alignas(8) std::byte value[8];
    convert(r.data, type, value, store.storage, 1);
    fill(out, value, size_of(store.storage), n);
  } else if (r.data != out) {
    convert(r.data, type, out, store.storage, n);
  }
}

// Where an instruction's result goes in a tile whose first element, or row, is `first`.
std::byte* TileRunner::result_of(const Instruction& i, int64_t first) const {
  const int slot = result_slots_[static_cast<size_t>(&i - program_.code.data())];
  return slot < 0 ? home_[at(i.dst)] : slots_[at(slot)] + first * size_of(i.type);
}

void TileRunner::chain(const Step& step, int64_t begin, int64_t n, int64_t lines) {
  using Place = ChainLink::Place;
  links_.clear();
  next_line_.clear();
  const auto add = [&](int code, const Register& r, const void* factor) {
    const Place place = r.uniform ? Place::number : r.brief ? Place::block : Place::elements;
    links_.push_back({code, place, r.data, factor});
    next_line_.push_back(r.next_line);
  };
  for (const Instruction* i = step.first; i <= step.last; ++i) {
    const int value = i->link >= 0 ? i->link : i->scaled == 0 ? 1 : 0, operand = 1 - value;
    if (i->link < 0) add(ChainLink::kLoad, registers_[at(i->src[value])], nullptr);
    if (i->sources == 1) {
      links_.push_back({i->chain.code, Place::none, nullptr, nullptr});
      next_line_.push_back(0);
    } else {
      const void* factor = i->scaled < 0 ? nullptr : registers_[at(i->src[2])].data;
      add(i->chain.code + value, registers_[at(i->src[operand])], factor);
    }
    if (i->dst < 0) continue;
    registers_[at(i->dst)] = {result_of(*i, begin), false, i->brief,
                              i->brief ? 0 : n * size_of(i->type)};
    add(ChainLink::kStore, registers_[at(i->dst)], nullptr);
  }
  const auto count = static_cast<int>(links_.size());
  for (int64_t line = 0; line < lines; ++line) {
    step.first->chain.run(links_.data(), count, n);
    for (size_t k = 0; k < links_.size() && line + 1 < lines; ++k)
      links_[k].data = static_cast<std::byte*>(links_[k].data) + next_line_[k];
  }
}

std::vector<ChainLink> TileRunner::links() {
  const auto chains = std::count_if(steps_.begin(), steps_.end(), [](const Step& step) {
    return step.last->chain.run != nullptr;
  });
  if (program_.space.ndim() != 1 || chains != 1 || steps_.back().last->chain.run == nullptr)
    return {};
  run(0, program_.space[0], 0);  // no line is computed
  return links_;
}

// Line l of what a step reads goes to to + l * pitch elements.
void TileRunner::transpose_step(const Step& step, int axis, int64_t lines, int64_t n, std::byte* to,
                                int64_t pitch) {
  const Instruction& i = *step.last;
  const int64_t size = size_of(i.storage);
  const std::byte* from = slots_[at(i.slot)] + elements_.value_of(step.form) * size;
  if (step.form.coef[at(axis)] < 0) {  // the lines lie in the opposite order
    from -= (lines - 1) * size;
    to += (lines - 1) * pitch * size;
    pitch = -pitch;
  }
  const TransposeFn transpose =
      TESSERA_SELECT(transposes).by_size[std::countr_zero(static_cast<uint64_t>(size))];
  transpose(from, step.form.coef[at(program_.space.ndim() - 1)], lines, n, to, pitch);
}

void TileRunner::run_block(int64_t begin, int64_t n, int axis, int64_t lines) {
  const Shape& space = program_.space;
  const int64_t pitch = space.slice(axis + 1, space.ndim()).numel();
  elements_.seek(begin, n);
  if (program_.code.size() == 1 && program_.stores.size() == 1 &&
      program_.stores[0].storage == program_.code[0].storage) {  // nothing but a transpose
    const Store& store = program_.stores[0];
    transpose_step(steps_[0], axis, lines, n,
                   slots_[at(store.slot)] + begin * size_of(store.storage), pitch);
    return;
  }
  for (Step& step : steps_) {
    const bool guarded = step.last->sources > 0;  // some elements must not be read
    if (guarded || !reads_across(program_, *step.last, axis)) continue;
    const int64_t size = size_of(step.last->storage);
    if (std::ssize(step.block) < lines * n * size) step.block.resize(at(lines * n * size));
    transpose_step(step, axis, lines, n, step.block.data(), n);
  }
  for (int64_t line = 0; line < lines; ++line) {
    for (Step& step : steps_) {
      if (!step.block.empty())
        step.elements = step.block.data() + line * n * size_of(step.last->storage);
    }
    run(begin + line * pitch, n);
  }
  for (Step& step : steps_) step.elements = nullptr;
}

void TileRunner::run(int64_t begin, int64_t n, int64_t lines) {
  using Kind = Instruction::Kind;
  const bool by_row = program_.walk == Walk::rows;
  const int64_t rows = by_row ? n / program_.row : 0, first_row = by_row ? begin / program_.row : 0;
  elements_.seek(begin, n * lines);
  if (by_row) rows_.seek(first_row, rows);
  for (const Step& step : steps_) {
    const Instruction& i = *step.last;
    if (i.chain.run) {
      chain(step, begin, n, lines);
      continue;
    }
    const int64_t count = i.per_row ? rows : n;
    Register& result = registers_[at(i.dst)];
    result = {result_of(i, i.per_row ? first_row : begin)};
    const Register* src[3] = {};
    for (int s = 0; s < i.sources; ++s) src[s] = &registers_[at(i.src[s])];
    switch (i.kind) {
      case Kind::load:
        load(step, count, result);
        break;
      case Kind::scalar:
        if (i.storage == i.type) {
          result.data = slots_[at(i.slot)];
        } else {
          convert(slots_[at(i.slot)], i.storage, result.data, i.type, 1);
        }
        result.uniform = true;
        break;
      case Kind::iota:
        iota(i, step.form, count, result);
        break;
      case Kind::guard:
        guard(i, step.form, n, result);
        break;
      case Kind::mask: {
        const bool* ok = reinterpret_cast<const bool*>(src[0]->data);
        if (src[0]->uniform) {
          if (*ok) {
            result = *src[1];
            // A register must not share its home with another that may be reused.
            if (result.data >= home_.front() && result.data <= home_.back()) {
              result.data = home_[at(i.dst)];
              std::memcpy(result.data, src[1]->data,
                          at((result.uniform ? 1 : n) * size_of(i.type)));
            }
          } else {
            std::memset(result.data, 0, 8);
            result.uniform = true;
          }
          break;
        }
        const int64_t size = size_of(i.type);
        for (int64_t k = 0; k < n; ++k) {
          if (ok[k]) {
            std::memcpy(result.data + k * size, src[1]->data + (src[1]->uniform ? 0 : k) * size,
                        at(size));
          } else {
            std::memset(result.data + k * size, 0, at(size));
          }
        }
        break;
      }
      case Kind::map: {
        const void* data[3] = {};
        unsigned uniform = 0;
        for (int s = 0; s < i.sources; ++s) {
          data[s] = src[s]->data;
          if (src[s]->uniform) uniform |= 1U << s;
        }
        if (uniform == (1U << i.sources) - 1) {
          result.data = home_[at(i.dst)];
          i.fn(result.data, data, 1, 0);
          result.uniform = true;
        } else {
          i.fn(result.data, data, count, uniform);
        }
        break;
      }
      case Kind::cast:
        result.uniform = src[0]->uniform;
        if (result.uniform) result.data = home_[at(i.dst)];
        convert(src[0]->data, i.from, result.data, i.type, result.uniform ? 1 : count);
        break;
      case Kind::round: {
        result.uniform = src[0]->uniform;
        const int64_t m = result.uniform ? 1 : count;
        convert(src[0]->data, f32, home_.back(), i.storage, m);
        convert(home_.back(), i.storage, result.data, f32, m);
        break;
      }
      case Kind::reduce: {
        if (program_.walk != Walk::rows) break;  // joined by the caller over many tiles
        const std::byte* values = contiguous(i.src[0], i.from, n);
        reduce_rows(i.reduction, i.from, values, rows, program_.row, result.data);
        break;
      }
      case Kind::expand: {
        const int64_t size = size_of(i.type);
        if (src[0]->uniform || rows == 1) {
          std::memcpy(result.data, src[0]->data, at(size));
          result.uniform = true;
        } else {
          fill(result.data, src[0]->data, size, program_.row, rows);
        }
        break;
      }
    }
  }
  if (program_.walk == Walk::flat || program_.walk == Walk::rows) {
    for (const Store& s : program_.stores) {
      if (s.per_row) {
        store(s, first_row, rows);
      } else {
        store(s, begin, n);
      }
    }
  }
}

}  // namespace tessera::cpu
