#include "io/unpickle.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "tests/io/damage.h"

using namespace tessera;
using namespace std::string_literals;
using io::Pickle;
using testing::TemporaryFile;
using Kind = io::PickleValue::Kind;

namespace {

const std::string kBegin = "\x80\x04";

void load(const std::filesystem::path& path) {
  const std::string bytes = io::read_file(path);
  io::unpickle(bytes, path.string());
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_SUITE("io/unpickle") {
  TEST_CASE("numbers, texts and containers") {
    // [None, True, False, 7, 300, -2, 2**40, -1 (long), 2**70, 0.5, "text", b"bytes", (), (1, 2)]
    const std::string bytes = kBegin + "]("s + "N\x88\x89" + "K\x07" + "M\x2c\x01" +
                              "J\xfe\xff\xff\xff" + "\x8a\x06\0\0\0\0\0\x01"s + "\x8a\x01\xff" +
                              "\x8a\x09\0\0\0\0\0\0\0\0\x40"s + "G\x3f\xe0\0\0\0\0\0\0"s +
                              "\x8c\x04text" + "C\x05" + "bytes" + ")" + "K\x01K\x02\x86" +
                              "e.rest";
    const Pickle pickle = io::unpickle(bytes, "x");
    const auto& list = pickle[pickle.root];
    CHECK(list.kind == Kind::list);
    REQUIRE(list.items.size() == 14);
    const auto item = [&](size_t i) -> const io::PickleValue& { return pickle[list.items[i]]; };
    CHECK(item(0).kind == Kind::none);
    CHECK(item(1).kind == Kind::boolean);
    CHECK(item(1).integer == 1);
    CHECK(item(2).integer == 0);
    CHECK(item(3).integer == 7);
    CHECK(item(4).integer == 300);
    CHECK(item(5).integer == -2);
    CHECK(item(6).integer == int64_t{1} << 40);
    CHECK(item(7).integer == -1);
    CHECK(item(8).kind == Kind::big_integer);
    CHECK(item(9).real == 0.5);
    CHECK(item(10).text == "text");
    CHECK(item(11).kind == Kind::bytes);
    CHECK(item(13).items.size() == 2);
    CHECK(pickle.length == bytes.size() - 4);
  }

  TEST_CASE("dicts and the memo") {
    // d = {"a": 1}; d["self"] = d; d["b"] = 2
    const std::string bytes =
        kBegin + "}q\x05(\x8c\x01" + "aK\x01u" + "\x8c\x04selfh\x05s" + "\x8c\x01" + "b\x94K\x02s.";
    const Pickle pickle = io::unpickle(bytes, "x");
    const auto& dict = pickle[pickle.root];
    CHECK(pickle.find(dict, "a")->integer == 1);
    CHECK(pickle.find(dict, "b")->integer == 2);
    CHECK(pickle.find(dict, "self") == &dict);
  }

  TEST_CASE("a pickle that wants to call something is refused by name") {
    const TemporaryFile file("hostile.pkl");
    testing::check_refused(file,
                           "\x80\x02"
                           "cos\nsystem\nX\x02\0\0\0ls\x85R."s,
                           load, "os.system");
    testing::check_refused(file,
                           kBegin +
                               "\x8c\x08"
                               "builtins\x8c\x04"
                               "eval\x93"
                               "\x8c\x01"
                               "1\x85R.",
                           load, "builtins.eval");
    testing::check_refused(file, kBegin + "c__main__\nUNet\n)\x81}b.", load, "__main__.UNet");
    // Code that exploits look up through innocent names.
    testing::check_refused(file, kBegin + "cnumpy\ndtype.mro\n.", load, "numpy.dtype.mro");
    testing::check_refused(file, kBegin + "(S'ls'\nios\nsystem\n.", load, "opcode 0x53");
    testing::check_refused(file, kBegin + "\x82\x01.", load, "opcode 0x82");
  }

  TEST_CASE("a damaged pickle is an error that says why") {
    const TemporaryFile file("bad.pkl");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    refused("", "is not a pickle");
    refused("\x80", "is not a pickle");
    refused("(lp0\n.", "is not a pickle");
    refused("\x80\x06.", "is not a pickle");
    refused(kBegin + ".", "nothing is left on its stack");
    refused(kBegin + "(.", "nothing is left on its stack");
    refused(kBegin + "N", "truncated");
    refused(kBegin + "X\xff\xff\xff\x7f.", "truncated");
    refused(kBegin + "\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "truncated");
    refused(kBegin + "\x8b\xff\xff\xff\xff.", "truncated");
    refused(kBegin + "cos", "truncated");
    refused(kBegin + "h\x07.", "memo has no entry 7");
    refused(kBegin + "j\xff\xff\xff\xff.", "memo has no entry 4294967295");
    refused(kBegin + "}K\x01s.", "nothing is left");
    refused(kBegin + "](K\x01u.", "a list is where a dict should be");
    refused(kBegin + "}(K\x01u.", "a key has no value");
    refused(kBegin + "NK\x01" + "a.", "None is where a list should be");
    refused(kBegin + "Nt.", "a mark is missing");
    refused(kBegin + "K\x01K\x02\x93.", "an integer is where a text should be");
    refused(kBegin + "NN\x81.", "None cannot be called");
    refused(kBegin + "NNb.", "None cannot have a state");
    refused(kBegin + "NQ.", "a reference to a storage");
  }

  TEST_CASE("depth and cycles do not matter") {
    const std::string deep = kBegin + repeated("(", 200000) + repeated("t", 200000) + ".";
    CHECK(io::unpickle(deep, "x").size() == 200000);
    const std::string lists = kBegin + repeated("]", 200000) + repeated("a", 199999) + ".";
    CHECK(io::unpickle(lists, "x").size() == 200000);
    const std::string cycle = kBegin + "]\x94h\0"s + "a.";
    const Pickle pickle = io::unpickle(cycle, "x");
    CHECK(pickle[pickle.root].items == std::vector<Pickle::Index>{pickle.root});
  }

  TEST_CASE("a small pickle cannot fill the memory") {
    // A list of 100,000 pairs, made into a dict 100,000 times.
    const std::string pairs = repeated("h\0"s, 100000);
    const std::string bomb = kBegin + "NN\x86\x94" + "](" + pairs + "e\x94" +
                             repeated("ccollections\nOrderedDict\nh\x01\x85R", 100000) + ".";
    CHECK_THROWS_WITH_AS(io::unpickle(bomb, "x"), doctest::Contains("x: its values need more than"),
                         Error);
    // Entry 4294967295 of the memo.
    const std::string memo = kBegin + "Nr\xff\xff\xff\xff" + "j\xff\xff\xff\xff.";
    CHECK(io::unpickle(memo, "x").size() == 1);
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.pkl");
    for (const std::string name : {"numpy_2.pkl", "numpy_3.pkl", "numpy_5.pkl"}) {
      testing::check_survives_damage(io::read_file(testing::fixture(name)), file, load);
    }
  }
}
