# What the project needs from Debian or Ubuntu, and its installation; sourced by other scripts.
# Each line: package, then the command, header or folder that it provides.

to_build() {
  cat <<'LIST'
g++ c++
cmake cmake
ninja-build ninja
python3 python3
libfmt-dev fmt/format.h
nlohmann-json3-dev nlohmann/json.hpp
libcli11-dev CLI/CLI.hpp
libstb-dev stb/stb_image.h
zlib1g-dev zlib.h
LIST
}
to_test() {
  to_build
  echo "doctest-dev doctest/doctest.h"
}
# Without these the build or packed files are slower, TIFF or DICOM files cannot be read, or a check says that it was
# skipped.
optional_to_build() {
  cat <<'LIST'
ccache ccache
libdeflate-dev libdeflate.h
libtiff-dev tiffio.h
libgdcm-dev /usr/include/gdcm-3.0
LIST
}
optional_to_test() {
  optional_to_build
  cat <<'LIST'
clang-format-14 clang-format-14
clang-tidy-14 clang-tidy-14
libonnx-testdata /usr/share/libonnx-testdata
LIST
}

missing() {
  while read -r package proof; do
    case $proof in
      /*) test -d "$proof" ;;
      *.h | *.hpp) echo "#include <$proof>" | c++ -E -x c++ - ;;
      *) command -v "$proof" ;;
    esac >/dev/null 2>&1 || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# install_missing build|test: installs what `to_...` lists, and tries what `optional_to_...` lists.
install_missing() {
  local needed wanted package
  mapfile -t needed < <("to_$1" | missing)
  mapfile -t wanted < <("optional_to_$1" | missing)
  [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ] || return 0
  echo "not installed: ${needed[*]} ${wanted[*]}"
  if command -v apt-get >/dev/null; then
    as_root apt-get update -q || echo "no new package lists; going on with the known ones"
    [ ${#needed[@]} -eq 0 ] || install "${needed[@]}"
    for package in "${wanted[@]}"; do
      install "$package" || echo "no package $package here; going on without it"
    done
  elif [ ${#needed[@]} -gt 0 ]; then
    echo "please install what Debian calls ${needed[*]}" >&2
    return 1
  fi
}

# Lets a second clone of the repository reuse what the first one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
