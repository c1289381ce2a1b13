# SPDX-License-Identifier: MIT
"""L1 images that want Plinth's own memory; where that is, Plinth says itself."""
import functools
import os
import re
import tempfile
from dataclasses import dataclass

from images import Segment
from machine import Failure, Machine, Shape
from rows import OPTIONS, Row, make_iso, payload_path
from session import Session, expect_lines, padded_elf

SHAPE = Shape(memory=128)
REFUSAL = "segment lies where L1 has no RAM"
PAGE = 0x1000


@functools.cache
def ask_where(build):
    """{name: (start, end)} of Plinth's image and heap, by its shell."""
    with tempfile.TemporaryDirectory(prefix="plinth-boot-") as work:
        return read_places(build, work)


def read_places(build, work):
    path = payload_path(build, "spin")
    with Machine(SHAPE, make_iso(build, work, [(path, "")], OPTIONS), work) as machine:
        body, _ = Session(machine, "records").records("mem")
        log = machine.text("com1")
    places = re.findall(r"plinth (image|heap)=(\w+) size=(\w+)", "\n".join(body))
    if len(places) != 2:
        raise Failure(f"the shell does not say where Plinth is: {body}")
    where = {name: (int(base, 16), int(base, 16) + int(size, 16)) for name, base, size in places}
    expect_lines("the log", log, (f"MiB at {where['heap'][0]:x} for Plinth",))
    return where


@dataclass(frozen=True)
class Place:
    """A segment at an offset from one end of a part of Plinth."""
    name: str
    part: str
    end: int        # 0: its start, 1: its end
    offset: int
    size: int = 64
    refused: str = REFUSAL

    def run(self, build, work):
        base = ask_where(build)[self.part][self.end] + self.offset
        segments = (Segment(), Segment(data=b"x" * 64, paddr=base, memsz=self.size))
        image = padded_elf(os.path.getsize(payload_path(build, "spin")), segments=segments)
        Row(self.name, l1=image, shape=SHAPE, refused=self.refused).run(build, work)


CASES = (
    Place("over-heap-start", "heap", 0, 0),
    Place("over-heap-edge", "heap", 0, -32),
    Place("over-heap-end", "heap", 1, -64),
    Place("over-image-start", "image", 0, 0),
    Place("over-image-edge", "image", 0, -32),
    Place("over-image-end", "image", 1, -64),
    Place("over-image-all", "image", 0, -PAGE, size=2 << 20),
    Place("above-image", "image", 1, 0, refused=""),
)
