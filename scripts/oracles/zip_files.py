#!/usr/bin/env python3
"""Writes zip files of less usual kinds with Python, as fixtures for tests/io/zip_test.cpp."""

import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "io"
TEXT = b"so much depends upon a red wheel barrow " * 5


class Stream:
    """A file without seek(): sizes and checksums follow the data, in data descriptors."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(Stream(DATA / "zip_streamed.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TEXT)
        archive.writestr("folder/empty", b"")
    with zipfile.ZipFile(DATA / "zip64.zip", "w", zipfile.ZIP_STORED) as archive:
        with archive.open("a.txt", "w", force_zip64=True) as member:
            member.write(TEXT)
        archive.comment = b"PK\5\6 is not the end"
    with zipfile.ZipFile(DATA / "zip_bzip2.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.txt", TEXT)


main()
