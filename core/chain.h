#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera {

struct Program;

// Chains: cheap functions of real numbers that one loop computes for a block of elements at a time,
// one function after the other. The value stays in vector registers from link to link, so that a
// chain costs little more than a loop written for it alone.

// One link.
struct ChainLink {
  // Where the operand is.
  enum class Place : uint8_t {
    none,      // there is none
    elements,  // an array
    block,     // kChainBlockBytes that every block uses anew: from link to link of the same chain
    number,    // one element for all
  };
  static constexpr int kLoad = 0;   // the value becomes the operand
  static constexpr int kStore = 1;  // the value is written to the operand

  int code = kLoad;  // or that of a function, which makes f(value, operand) the value
  Place place = Place::none;
  void* data = nullptr;
  const void* factor = nullptr;  // a number that the operand is multiplied by first, or null
};

inline constexpr int kMaxLinks = 96;
inline constexpr size_t kChainBlockBytes = 512;

// Runs a chain over n elements.
using ChainFn = void (*)(const ChainLink* links, int count, int64_t n);

// How a function takes part. Functions of the same `run` can be in one chain; null if it cannot.
// Code `code` + 1 is f(operand, value).
struct ChainStep {
  ChainFn run = nullptr;
  int code = 0;
  bool is_product = false;    // value * operand, which may become the factor of an operand
  bool takes_factor = false;  // operands may have one
};

// Orders and marks instructions (Instruction::chained and what follows it) so that chains are few
// and long. Each instruction must write a register of its own. The same arithmetic is done in the
// same order of operands, so that results have the same bits.
void form_chains(Program& program);

}  // namespace tessera
