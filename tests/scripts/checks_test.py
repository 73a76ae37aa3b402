"""Each check finds what it is there to find: small trees with one mistake each."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run(script, files):
    """Exit status and output of a script over a tree of the given files."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [sys.executable, str(SCRIPTS / script), root]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def header(*lines):
    return "\n".join(["#pragma once", "", "// A sentence.", *lines, ""])


class Layers(unittest.TestCase):
    def check(self, files, *expected):
        status, output = run("check_layers.py", files)
        self.assertEqual(status, 1 if expected else 0, output)
        self.assertEqual(len(output.splitlines()), len(expected) + 1, output)
        for text in expected:
            self.assertIn(text, output)

    def test_accepts_what_follows_the_arrows(self):
        self.check(
            {
                "core/shape.h": header("#include <vector>"),
                "core/shape.cpp": '#include "core/shape.h"\n#include <fmt/format.h>\n',
                "core/error.h": header("#include <fmt/format.h>"),
                "zoo/unet.h": header('#include "nn/module.h"', '#include "core/shape.h"'),
                "io/npy.h": header('#include "core/shape.h"'),
                "tests/core/shape_test.cpp": '#include "zoo/unet.h"\n#include "tests/near.h"\n',
                "README.md": "See https://example.org/work/a and docs/home/b.\n",
            }
        )

    def test_finds_an_include_against_the_arrows(self):
        for path, target in [
            ("core/a.h", "ops/b.h"),
            ("ops/a.h", "autograd/b.h"),
            ("io/a.h", "ops/b.h"),
            ("optim/a.h", "nn/b.h"),
            ("zoo/a.h", "io/b.h"),
            ("nn/loss/a.h", "optim/b.h"),
            ("bench/a.h", "tests/b.h"),
        ]:
            self.check({path: header(f'#include "{target}"')}, f"{path}:4: ")

    def test_leaves_the_header_of_everything_to_programs(self):
        self.check({"examples/a.cpp": '#include "tessera.h"\n'})
        self.check({"nn/a.h": header('#include "tessera.h"')}, "nn/a.h:4: ")
        self.check({"train/a.h": header('#include "tessera.h"')}, "train/a.h:4: ")

    def test_finds_an_include_that_does_not_start_at_the_root(self):
        self.check({"core/a.h": header('#include "b.h"')}, "core/a.h:4: ")
        self.check({"core/a.h": header('#include "../ops/b.h"')}, "core/a.h:4: ")
        self.check({"core/a.h": header("#include <core/b.h>")}, "core/a.h:4: ")

    def test_finds_fmt_outside_a_source_file(self):
        self.check({"core/a.h": header("#include <fmt/core.h>")}, "core/a.h:4: ")
        self.check({"ops/a.simd.inc": "#include <fmt/core.h>\n"}, "ops/a.simd.inc:1: ")

    def test_finds_a_careless_header(self):
        self.check({"nn/a.h": header("using namespace tessera;")}, "nn/a.h:4: ")
        self.check({"nn/a.h": "// Sentence.\n"}, "nn/a.h:1: no include guard")
        self.check({"nn/a.h": "#pragma once\n"}, "nn/a.h:1: no comment")

    def test_finds_a_source_file_without_test(self):
        self.check({"nn/loss/a.cpp": ""}, "nn/loss/a.cpp:1: no test; write tests/nn/loss/a_test.cpp")
        self.check({"examples/a.cpp": ""})

    def test_finds_a_name_without_idea(self):
        self.check({"core/utils.h": header()}, "core/utils.h:1: 'utils'")
        self.check({"core/common/a.h": header()}, "core/common/a.h:1: 'common'")
        self.check({"tests/image_helpers.h": header()}, "tests/image_helpers.h:1: 'image_helpers'")
        self.check({"core/commonplace.h": header()})

    def test_finds_a_long_file(self):
        self.check({"bench/a.cpp": "\n" * 500})
        self.check({"bench/a.cpp": "\n" * 501}, "bench/a.cpp:501: more than 500 lines")

    def test_finds_a_path_of_one_machine(self):
        place = "/".join(["", "home", "me"])
        self.check({"README.md": f"cd {place}\n"}, "README.md:1: path of one machine")
        self.check({".ci/run": f"cd {place}\n"}, ".ci/run:1: path of one machine")
        self.check({"examples/a.cpp": f'open("{place}/a.png");\n'}, "examples/a.cpp:1: path")


OPERATORS = header(
    "namespace tessera {",
    "struct TopK {",
    "  Tensor values, indices;",
    "};",
    "struct ConvOptions {",
    "  int stride = 1;",
    "};",
    "class Tape { Tensor hidden(int); };",
    "// Tensor in_comment(int);",
    "[[nodiscard]] Tensor conv(const Tensor& x, const Tensor& b = {}, const ConvOptions& o = {});",
    "inline Tensor twice(const Tensor& x) { if (x) { return x; } return add(x, x); }",
    "Tensors split(const Tensor& x);",
    "std::pair<Tensor, Tensor>",
    "moments(const Tensor& x);",
    "TopK topk(const Tensor& x);",
    "template <class... T> Tensor cat(T... x);",
    "Shape broadcast(const Tensor& x);",
    "Tensor operator+(const Tensor& a, const Tensor& b);",
    "namespace detail { Tensor internal(int); }",
    "#define TESSERA_UNARY_OPS(X) \\",
    "  X(relu, Relu)              \\",
    "  X(gelu, Gelu)",
    "#define TESSERA_DECLARE(name, Op) Tensor name(const Tensor& x);",
    "TESSERA_UNARY_OPS(TESSERA_DECLARE)",
    "Tensor last(const Tensor& x);",
    "}  // namespace tessera",
)
NAMES = ["cat", "conv", "gelu", "last", "moments", "relu", "split", "topk", "twice"]


class Operators(unittest.TestCase):
    def check(self, tests, missing):
        status, output = run("check_operators.py", {"ops/a.h": OPERATORS, "tests/ops/a.cpp": tests})
        self.assertEqual([line.split(":")[0] for line in output.splitlines()[:-1]], missing, output)
        self.assertEqual(status, 1 if missing else 0)

    def test_lists_every_operator_without_samples(self):
        self.check("", NAMES)
        self.check("// SAMPLES(conv)\n", NAMES)

    def test_counts_samples_one_by_one(self):
        self.check("".join(f"SAMPLES({name}) {{}}\n" for name in NAMES), [])
        self.check("".join(f"SAMPLES({name}) {{}}\n" for name in NAMES if name != "topk"), ["topk"])

    def test_counts_samples_of_a_whole_list(self):
        rest = [name for name in NAMES if name not in ("relu", "gelu")]
        self.check("#define ROW(name, Op) SAMPLES(name) {}\nTESSERA_UNARY_OPS(ROW)\n", rest)
        self.check("#define ROW(name, Op) CHECK(name)\nTESSERA_UNARY_OPS(ROW)\n", NAMES)


if __name__ == "__main__":
    unittest.main()
