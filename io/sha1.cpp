#include "io/sha1.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "io/bytes.h"

namespace tessera::io {

namespace {

constexpr size_t kBlock = 64;
using State = std::array<uint32_t, 5>;

void add_block(State& state, const char* block) {
  uint32_t w[80];
  for (size_t t = 0; t < 16; ++t) w[t] = number_at<uint32_t>(block + 4 * t, true);
  for (size_t t = 16; t < 80; ++t) {
    w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (size_t t = 0; t < 80; ++t) {
    const uint32_t f = t < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                       : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                       : t < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                : (b ^ c ^ d) + 0xca62c1d6;
    const uint32_t next = std::rotl(a, 5) + f + e + w[t];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

void append_big_endian(std::string& text, uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i));
}

}  // namespace

std::string sha1(std::string_view bytes) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const size_t whole = bytes.size() / kBlock * kBlock;
  for (size_t i = 0; i < whole; i += kBlock) add_block(state, bytes.data() + i);

  // The rest, a bit, zeros, and the length in bits.
  std::string rest(bytes.substr(whole));
  rest += '\x80';
  rest.resize((rest.size() + 8 + kBlock - 1) / kBlock * kBlock - 8);
  append_big_endian(rest, 8 * uint64_t{bytes.size()}, 8);
  for (size_t i = 0; i < rest.size(); i += kBlock) add_block(state, rest.data() + i);

  std::string digest;
  for (const uint32_t word : state) append_big_endian(digest, word, 4);
  return digest;
}

}  // namespace tessera::io
