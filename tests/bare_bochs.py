# SPDX-License-Identifier: MIT
"""A payload on Bochs without Plinth: GRUB boots it as the Multiboot1 kernel that it is.

What the payload finds there is what the architecture does, as far as Bochs knows it.
"""
import os
import re
import select
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from lib_run import machines  # noqa: E402

GRUB_MODULES = "normal multiboot boot serial terminal iso9660 search part_msdos part_gpt part_apple"
PROGRAM = "payload"  # GRUB leaves out the file's name, which payloads expect as the first word
END = re.compile(rb"PAYLOAD \S+: [A-Z]+[^\n]*\n")


def make_medium(elf, cmdline, modules, work):
    lines = ["serial --unit=0 --speed=115200", "terminal_output serial", "timeout=0",
             f"multiboot /payload.elf {PROGRAM} {cmdline}"]
    grafts = [f"payload.elf={elf}"]
    for number, word in enumerate(modules):
        path, _, string = word.partition("=")
        lines.append(f"module /module{number} {string}")
        grafts.append(f"module{number}={path}")
    config = os.path.join(work, "grub.cfg")
    with open(config, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["boot"]) + "\n")
    iso = os.path.join(work, "boot.iso")
    subprocess.run(["grub-mkrescue", f"--install-modules={GRUB_MODULES}", "--fonts=", "--locales=",
                    "--themes=", "-o", iso, f"boot/grub/grub.cfg={config}", *grafts],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return iso


def read_until_verdict(listener, process, timeout):
    """COM1's bytes up to the verdict, the emulator's end or the time-out."""
    data, uart, end = b"", None, time.monotonic() + timeout
    while time.monotonic() < end and not END.search(data):
        ready, _, _ = select.select([uart or listener], [], [], 0.2)
        if ready and uart is None:
            uart = listener.accept()[0]
        elif ready:
            piece = uart.recv(65536)
            data += piece
            if not piece:
                break
        elif process.poll() is not None:
            break
    return data, uart


def run(machine_name, elf, case, work):
    """(text of COM1, whether a verdict came, the emulator's last word)."""
    iso = make_medium(elf, case.cmdline, case.module_words(), work)
    listener = socket.create_server(("127.0.0.1", 0))
    machine = machines.MACHINES[machine_name]
    job = machines.Job(iso, case.smp, case.memory, "bios", "cdrom", case.deterministic, work,
                       listener.getsockname(), None)
    with subprocess.Popen(machine.command(machine, job), cwd=work, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            data, uart = read_until_verdict(listener, process, case.timeout)
        finally:
            process.kill()
        process.wait()
    if uart:
        uart.close()
    listener.close()
    word = f"time-out after {case.timeout} s"
    log = os.path.join(work, machine.log)
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            panics = [line for line in file if ">>PANIC<<" in line]
        word = panics[-1].strip() if panics else word
    return data.decode("utf-8", "replace"), bool(END.search(data)), word
