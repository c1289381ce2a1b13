# SPDX-License-Identifier: MIT
"""Machines on which Plinth must run L1, and its options, good and odd."""
from dataclasses import dataclass

from images import bzimage
from machine import POWER_OFF, RUNNING, Machine, Shape
from rows import OPTIONS, Row, write
from session import check, expect_lines, linux_iso

HELLO = "greeting=bonjour last"
LINUX_SECS = 90
STALLED_OK = 1  # QEMU's status when L1 has written 0 to the exit device


def boot(name, says=(), **shape):
    """The payload `hello`, which judges the state that L1 starts in."""
    memory = shape.pop("memory", 256)
    return Row(f"boot-{name}", l1="hello", text=HELLO, says=says,
               shape=Shape(memory=memory, **shape))


def ram(name, memory, words, **shape):
    """The payload `ram`, which touches what the memory map lists."""
    return Row(name, l1="ram", text=words, shape=Shape(memory=memory, **shape))


def option(name, words, says=(), never=("unknown option", "is not accepted"), **more):
    row = {"l1": "hello", "text": HELLO, "shape": Shape(memory=256), **more}
    return Row(f"option-{name}", options=f"{OPTIONS} {words}".strip(), says=says, never=never,
               **row)


def odd(name, words, says, **more):
    return option(name, words, says=says, never=(), **more)


def cpus(count, more=""):
    return {"l1": "smp", "text": f"cpus={count} {more}".strip()}


MACHINES = (
    boot("bios-cdrom"),
    boot("bios-usb", boot="usb"),
    ram("boot-uefi-cdrom", 256, "least=150M most=256M", firmware="uefi"),
    ram("boot-uefi-usb", 256, "least=150M most=256M", firmware="uefi", boot="usb"),
    boot("i440fx", machine="pc"),
    Row("boot-i440fx-2cpu", **cpus(2), shape=Shape(machine="pc", smp=2)),
    Row("boot-uefi-2cpu", **cpus(2), shape=Shape(firmware="uefi", smp=2)),
    Row("boot-8cpu", **cpus(8), shape=Shape(smp=8, memory=512), seconds=60,
        says=("8 CPUs, .* L1 starts",), never=("stays off",)),
    Row("boot-8cpu-l1-cpus", **cpus(8), shape=Shape(smp=8, memory=512), seconds=60,
        options=f"{OPTIONS} l1.cpus=8", says=("8 CPUs, .* L1 starts",), never=("stays off",)),
    Row("boot-hotplug-slot", **cpus(1), shape=Shape(more=("-smp", "1,maxcpus=4")),
        says=("1 CPUs, .* L1 starts",), never=("stays off",)),
    boot("max-cpu", cpu="max", memory=192),
    ram("boot-192-mib", 192, "least=150M most=191M"),
    ram("boot-4-gib", 4096, "least=4000M most=4096M above=2000M"),
    ram("boot-6-gib", 6144, "least=6040M most=6144M above=4000M"),
    # Whether L1 ran shows in how QEMU ends: nothing else can be seen.
    Row("boot-no-serial", options="", end=STALLED_OK, silent=True,
        shape=Shape(serial=0, exit_device=True, memory=128)),
    Row("boot-no-serial-linux", l1=bzimage(), options="", end=STALLED_OK, silent=True,
        shape=Shape(serial=0, exit_device=True, memory=128)),
    boot("one-serial", serial=1, says=("shell: on COM1",)),
    Row("boot-stalled-serial", direct={}, options="", end=STALLED_OK, seconds=60,
        shape=Shape(boot="direct", memory=128, stalled=True, exit_device=True)),
    Row("boot-no-acpi", l1="hello", text=HELLO, end=RUNNING,
        until="the machine does not power off: halted",
        shape=Shape(machine="pc", smp=2, more=("-no-acpi",)),
        says=("no ACPI tables: one CPU, no power-off", "1 CPUs, .* L1 starts")),
    # There SeaBIOS makes tables of its own.
    boot("no-acpi-q35", more=("-no-acpi",)),
)

