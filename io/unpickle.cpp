#include "io/unpickle.h"

#include <unordered_map>

#include "core/error.h"
#include "io/bytes.h"
#include "io/pickle_calls.h"

namespace tessera::io {

namespace {

using Index = Pickle::Index;
using PickleKind = PickleValue::Kind;

constexpr uint8_t kProtocol = 0x80, kStop = '.';
constexpr uint64_t kMemoBytes = 64;  // what an entry of the memo takes, about

// The machine that a pickle is a program for: opcodes push values onto a stack, combine those on
// top, and remember some in a memo.
class Machine {
 public:
  Machine(std::string_view bytes, const std::string& name)
      : reader_(bytes, name), pickle_(name, (64u << 20) + 16 * uint64_t{bytes.size()}) {}

  Pickle run() {
    require(is_pickle(reader_.take(std::min<size_t>(2, reader_.left()))),
            "{} is not a pickle of protocol 2 to 5", pickle_.name());
    for (uint8_t op = 0; (op = reader_.number<uint8_t>()) != kStop;) {
      const bool known =
          push_number(op) || push_text(op) || build_container(op) || use_memo(op) || call(op);
      require(known, "{}: the pickle has the opcode {:#04x}, which is not supported",
              pickle_.name(), op);
    }
    pickle_.root = pop();
    pickle_.length = reader_.position();
    return std::move(pickle_);
  }

 private:
  void push(Index value) {
    pickle_.charge(2 * sizeof(Index));
    stack_.push_back(value);
  }
  void push(PickleValue value) { push(pickle_.add(std::move(value))); }
  void push_integer(PickleKind kind, int64_t number) {
    PickleValue value;
    value.kind = kind;
    value.integer = number;
    push(std::move(value));
  }
  void push_bytes(PickleKind kind, std::string_view bytes) {
    PickleValue value;
    value.kind = kind;
    value.text = bytes;
    push(std::move(value));
  }
  Index pop() {
    const Index value = top();
    stack_.pop_back();
    return value;
  }
  Index top() const {
    require(stack_.size() > (marks_.empty() ? 0 : marks_.back()),
            "{}: the pickle is damaged: nothing is left on its stack", pickle_.name());
    return stack_.back();
  }
  std::vector<Index> pop_to_mark() {
    require(!marks_.empty(), "{}: the pickle is damaged: a mark is missing", pickle_.name());
    const auto first = stack_.begin() + static_cast<int64_t>(marks_.back());
    std::vector<Index> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }
  PickleValue& top_of_kind(PickleKind kind) {
    require(pickle_[top()].kind == kind, "{}: the pickle is damaged: {} is where {} should be",
            pickle_.name(), name_of(pickle_[top()].kind), name_of(kind));
    return pickle_[top()];
  }

  // Two's complement of any length.
  void push_long(uint64_t length) {
    const std::string_view bytes = reader_.take(length);
    if (length > sizeof(int64_t)) return push_bytes(PickleKind::big_integer, bytes);
    int64_t number = !bytes.empty() && (bytes.back() & 0x80) != 0 ? -1 : 0;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&number));
    push_integer(PickleKind::integer, number);
  }

  bool push_number(uint8_t op) {
    switch (op) {
      case 'N':  // NONE
        push_integer(PickleKind::none, 0);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push_integer(PickleKind::boolean, op == 0x88 ? 1 : 0);
        return true;
      case 'K':  // BININT1
        push_integer(PickleKind::integer, reader_.number<uint8_t>());
        return true;
      case 'M':  // BININT2
        push_integer(PickleKind::integer, reader_.number<uint16_t>());
        return true;
      case 'J':  // BININT
        push_integer(PickleKind::integer, reader_.number<int32_t>());
        return true;
      case 0x8a:  // LONG1
        push_long(reader_.number<uint8_t>());
        return true;
      case 0x8b:  // LONG4
        push_long(reader_.number<uint32_t>());
        return true;
      case 'G': {  // BINFLOAT
        PickleValue value;
        value.kind = PickleKind::real;
        value.real = reader_.number<double>(true);
        push(std::move(value));
        return true;
      }
      default:
        return false;
    }
  }

  bool push_text(uint8_t op) {
    switch (op) {
      case 'U':   // SHORT_BINSTRING, of Python 2
      case 0x8c:  // SHORT_BINUNICODE
        push_bytes(PickleKind::text, reader_.take(reader_.number<uint8_t>()));
        return true;
      case 'T':  // BINSTRING, of Python 2
      case 'X':  // BINUNICODE
        push_bytes(PickleKind::text, reader_.take(reader_.number<uint32_t>()));
        return true;
      case 0x8d:  // BINUNICODE8
        push_bytes(PickleKind::text, reader_.take(reader_.number<uint64_t>()));
        return true;
      case 'C':  // SHORT_BINBYTES
        push_bytes(PickleKind::bytes, reader_.take(reader_.number<uint8_t>()));
        return true;
      case 'B':  // BINBYTES
        push_bytes(PickleKind::bytes, reader_.take(reader_.number<uint32_t>()));
        return true;
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        push_bytes(PickleKind::bytes, reader_.take(reader_.number<uint64_t>()));
        return true;
      default:
        return false;
    }
  }

