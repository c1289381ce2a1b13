# SPDX-License-Identifier: MIT
"""One QEMU with Plinth on it, for tests that need more of the machine than tools/run asks for.

Its serial ports and its monitor are socket pairs that are served here, in one
thread; every wait has an end. Knows nothing of what a test expects.
"""
import ctypes
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from lib_run import machines  # noqa: E402

CHUNK = 65536
CONTROL_SEQUENCE = re.compile("\x1b\\[[0-9;?=]*[A-Za-z]")
PR_SET_PDEATHSIG = 1
TICK = 0.05
STALLED_BUFFER = 2048  # of a serial port whose other end does not read

POWER_OFF, RESET, RUNNING = "power-off", "reset", "running"
ENDS = {"guest-shutdown": POWER_OFF, "guest-reset": RESET}


class Failure(Exception):
    """One line: what the machine did other than it should."""


@dataclass(frozen=True)
class Shape:
    """A machine. serial: how many ports; stalled: COM1's other end takes nothing."""
    cpu: str = "EPYC,+vgif"
    machine: str = "q35"
    memory: int = 256        # MiB
    smp: int = 1
    firmware: str = "bios"
    boot: str = "cdrom"      # usb; or direct: QEMU loads a Multiboot1 file itself
    serial: int = 2
    stalled: bool = False
    exit_device: bool = False  # QEMU ends with 2 * v + 1 when v is written to port F4h
    more: tuple = ()


class Channel:
    """One socket of the machine: what came, and what still has to go."""

    def __init__(self, reads=True):
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        if not reads:
            for end in (self.ours, self.theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STALLED_BUFFER)
        self.reads = reads
        self.came = bytearray()
        self.waiting = bytearray()
        self.seen = 0  # expect() has dealt with so much of what came
        self.ended = False

    def raw(self):
        return self.came.decode("latin-1")

    def text(self):
        return CONTROL_SEQUENCE.sub("", self.raw()).replace("\r", "")

    def send(self):
        try:
            while self.waiting:
                del self.waiting[:self.ours.send(self.waiting[:CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            self.waiting.clear()

    def receive(self):
        try:
            data = self.ours.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.came += data
        self.ended = not data


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def command_line(shape, medium, channels, work):
    job = machines.Job(medium, shape.smp, shape.memory, shape.firmware, shape.boot, False, work,
                       None, None)
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-M", shape.machine, "-cpu", shape.cpu,
            "-m", str(shape.memory), "-smp", str(shape.smp), "-nodefaults", "-no-user-config",
            "-display", "none", "-vga", "none", "-no-reboot"]
    for name, channel in channels.items():
        argv += ["-chardev", f"socket,id={name},fd={channel.theirs.fileno()}"]
        argv += ["-mon", "chardev=monitor,mode=control"] if name == "monitor" else \
                ["-serial", f"chardev:{name}"]
    if shape.exit_device:
        argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if shape.boot == "direct":
        argv += ["-kernel", medium]
    else:
        argv += machines.qemu_firmware(job) + machines.qemu_medium(job)
    return argv + list(shape.more)


class Machine:
    """A running QEMU; a context manager, so that it never outlives its test."""

    def __init__(self, shape, medium, work):
        names = ["monitor"] + [f"com{n}" for n in range(1, shape.serial + 1)]
        self.channels = {name: Channel(not (shape.stalled and name == "com1")) for name in names}
        argv = command_line(shape, medium, self.channels, work)
        self.errors = os.path.join(work, "qemu.errors")
        with open(self.errors, "wb") as file:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=work,
                pass_fds=[c.theirs.fileno() for c in self.channels.values()],
                preexec_fn=die_with_parent)
        self.started = time.monotonic()
        for channel in self.channels.values():
            channel.theirs.close()
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for channel in self.channels.values():
            channel.ours.close()

    # What flows.

    def turn(self, wait=TICK):
        """Serve what is ready."""
        with selectors.DefaultSelector() as selector:
            for channel in self.channels.values():
                events = (selectors.EVENT_READ if channel.reads and not channel.ended else 0) | \
                         (selectors.EVENT_WRITE if channel.waiting else 0)
                if events:
                    selector.register(channel.ours, events, channel)
            if not selector.get_map():
                time.sleep(wait)
                return
            for key, events in selector.select(wait):
                if events & selectors.EVENT_READ:
                    key.data.receive()
                if events & selectors.EVENT_WRITE:
                    key.data.send()

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn(min(TICK, max(0.0, end - time.monotonic())))

    def send(self, name, data):
        self.channels[name].waiting += data
        self.channels[name].send()

    def ask(self, command, **arguments):
        """An order to QEMU's monitor; the answer is not waited for."""
        order = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self.send("monitor", json.dumps(order).encode() + b"\n")

    # What is waited for.

    def expect(self, name, pattern, seconds):
        """Wait until the port says what matches, after what matched before; the match."""
        channel = self.channels[name]
        end = time.monotonic() + seconds
        while True:
            found = re.compile(pattern, re.M).search(channel.raw(), channel.seen)
            if found:
                channel.seen = found.end()
                return found
            if channel.ended or self.process.poll() is not None and not self.drain():
                raise Failure(f"the machine ended without /{pattern}/ on {name}; {self.last(name)}")
            if time.monotonic() >= end:
                raise Failure(f"no /{pattern}/ on {name} within {seconds} s; {self.last(name)}")
            self.turn()

    def drain(self):
        """Take what an ended QEMU has left in its sockets; whether there was any."""
        before = sum(len(c.came) for c in self.channels.values())
        self.turn(0)
        return sum(len(c.came) for c in self.channels.values()) > before

    def await_end(self, seconds):
        """How the machine ends: POWER_OFF, RESET, QEMU's exit status, or RUNNING when not."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() >= end:
                return RUNNING
            self.turn()
        while self.drain():
            pass
        reasons = re.findall(r'"event": "SHUTDOWN".*"reason": "([a-z-]+)"', self.text("monitor"))
        if reasons:
            return ENDS.get(reasons[-1], reasons[-1])
        return self.process.returncode

    # What was said.

    def text(self, name):
        return self.channels[name].text() if name in self.channels else ""

    def last(self, name="com1"):
        lines = [line for line in self.text(name).split("\n") if line.strip()]
        if lines:
            return f"last line: {lines[-1].strip()[-160:]}"
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            words = machines.explain_end(file.read())
        return f"no output{f' ({words})' if words else ''}"
