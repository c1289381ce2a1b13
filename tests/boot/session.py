# SPDX-License-Identifier: MIT
"""A conversation with Plinth's shell on COM2, while L1 does what a test has it do."""
import os
import re
import subprocess

import images
import loader
from machine import ROOT, Failure, Machine, Shape
from rows import OPTIONS, Skip, make_iso, payload_path, write

ANSWER_SECS = 2     # the shell answers within this, whatever L1 does
START_SECS = 20
PROMPT = "plinth> "
# L1 must never see an NMI of Plinth's; these are Linux's words for it.
STRAY_NMI = r"NMI received for unknown reason|Dazed and confused"


class Session:
    """A machine whose shell is spoken to. mode: human or records."""

    def __init__(self, machine, mode="human"):
        self.machine = machine
        self.mode = "human"
        machine.expect("com2", re.escape(PROMPT), START_SECS)
        self.settle()
        if mode == "records":
            self.ask("mode records")
            self.mode = "records"

    def settle(self):
        """Deals with all that the shell has said so far."""
        channel = self.machine.channels["com2"]
        channel.seen = len(channel.came)

    def type(self, keys):
        self.machine.send("com2", keys if isinstance(keys, bytes) else keys.encode("latin-1"))

    def reply(self, what, seconds=ANSWER_SECS):
        """All up to the next prompt, without carriage returns."""
        channel = self.machine.channels["com2"]
        start = channel.seen
        try:
            self.machine.expect("com2", rf"^{PROMPT}(\r\n)?\Z", seconds)
        except Failure:
            raise Failure(f"no answer to {what} within {seconds} s: "
                          f"{channel.raw()[start:][-120:]!r}") from None
        return channel.raw()[start:].replace("\r", "")

    def ask(self, line, seconds=ANSWER_SECS):
        """The answer to a command, without echo and prompt."""
        self.settle()
        self.type(line + "\r")
        text = self.reply(f"'{line[:60]}'", seconds)
        if self.mode == "human":
            text = text.partition("\n")[2]
        return text.rpartition(PROMPT)[0]

    def records(self, line, seconds=ANSWER_SECS):
        """(records of the answer, status) in mode records."""
        text = self.ask(line, seconds)
        *body, last = [part for part in text.split("\n") if part] or [""]
        found = re.fullmatch(r"end command=(\S+) status=(\S+)", last)
        if not found:
            raise Failure(f"'{line[:60]}' has no end record but '{last[-100:]}'")
        return body, found.group(2)

    def stat(self, name, cpu=""):
        """The value of a counter; 0 when it is not listed."""
        body, _ = self.records(f"stat {cpu}".strip())
        values = [line.rpartition("value=")[2] for line in body if f"name={name} " in line]
        return sum(int(value) for value in values)


def check(ok, words):
    if not ok:
        raise Failure(words)


def expect_lines(what, text, patterns):
    for pattern in patterns:
        check(re.search(pattern, text, re.M), f"{what}: no /{pattern}/ in {text[-300:]!r}")


class SpinMachine(Machine):
    """Plinth with the payload `spin` as L1, running when this returns."""

    def __init__(self, build, work, words="", smp=2, options=OPTIONS, **shape):
        with open(payload_path(build, "spin"), "rb") as file:
            l1 = file.read()
        shape = Shape(**{"boot": "direct", "memory": 128, "smp": smp, **shape})
        tags = loader.default_tags(len(l1), shape.memory, options)
        text = f"cpus={smp} {words}".encode() + b"\0"
        tags["l1"] = loader.module(loader.L1_AT, loader.L1_AT + len(l1), text)
        info = loader.information([*tags.values(), loader.END])
        image = loader.direct_image(os.path.join(build, "plinth.elf"), info, b"", l1)
        super().__init__(shape, write(work, "direct.elf", image), work)

    def __enter__(self):
        self.expect("com1", r"^spin: \d+ CPUs", START_SECS)
        return self

    def check_alive(self):
        """L1 prints another beat."""
        self.channels["com1"].seen = len(self.channels["com1"].came)
        self.expect("com1", r"^beat \d+\r$", ANSWER_SECS + 1)


def tool(build, name, *arguments):
    """The last line that one of the project's tools prints."""
    done = subprocess.run([os.path.join(ROOT, "tools", name), "--build", build, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().split("\n")[-1]
        raise Skip(f"no Linux to boot: {words}")
    return done.stdout.strip()


def vmlinuz(build):
    with open(os.path.join(tool(build, "kernel", "cloud"), "vmlinuz"), "rb") as file:
        return file.read()


def linux_iso(build, work, words, options=OPTIONS):
    """Debian's kernel with the project's root file system and these words for it."""
    kernel = os.path.join(tool(build, "kernel", "cloud"), "vmlinuz")
    initrd = tool(build, "rootfs", "--kernel", "cloud", "--small")
    line = ("console=ttyS0,115200 quiet panic=-1 nokaslr mitigations=off cryptomgr.notests "
            f"random.trust_cpu=on {words}")
    return make_iso(build, work, [(kernel, line), (initrd, "")], options)


def padded_elf(size, **changes):
    """An ELF kernel of so many bytes, so that the boot loader puts all where it was before."""
    return images.elf(**changes).ljust(size, b"\0")