OPTIONS_ROWS = (
    odd("near-loglvl", "logvl=debug", (r"unknown option 'logvl': did you mean loglvl=",)),
    odd("near-shell", "shel=com2", (r"unknown option 'shel': did you mean shell=com1\|com2",)),
    odd("near-pool", "pol=1 Pool=1", ("'pol': did you mean pool=", "'Pool': did you mean pool=")),
    odd("near-l1-cpus", "l1.cpu=1 l1cpus=1",
        ("'l1.cpu': did you mean l1.cpus=", "'l1cpus': did you mean l1.cpus=")),
    odd("far", "quiet root=/dev/sda1 = ==", ("unknown option 'quiet': did you mean",
                                            "unknown option 'root': did you mean",
                                            "unknown option '': did you mean")),
    odd("loglvl-bad", "loglvl=loud", (r"option loglvl: 'loud' is not accepted; it takes error",)),
    odd("console-bad", "console=com3 console=", (r"console: 'com3' is not", "console: '' is not")),
    odd("l1-mem-bad", "l1.mem=12 l1.mem=-1 l1.mem=99999999999999999999 l1.mem=1Q l1.mem",
        ("l1.mem: '12' is not", "l1.mem: '-1' is not", "l1.mem: '9{20}' is not",
         "l1.mem: '1Q' is not", "l1.mem: '' is not", "a size such as 512M")),
    odd("l1-cpus-bad", "l1.cpus=0 l1.cpus=two l1.cpus=4097",
        ("l1.cpus: '0' is not", "l1.cpus: 'two' is not", "l1.cpus: '4097' is not")),
    odd("l1-exit-bad", "l1.exit=0 l1.exit=65536", ("l1.exit: '0' is", "l1.exit: '65536' is")),
    odd("pool-bad", "pool=0 pool=65537 pool=all",
        ("pool: '0' is", "pool: '65537' is", "pool: 'all' is")),
    odd("switches-bad", "trace=1 x2apic=yes panic=now shell=tty",
        ("trace: '1' is", "x2apic: 'yes' is", "panic: 'now' is", "shell: 'tty' is")),
    odd("blanks", "  loglvl=info\t trace=on   ", ("L1 starts",)),
    option("last-holds", "l1.mem=64M l1.mem=100M", l1="ram", text="least=99M most=100M"),
    option("l1-mem", "l1.mem=64M", l1="ram", text="least=63M most=64M",
           says=("memory: 64 MiB for L1",)),
    option("l1-mem-all", "l1.mem=64G", l1="ram", text="least=200M most=256M"),
    option("l1-mem-above-4g", "l1.mem=5000M", l1="ram", shape=Shape(memory=6144),
           text="least=4990M most=5000M above=2000M"),
    option("l1-cpus-1", "l1.cpus=1", **cpus(1), shape=Shape(smp=2)),
    option("l1-cpus-2", "l1.cpus=2", **cpus(2), shape=Shape(smp=4)),
    option("l1-cpus-4096", "l1.cpus=4096", **cpus(2), shape=Shape(smp=2)),
    option("pool-1", "pool=1", l1="svm-npt", text="kvm"),
    option("pool-32", "pool=32", l1="svm-npt", text="kvm", says=("MiB at .* for Plinth",)),
    option("console-none", "console=none", silent=True),
    option("console-com2", "console=com2 shell=none", silent=True),
    option("shell-none", "shell=none", says=("shell: off",)),
    option("loglvl-error", "loglvl=error", silent=False, never=("L1 starts", "Plinth .*, started")),
    option("loglvl-debug", "loglvl=debug", says=("L1 starts",)),
    option("trace-off", "trace=off"),
    option("x2apic-off", "x2apic=off", **cpus(2), shape=Shape(smp=2)),
    option("hv-none", "hv=none", l1="cpuid", text="none"),
    option("hv-no-tlbflush", "hv=default,-hv-tlbflush,-hv-tlbflush-ex", l1="cpuid",
           never=("hv=: ",)),
    option("hv-short", "hv=default,-tlbflush", l1="cpuid",
           says=("hv=: hv-tlbflush-ex: not offered, because it needs: hv-tlbflush$",)),
    odd("hv-near", "hv=default,-tlbflash",
        ("hv=: .*tlbflash: unknown feature, ignored; the nearest one is: hv-tlbflush",),
        l1="cpuid"),
    odd("hv-nonsense", "hv=nonsense", ('hv=: nonsense: unknown profile, "default" is used',),
        l1="cpuid"),
    odd("hv-odd", "hv=default,,+,-,hv-tlbflush,+hv-spinlocks=x", ("neither .feature nor",
                                                                 "bad value, ignored"), l1="cpuid"),
    odd("hv-long", "hv=" + "x" * 200, ("option hv: 'x{60}' is not accepted",), l1="cpuid"),
)


@dataclass(frozen=True)
class Linux:
    """Debian's kernel boots to its user space; which says how many CPUs it has."""
    name: str
    options: str
    cpus: int
    says: tuple

    def run(self, build, work):
        iso = linux_iso(build, work, f"plinth.job=boot plinth.cpus={self.cpus}",
                        f"{OPTIONS} {self.options}")
        with Machine(Shape(memory=512, smp=2), iso, work) as machine:
            ended = machine.await_end(LINUX_SECS)
            text = machine.text("com1")
            write(work, "com1", text.encode("latin-1"))
            expect_lines("COM1", text, (*self.says, "L1: job boot: passed",
                                        "plinth: run: L1 exit value 0$"))
            check(ended == POWER_OFF, f"the machine's end: {ended}")


LINUX = (
    Linux("linux-odd-options", "logvl=debug hv=nonsense shel=com2 pool=none l1.cpus=1 l1.mem=256M",
          1, ("did you mean loglvl=", "did you mean shell=", "pool: 'none' is not accepted",
              'unknown profile, "default" is used', "Hypervisor detected: Microsoft Hyper-V")),
    Linux("linux-hv-none", "hv=none", 2, ("L1: .* 2 CPUs, user space alive",)),
)

CASES = MACHINES + OPTIONS_ROWS + LINUX