  bool build_container(uint8_t op) {
    switch (op) {
      case '(':  // MARK
        pickle_.charge(2 * sizeof(size_t));
        marks_.push_back(stack_.size());
        return true;
      case ')':  // EMPTY_TUPLE
        push(pickle_.add(PickleKind::tuple));
        return true;
      case ']':  // EMPTY_LIST
        push(pickle_.add(PickleKind::list));
        return true;
      case '}':  // EMPTY_DICT
        push(pickle_.add(PickleKind::dict));
        return true;
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push_tuple(op - 0x84);
        return true;
      case 't':  // TUPLE
        push(pickle_.add(PickleKind::tuple, pop_to_mark()));
        return true;
      case 'l':  // LIST
        push(pickle_.add(PickleKind::list, pop_to_mark()));
        return true;
      case 'd':  // DICT
        push_dict(pop_to_mark());
        return true;
      case 'a':  // APPEND
        extend(PickleKind::list, {pop()});
        return true;
      case 'e':  // APPENDS
        extend(PickleKind::list, pop_to_mark());
        return true;
      case 's': {  // SETITEM
        const Index value = pop(), key = pop();
        extend(PickleKind::dict, {key, value});
        return true;
      }
      case 'u':  // SETITEMS
        extend(PickleKind::dict, pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  void push_tuple(int size) {
    std::vector<Index> items(static_cast<size_t>(size));
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    push(pickle_.add(PickleKind::tuple, std::move(items)));
  }

  void push_dict(const std::vector<Index>& items) {
    push(pickle_.add(PickleKind::dict));
    extend(PickleKind::dict, items);
  }

  void extend(PickleKind kind, const std::vector<Index>& items) {
    top_of_kind(kind);
    require(kind != PickleKind::dict || items.size() % 2 == 0,
            "{}: the pickle is damaged: a key has no value", pickle_.name());
    for (const Index item : items) pickle_.append(top(), item);
  }

  bool use_memo(uint8_t op) {
    switch (op) {
      case 'q':  // BINPUT
        remember(reader_.number<uint8_t>());
        return true;
      case 'r':  // LONG_BINPUT
        remember(reader_.number<uint32_t>());
        return true;
      case 0x94:  // MEMOIZE
        remember(memo_.size());
        return true;
      case 'h':  // BINGET
        recall(reader_.number<uint8_t>());
        return true;
      case 'j':  // LONG_BINGET
        recall(reader_.number<uint32_t>());
        return true;
      case '0':  // POP
        pop();
        return true;
      case '1':  // POP_MARK
        pop_to_mark();
        return true;
      case '2':  // DUP
        push(top());
        return true;
      default:
        return false;
    }
  }

  void remember(uint64_t key) {
    pickle_.charge(kMemoBytes);
    memo_[key] = top();
  }

  void recall(uint64_t key) {
    const auto found = memo_.find(key);
    require(found != memo_.end(), "{}: the pickle is damaged: its memo has no entry {}",
            pickle_.name(), key);
    push(found->second);
  }

  bool call(uint8_t op) {
    switch (op) {
      case kProtocol:
        reader_.number<uint8_t>();
        return true;
      case 0x95:  // FRAME: how many bytes belong together
        reader_.number<uint64_t>();
        return true;
      case 'c': {  // GLOBAL
        const std::string_view module = reader_.take_line(), name = reader_.take_line();
        push(pickle_global(pickle_, module, name));
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const std::string_view name = top_of_kind(PickleKind::text).text;
        pop();
        const std::string_view module = top_of_kind(PickleKind::text).text;
        pop();
        push(pickle_global(pickle_, module, name));
        return true;
      }
      case 'R':     // REDUCE
      case 0x81: {  // NEWOBJ
        const Index arguments = pop(), callable = pop();
        push(pickle_call(pickle_, callable, arguments));
        return true;
      }
      case 'b': {  // BUILD
        const Index state = pop();
        pickle_build(pickle_, top(), state);
        return true;
      }
      case 'Q':  // BINPERSID
        push(pickle_storage(pickle_, pop()));
        return true;
      default:
        return false;
    }
  }

  ByteReader reader_;
  Pickle pickle_;
  std::vector<Index> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Index> memo_;
};

}  // namespace

Pickle unpickle(std::string_view bytes, const std::string& name) {
  return Machine(bytes, name).run();
}

bool is_pickle(std::string_view bytes) {
  return bytes.size() >= 2 && static_cast<uint8_t>(bytes[0]) == kProtocol && 2 <= bytes[1] &&
         bytes[1] <= 5;
}

}  // namespace tessera::io
