#include "io/pickle_calls.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Pickle;
using io::PickleValue;
using Index = Pickle::Index;
using Kind = PickleValue::Kind;

namespace {

struct Calls {
  Pickle pickle{"x", 1 << 20};

  Index add(Kind kind, std::string_view text, int64_t integer = 0) {
    PickleValue value;
    value.kind = kind;
    value.text = text;
    value.integer = integer;
    return pickle.add(value);
  }
  Index text(std::string_view text) { return add(Kind::text, text); }
  Index integer(int64_t number) { return add(Kind::integer, "", number); }
  Index tuple(std::vector<Index> items) { return pickle.add(Kind::tuple, std::move(items)); }
  Index global(const char* module, const char* name) {
    return io::pickle_global(pickle, module, name);
  }
  const PickleValue& call(const char* module, const char* name, std::vector<Index> arguments) {
    return pickle[io::pickle_call(pickle, global(module, name), tuple(std::move(arguments)))];
  }
};

}  // namespace

TEST_SUITE("io/pickle_calls") {
  TEST_CASE("what is not listed is refused by name") {
    Calls c;
    for (const auto& [module, name] : {std::pair("os", "system"),
                                       {"posix", "system"},
                                       {"builtins", "eval"},
                                       {"builtins", "getattr"},
                                       {"torch", "load"},
                                       {"numpy", "load"},
                                       {"collections", "OrderedDict.update"},
                                       {"", ""},
                                       {"torch._utils", "_rebuild_sparse_tensor"}}) {
      const std::string full = std::string(module) + "." + name;
      CHECK_THROWS_WITH_AS(c.global(module, name),
                           doctest::Contains(("x: the pickle wants to use " + full).c_str()),
                           Error);
    }
  }

  TEST_CASE("containers and bytes") {
    Calls c;
    CHECK(c.call("collections", "OrderedDict", {}).kind == Kind::dict);
    const Index list = c.pickle.add(Kind::list, {c.tuple({c.text("a"), c.integer(1)})});
    const PickleValue& dict = c.call("collections", "OrderedDict", {list});
    REQUIRE(c.pickle.find(dict, "a") != nullptr);
    CHECK(c.pickle.find(dict, "a")->integer == 1);
    const Index broken = c.pickle.add(Kind::list, {c.tuple({c.text("a")})});
    CHECK_THROWS_AS(c.call("collections", "OrderedDict", {broken}), Error);

    CHECK(c.call("_codecs", "encode", {c.text("a\xc3\xbf\xc2\x80"), c.text("latin1")}).text ==
          "a\xff\x80");
    CHECK_THROWS_AS(c.call("_codecs", "encode", {c.text("\xe2\x82\xac"), c.text("latin1")}), Error);
    CHECK_THROWS_AS(c.call("_codecs", "encode", {c.text("a\xc3"), c.text("latin1")}), Error);
    CHECK_THROWS_AS(c.call("_codecs", "encode", {c.text("a"), c.text("rot13")}), Error);
    CHECK_THROWS_AS(c.call("_codecs", "encode", {c.text("a")}), Error);
    CHECK(c.call("__builtin__", "bytes", {}).text.empty());
    CHECK(c.call("torch", "Size", {c.tuple({c.integer(3)})}).items.size() == 1);
    CHECK_THROWS_AS(c.call("torch", "Size", {c.text("a")}), Error);
  }

  TEST_CASE("arrays of NumPy") {
    Calls c;
    const Index dtype = io::pickle_call(c.pickle, c.global("numpy", "dtype"),
                                        c.tuple({c.text("i2"), c.integer(0), c.integer(1)}));
    io::pickle_build(c.pickle, dtype, c.tuple({c.integer(3), c.text(">")}));
    CHECK(c.pickle[dtype].type == io::parse_numpy_type(">i2", "x"));
    CHECK_THROWS_WITH_AS(c.call("numpy", "dtype", {c.text("O8")}), doctest::Contains("'O8'"),
                         Error);

    const Index bytes = c.add(Kind::bytes, "abcd");
    const PickleValue& scalar = c.call("numpy.core.multiarray", "scalar", {dtype, bytes});
    CHECK(scalar.kind == Kind::array);
    CHECK(c.pickle.shape(c.pickle[scalar.items[0]]) == Shape{});

    const Index array =
        io::pickle_call(c.pickle, c.global("numpy._core.multiarray", "_reconstruct"),
                        c.tuple({c.global("numpy", "ndarray"), c.tuple({c.integer(0)}), bytes}));
    CHECK_THROWS_AS(c.pickle.shape(c.pickle[c.pickle[array].items[0]]), Error);  // no state yet
    const Index yes = c.add(Kind::boolean, "", 1), shape = c.tuple({c.integer(2)});
    io::pickle_build(c.pickle, array, c.tuple({c.integer(1), shape, dtype, yes, bytes}));
    CHECK(c.pickle[array].type.size == 2);
    CHECK(c.pickle[array].integer == 1);
    CHECK(c.pickle.shape(c.pickle[c.pickle[array].items[0]]) == Shape{2});
    for (const Index wrong : {c.tuple({}), c.integer(1), c.tuple({c.integer(1), shape, dtype, yes}),
                              c.tuple({c.integer(1), shape, dtype, yes, c.pickle.add(Kind::list)}),
                              c.tuple({c.integer(1), bytes, dtype, yes, bytes})}) {
      CHECK_THROWS_AS(io::pickle_build(c.pickle, array, wrong), Error);
    }
    CHECK_THROWS_AS(io::pickle_build(c.pickle, shape, shape), Error);
  }

  TEST_CASE("tensors of PyTorch") {
    Calls c;
    const Index reference = c.tuple({c.text("storage"), c.global("torch", "HalfStorage"),
                                     c.text("7"), c.text("cpu"), c.integer(10)});
    const Index storage = io::pickle_storage(c.pickle, reference);
    CHECK(c.pickle[storage].text == "7");
    CHECK(c.pickle[storage].integer == 10);
    const Index size = c.tuple({c.integer(2)}), stride = c.tuple({c.integer(1)});
    const PickleValue& tensor =
        c.call("torch._utils", "_rebuild_tensor_v2", {storage, c.integer(3), size, stride});
    CHECK(tensor.kind == Kind::tensor);
    CHECK(tensor.integer == 3);
    CHECK(io::dtype_of(tensor.type) == f16);
    const Index none = c.pickle.add(Kind::none);
    const PickleValue& typed =
        c.call("torch._utils", "_rebuild_tensor_v3",
               {storage, c.integer(3), size, stride, none, none, c.global("torch", "uint16")});
    CHECK(io::dtype_of(typed.type) == i32);
    CHECK_THROWS_AS(c.call("torch._utils", "_rebuild_tensor_v3",
                           {storage, c.integer(3), size, stride, none, none, none}),
                    Error);
    CHECK_THROWS_AS(c.call("torch._utils", "_rebuild_tensor_v2", {storage, size, size, stride}),
                    Error);
    CHECK_THROWS_AS(c.call("torch._utils", "_rebuild_tensor_v2", {size}), Error);
    CHECK_THROWS_WITH_AS(io::pickle_storage(c.pickle, c.tuple({c.text("module")})),
                         "x: the reference \"module\" is not known", Error);
    CHECK_THROWS_AS(io::pickle_storage(c.pickle, none), Error);
    const std::string long_key(101, '7');
    const Index too_long = c.tuple({c.text("storage"), c.global("torch", "HalfStorage"),
                                    c.text(long_key), c.text("cpu"), c.integer(10)});
    CHECK_THROWS_WITH_AS(io::pickle_storage(c.pickle, too_long),
                         "x: the key of a storage has 101 bytes", Error);
  }

  TEST_CASE("only functions can be called") {
    Calls c;
    const Index none = c.pickle.add(Kind::none), empty = c.tuple({});
    CHECK_THROWS_WITH_AS(io::pickle_call(c.pickle, none, empty), "x: None cannot be called", Error);
    CHECK_THROWS_AS(io::pickle_call(c.pickle, c.global("numpy", "ndarray"), empty), Error);
    CHECK_THROWS_AS(io::pickle_call(c.pickle, c.global("torch", "float32"), empty), Error);
    CHECK_THROWS_AS(io::pickle_call(c.pickle, c.global("numpy", "dtype"), none), Error);
    CHECK_THROWS_AS(io::pickle_call(c.pickle, c.global("torch", "device"), empty), Error);
  }
}
