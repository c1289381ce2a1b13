# SPDX-License-Identifier: MIT
"""A case as a row of data: a machine, what boots on it, and what has to come of that."""
import os
import re
import subprocess
from dataclasses import dataclass, field

import images
import loader
from machine import POWER_OFF, ROOT, RUNNING, Failure, Machine, Shape

OPTIONS = "l1.exit=0xf4"
DIRECT = Shape(boot="direct", memory=128)
GRACE = 0.5      # a machine that must not end gets so long to do it nevertheless
REFUSED = r"plinth: refused: (.*)"
EXIT_VALUE = r"plinth: run: L1 exit value (\d+)"
FAULTS = r"plinth: (panic|panic in the panic's report): .*"


class Skip(Exception):
    """The reason not to run a case."""


@dataclass(frozen=True)
class Row:
    """refused: what the one refusal must match; without it, L1 must end with exit value 0.

    l1: bytes, the name of a payload, a function of the build directory that gives bytes, or None
    for no module at all.
    modules: (bytes, string) pairs behind it. direct: changes of loader.default_tags(); the
    machine then starts without GRUB. says, never: patterns of lines of COM1.
    """
    name: str
    l1: object = field(default_factory=images.elf)
    text: str = ""
    modules: tuple = ()
    options: str = OPTIONS
    shape: Shape = Shape(memory=128)
    direct: dict = None
    info: object = None      # function of the list of tags that gives the whole information
    tables: tuple = ()       # what loader.acpi() gave
    magic: int = loader.MAGIC
    refused: str = ""
    says: tuple = ()
    never: tuple = ()
    silent: bool = False     # COM1 shows nothing of Plinth
    end: object = POWER_OFF  # or RESET, or QEMU's status; RUNNING: it cannot, after `until`
    until: str = EXIT_VALUE
    seconds: int = 20
    skip: str = ""

    def run(self, build, work):
        """Raises Failure, or Skip."""
        if self.skip:
            raise Skip(self.skip)
        make = grub_medium if self.direct is None else direct_medium
        with Machine(self.shape, make(self, build, work), work) as machine:
            try:
                judge(self, machine, await_end(self, machine))
            finally:
                write(work, "com1", machine.text("com1").encode())


def payload_path(build, name):
    path = os.path.join(build, "payloads", f"{name}.elf")
    if not os.path.isfile(path):
        raise Failure(f"there is no {os.path.relpath(path)}; run make payloads")
    return path


def write(work, name, data):
    path = os.path.join(work, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def l1_bytes(row, build):
    if isinstance(row.l1, str):
        with open(payload_path(build, row.l1), "rb") as file:
            return file.read()
    return row.l1(build) if callable(row.l1) else row.l1 or b""


def make_iso(build, work, modules, options):
    """modules: (path, string) pairs; the medium that GRUB boots."""
    iso = os.path.join(work, "boot.iso")
    argv = [os.path.join(ROOT, "tools", "image"), os.path.join(build, "plinth.elf"), "-o", iso,
            "--options", options]
    for path, text in modules:
        argv += ["--module", f"{path}={text}"]
    done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure(f"no boot medium: {done.stderr.strip()}")
    return iso


def grub_medium(row, build, work):
    l1 = [] if row.l1 is None else [(l1_bytes(row, build), row.text)]
    modules = [(write(work, f"l1.{n}", data), text)
               for n, (data, text) in enumerate(l1 + list(row.modules))]
    return make_iso(build, work, modules, row.options)


def direct_medium(row, build, work):
    l1 = l1_bytes(row, build)
    tags = loader.default_tags(len(l1), row.shape.memory, row.options)
    tags["rsdp"] = loader.tag(loader.TAG_ACPI_OLD, row.tables[0]) if row.tables else None
    tags.update(row.direct)
    tags = [t for t in tags.values() if t is not None] + [loader.END]
    info = row.info(tags) if row.info else loader.information(tags)
    image = loader.direct_image(os.path.join(build, "plinth.elf"), info,
                                row.tables[1] if row.tables else b"", l1, row.magic)
    return write(work, "direct.elf", image)


def judge_lines(row, text):
    """Raise Failure when COM1 does not hold what the row wants."""
    fault = re.search(FAULTS, text)
    if fault:
        raise Failure(fault.group())
    refusals = re.findall(REFUSED, text)
    if len(refusals) != bool(row.refused):
        raise Failure(f"{len(refusals)} refusals: {' / '.join(refusals)}" if refusals else
                      "it was not refused")
    if row.refused and not re.search(row.refused, refusals[0]):
        raise Failure(f"refused for another reason: {refusals[0]}")
    for pattern in row.says:
        if not re.search(pattern, text, re.M):
            raise Failure(f"nothing says /{pattern}/")
    for pattern in row.never:
        found = re.search(f".*({pattern}).*", text, re.M)
        if found:
            raise Failure(f"it says: {found.group().strip()}")


def judge_l1(row, text):
    if isinstance(row.l1, str) and f"PAYLOAD {row.l1}: SUCCESS" not in text:
        found = re.search(rf"PAYLOAD {row.l1}: .*", text)
        raise Failure(found.group() if found else f"no verdict of {row.l1}")
    if row.silent or isinstance(row.end, int):
        return
    if re.findall(EXIT_VALUE, text) != ["0"]:
        raise Failure(f"L1's exit value is {re.findall(EXIT_VALUE, text) or 'missing'}")


def await_end(row, machine):
    if row.end == RUNNING:
        machine.expect("com1", row.until, row.seconds)
        return machine.await_end(GRACE)
    return machine.await_end(row.seconds)


def judge(row, machine, ended):
    """The log says why a machine did not end, so it goes first."""
    text = machine.text("com1")
    judge_lines(row, text)
    if row.silent and "plinth: " in text:
        raise Failure("Plinth's log is on COM1")
    if ended != row.end:
        raise Failure(f"the machine's end: {ended}, not {row.end}; {machine.last()}")
    if not row.refused:
        judge_l1(row, text)
