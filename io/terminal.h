#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera::io {

// What the program may do on a stream that a person may be looking at.
struct Terminal {
  bool redraw = false;   // lines can be overwritten: a terminal that is not "dumb"
  bool color = false;    // NO_COLOR switches colours off; FORCE_COLOR and CLICOLOR_FORCE on
  bool unicode = false;  // the locale is UTF-8
  int width = 80;        // columns
};

// Asks the environment about standard output (1) or standard error (2). Cheap: ask again when the
// window may have changed.
Terminal terminal(int file_descriptor);

// The columns a UTF-8 text takes: 2 for East Asian wide characters and emoji, 0 for combining
// marks, 1 for others and for each byte that is not UTF-8.
int text_width(std::string_view text);

// The text as one line that cannot move the cursor: line ends and tabs become spaces, other control
// characters and bytes that are not UTF-8 become '?'.
std::string one_line(std::string_view text);

// The text when it fits `width` columns, else its beginning and "…" (`...` without `unicode`).
std::string shorten(std::string_view text, int width, bool unicode = true);

// "850 ms", "4.2 s", "42 s", "3 min 5 s", "1 h 2 min", "2 d 3 h"; "?" for what is not a time.
std::string duration_text(double seconds);
// "0:42", "3:05", "1:02:03", "2 d 03:04:05"; "?" for what is not a time.
std::string clock_text(double seconds);

}  // namespace tessera::io
