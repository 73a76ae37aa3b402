#include "io/markup.h"

#include <doctest/doctest.h>

#include "tests/xml.h"

using namespace tessera::io;
using tessera::testing::xml_error;

TEST_SUITE("io/markup") {
  TEST_CASE("escaping") {
    CHECK(escape_markup("a < b && \"c\" > 'd'") ==
          "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
    CHECK(escape_markup("é脑🧠\n\t") == "é脑🧠\n\t");
    CHECK(escape_markup(std::string_view("\0\x1b\xFF", 3)) == "\uFFFD\uFFFD\uFFFD");
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    CHECK(xml_error("<a b=\"" + escape_markup(all) + "\">" + escape_markup(all) + "</a>") == "");
  }

  TEST_CASE("base64 (RFC 4648, section 10)") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("fooba") == "Zm9vYmE=");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xFB\xEF\xFF") == "++//");
    CHECK(data_uri("text/plain", "foo") == "data:text/plain;base64,Zm9v");
  }

  TEST_CASE("the check of well-formedness sees what is wrong") {
    CHECK(xml_error("<!doctype html>\n<a b=\"1\"><c/>x &amp; y</a>\n") == "");
    CHECK(xml_error("") == "no root");
    CHECK(xml_error("<a><b></a></b>") == "wrong end tag /a");
    CHECK(xml_error("<a>") == "never closed: a");
    CHECK(xml_error("<a/><b/>") == "a second root: b");
    CHECK(xml_error("<a/>x") == "text outside the root");
    CHECK(xml_error("<a b=1/>") == "a: attribute without quotes: b");
    CHECK(xml_error("<a b=\"1\" b=\"2\"/>") == "a: attribute twice: b");
    CHECK(xml_error("<a b=\"<\"/>") == "a: bare <");
    CHECK(xml_error("<a>&nbsp;</a>") == "unknown entity &nbsp;");
    CHECK(xml_error("<a>\xFF</a>") == "not UTF-8");
    CHECK(xml_error("<a>\x01</a>") == "control character");
  }
}
