# SPDX-License-Identifier: MIT
"""Plinth's shell: every command, good and bad, in both modes; keys; floods; whatever L1 does."""
import random
import re
from dataclasses import dataclass

from machine import POWER_OFF, RESET, Failure, Machine, Shape

from rows import write
from session import ANSWER_SECS, STRAY_NMI, Session, SpinMachine, check, expect_lines, linux_iso

HUGE = "99999999999999999999999999"
OK, USAGE, FAILED, UNKNOWN = "ok", "usage", "failed", "unknown"
EVENT = r"kvm_exit level=L1 reason=0x[0-9a-f]+\(\w+\) rip=0x[0-9a-f]+"

# line: (status in mode records, patterns of the answer for a person, patterns of the records)
COMMANDS = (
    ("help", OK, ("^  version .* uptime", "^  reboot "), ('^command name=vcpu args="',)),
    ("help stat", OK, (r"^  stat +\[CPU\]",), ("^command name=stat ",)),
    ("help nonsense", USAGE, (r"^usage: help \[COMMAND\]",), ("^usage command=help",)),
    ("help stat trace", USAGE, ("^usage: help",), ("^usage command=help",)),
    ("version", OK, (r"^Plinth \S+, 2 CPUs, up \d+ us$",),
     (r"^version name=Plinth version=\S+ cpus=2 uptime_us=\d+$",)),
    ("version 1", USAGE, ("^usage: version",), ("^usage command=version",)),
    ("vcpu", OK, ("^vp=0 level=L1 rip=", "^vp=1 level=L1 rip="),
     ("^vcpu vp=0 level=L1 rip=", "^vcpu vp=1 level=L1 rip=")),
    ("vcpu 1", OK, ("^vp=1 ", "^rax=[0-9a-f]{16} rcx="), ("^vcpu vp=1 ", "^regs vp=1 rax=")),
    ("vcpu 2", USAGE, ("^usage: vcpu",), ("^usage command=vcpu",)),
    ("vcpu -1", USAGE, ("^usage: vcpu",), ("^usage command=vcpu",)),
    ("vcpu " + HUGE, USAGE, ("^usage: vcpu",), ("^usage command=vcpu",)),
    ("vcpu 0 0", USAGE, ("^usage: vcpu",), ("^usage command=vcpu",)),
    ("vmcb 0", OK, ("^vmcb01 save.rip=[0-9a-f]+$", "^vmcb12 "), ("^vmcb01 save.rip=[0-9a-f]+$",)),
    ("vmcb", OK, ("^vp=0 ", "^vp=1 "), ("^vcpu vp=0 ", "^vcpu vp=1 ")),
    ("vmcb 2", USAGE, ("^usage: vmcb",), ("^usage command=vmcb",)),
    ("vmcb x", USAGE, ("^usage: vmcb",), ("^usage command=vmcb",)),
    ("stat", OK, (r"\d+ +exit +L1 +CPUID",), (r"^stat group=exit level=L1 name=CPUID value=\d+$",)),
    ("stat 1", OK, (r"SipisTaken",), (r"name=SipisTaken value=\d+$",)),
    ("stat 2", FAILED, ("^no such CPU$",), ('^error reason="no such CPU"$',)),
    ("stat -1", USAGE, ("^usage: stat",), ("^usage command=stat",)),
    ("stat " + HUGE, USAGE, ("^usage: stat",), ("^usage command=stat",)),
    ("stat 0 0", USAGE, ("^usage: stat",), ("^usage command=stat",)),
    ("mem", OK, ("^map start=0 end=", "^plinth heap="), ("^map start=0 end=", "^plinth image=")),
    ("mem 0", USAGE, ("^usage: mem",), ("^usage command=mem",)),
    ("cpuid 0", OK, ("ebx=0x68747541",), ("^cpuid leaf=0x0 subleaf=0x0 eax=0x",)),
    ("cpuid 0x80000008 0", OK, ("leaf=0x80000008",), ("^cpuid leaf=0x80000008",)),
    ("cpuid 0xffffffff 0xffffffff", OK, ("leaf=0xffffffff",), ("^cpuid leaf=0xffffffff",)),
    ("cpuid", USAGE, ("^usage: cpuid",), ("^usage command=cpuid",)),
    ("cpuid 0x100000000", USAGE, ("^usage: cpuid",), ("^usage command=cpuid",)),
    ("cpuid -1", USAGE, ("^usage: cpuid",), ("^usage command=cpuid",)),
    ("cpuid 0 0 0", USAGE, ("^usage: cpuid",), ("^usage command=cpuid",)),
    ("rdmsr 0xc0000080", OK, ("value=0x[0-9a-f]{12}1d0[01]",), ("^rdmsr msr=0xc0000080 value=",)),
    ("rdmsr", USAGE, ("^usage: rdmsr",), ("^usage command=rdmsr",)),
    ("rdmsr 0x100000000", USAGE, ("^usage: rdmsr",), ("^usage command=rdmsr",)),
    ("rdmsr -1", USAGE, ("^usage: rdmsr",), ("^usage command=rdmsr",)),
    ("rdmsr 1 2", USAGE, ("^usage: rdmsr",), ("^usage command=rdmsr",)),
    ("trace", OK, (rf"^ +-\d+ cpu0 +{EVENT}",), (rf"^trace tsc=\d+ cpu=0 event={EVENT}",)),
    ("trace 1", OK, (rf"cpu1 +{EVENT}",), (rf"^trace tsc=\d+ cpu=1 event={EVENT}",)),
    ("trace 1 0", OK, (r"\A\Z",), ()),
    ("trace 0 4294967295", OK, ("kvm_exit",), ("kvm_exit",)),
    ("trace 2", FAILED, ("^no such CPU$",), ("^error reason=",)),
    ("trace -1", USAGE, ("^usage: trace",), ("^usage command=trace",)),
    ("trace 0 " + HUGE, USAGE, ("^usage: trace",), ("^usage command=trace",)),
    ("trace 0 1 2", USAGE, ("^usage: trace",), ("^usage command=trace",)),
    ("trace off", OK, (r"\A\Z",), ()),
    ("trace 0 1", OK, ("^the trace is off$",), ("^trace state=off$",)),
    ("trace on", OK, (r"\A\Z",), ()),
    ("trace maybe", USAGE, ("^usage: trace",), ("^usage command=trace",)),
    ("log", OK, ("plinth: Plinth ", "L1 starts$"), (r"^log line=\[.*L1 starts$",)),
    ("log 1", OK, (r"\A.*\n\Z",), (r"^log line=\[",)),
    ("log 0", OK, (r"\A\Z",), ()),
    ("log 4294967295", OK, ("L1 starts$",), ("L1 starts$",)),
    ("log -1", USAGE, ("^usage: log",), ("^usage command=log",)),
    ("log 1 2", USAGE, ("^usage: log",), ("^usage command=log",)),
    ("loglvl", OK, ("level=info$",), ("^loglvl level=info$",)),
    ("loglvl debug", OK, ("level=debug$",), ("^loglvl level=debug$",)),
    ("loglvl info", OK, ("level=info$",), ("^loglvl level=info$",)),
    ("loglvl loud", USAGE, ("^usage: loglvl",), ("^usage command=loglvl",)),
    ("loglvl -1", USAGE, ("^usage: loglvl",), ("^usage command=loglvl",)),
    ("loglvl info info", USAGE, ("^usage: loglvl",), ("^usage command=loglvl",)),
    ("reboot now", USAGE, ("^usage: reboot",), ("^usage command=reboot",)),
    ("mode", USAGE, ("^usage: mode",), ("^usage command=mode",)),
    ("mode loud", USAGE, ("^usage: mode",), ("^usage command=mode",)),
    ("nonsense", UNKNOWN, ('^unknown command "nonsense"; try help$',), ()),
    ("VERSION", UNKNOWN, ('^unknown command "VERSION"',), ()),
    ("versio", UNKNOWN, ('^unknown command "versio"',), ()),
    ("stat 0 1 2 3 4 5 6", USAGE, ("^usage: stat",), ("^usage command=stat",)),
    ("stat 0 1 2 3 4 5 6 7 8 9 10", USAGE, ("^usage: stat",), ("^usage command=stat",)),
    ("%s%n %x", UNKNOWN, ('^unknown command "%s%n"',), ()),
    ("  version  ", OK, ("^Plinth ",), ("^version name=Plinth",)),
)

# keys: what the first word of the line then is; the shell knows no such command, and says it.
LEFT, RIGHT, HOME, END, DELETE = "\x1b[D", "\x1b[C", "\x1b[H", "\x1b[F", "\x1b[3~"
EDITS = (
    ("plain", "wxyz", "wxyz"),
    ("backspace", "wxyq\x7fz", "wxyz"),
    ("control-h", "wxyq\x08z", "wxyz"),
    ("backspace-at-start", "\x7f\x7fwxyz", "wxyz"),
    ("left", f"wxz{LEFT}y", "wxyz"),
    ("left-too-far", f"xyz{LEFT * 9}w", "wxyz"),
    ("right", f"xyz{LEFT * 3}w{RIGHT * 9}0", "wxyz0"),
    ("home-end", f"xy{HOME}w{END}z", "wxyz"),
    ("home-end-tilde", "xy\x1b[1~w\x1b[4~z", "wxyz"),
    ("home-end-o", "xy\x1bOHw\x1bOFz", "wxyz"),
    ("delete", f"wqxyz{HOME}{RIGHT}{DELETE}", "wxyz"),
    ("delete-at-end", f"wxyz{DELETE}", "wxyz"),
    ("control-a-e", "xy\x01w\x05z", "wxyz"),
    ("control-b-f", "wy\x02x\x06z", "wxyz"),
    ("control-d", "wqxyz\x02\x02\x02\x02\x04", "wxyz"),
    ("control-d-empty", "\x04wxyz", "wxyz"),
    ("control-k", f"wxyzqqq{LEFT * 3}\x0b", "wxyz"),
    ("control-u", "qqq\x15wxyz", "wxyz"),
    ("control-w", "qqq qqq\x17\x17wxyz", "wxyz"),
    ("control-c", "qqq\x03wxyz", "wxyz"),
    ("control-l", "wx\x0cyz", "wxyz"),
    ("up", "first\r\x1b[A", "first"),
    ("up-up", "first\rsecond\r\x1b[A\x1b[A", "first"),
    ("up-down", "first\rsecond\r\x1b[A\x1b[A\x1b[B", "second"),
    ("down-to-fresh", "first\rwxyz\x1b[A\x1b[B", "wxyz"),
    ("control-p-n", "first\rsecond\r\x10\x10\x0e", "second"),
    ("up-too-far", "first\r" + "\x1b[A" * 40 + "\x1b[B" * 40 + "wxyz", "wxyz"),
    ("up-and-edit", "first\r\x1b[A1", "first1"),
    ("nul", "wx\0yz", "wxyz"),
    ("utf-8", "wx\xc3\xa4yz", "wxyz"),
    ("bytes", "wx\x80\xfe\xffyz", "wxyz"),
    ("escape-alone", "wxy\x1bqz", "wxyz"),
    ("escape-unknown", "wx\x1b[1;5Cy\x1b[99~z", "wxyz"),
    ("escape-endless", "wxyz\x1b[" + "1;" * 500 + "R", "wxyz"),
    ("tab-unknown", "wxy\tz", "wxyz"),
)
LINE_MAX = 255
FLOOD_SECS = 240


@dataclass(frozen=True)
class Talk:
    """A case that starts a machine and talks to it; talk(session, machine) raises Failure."""
    name: str
    talk: object
    words: str = ""           # for the payload `spin`
    mode: str = "human"
    options: str = "l1.exit=0xf4"
    shape: tuple = ()         # of (key, value)
    long: bool = False

    def run(self, build, work):
        with SpinMachine(build, work, self.words, options=self.options,
                         **dict(self.shape)) as machine:
            try:
                session = Session(machine, self.mode) if "com2" in machine.channels else None
                self.talk(session, machine)
                check(not re.search(r"plinth: (panic|refused)", machine.text("com1")),
                      machine.last())
            finally:
                for port in machine.channels:
                    write(work, port, bytes(machine.channels[port].came))


def all_commands(session, _machine):
    for line, status, human, records in COMMANDS:
        if session.mode == "human":
            expect_lines(f"'{line}'", session.ask(line), human)
            continue
        body, got = session.records(line)
        check(got == status, f"'{line}': status {got}, not {status}")
        expect_lines(f"'{line}'", "\n".join(body), records)
        for record in body:
            check(re.match(r"\w+ [\w.]+=", record), f"'{line}': '{record}' is no record")


def commands_and_beats(session, machine):
    all_commands(session, machine)
    machine.check_alive()


def counters(session, machine):
    before = session.stat("CPUID"), session.stat("CPUID", "0"), session.stat("CPUID", "1")
    machine.run_for(1.5)
    after = session.stat("CPUID"), session.stat("CPUID", "0"), session.stat("CPUID", "1")
    check(after[0] - before[0] >= 3, f"CPUID exits: {before[0]}, then {after[0]}")
    check(after[1] > before[1], "those of CPU 0 do not grow")
    check(after[2] == before[2], "those of CPU 1, which spins, grow")
    check(session.stat("VpCpuidInstructionsCount") >= after[0], "two counters of CPUID differ")
    session.records("stat 0 reset")
    check(session.stat("CPUID", "0") <= 2, "a reset leaves the counter")
    check(session.stat("CPUID", "1") == after[2], "a reset of CPU 0 touches CPU 1")
    session.records("stat reset")
    check(session.stat("CPUID", "1") == 0, "a reset of all leaves CPU 1")


def newest_tsc(session, cpu):
    body, _ = session.records(f"trace {cpu} 1")
    return int(re.search(r"tsc=(\d+)", body[0]).group(1)) if body else 0


def tracing(session, machine):
    machine.run_for(0.5)
    body, _ = session.records("trace 0 4000")
    events = "\n".join(body)
    expect_lines("trace", events, (r"reason=0x72\(CPUID\)", r"reason=0x61\(NMI\)"))
    stamps = [int(tsc) for tsc in re.findall(r"tsc=(\d+)", events)]
    check(stamps == sorted(stamps), "the events are not in their order")
    session.records("trace off")
    old = newest_tsc(session, 0)
    machine.run_for(0.5)
    check(newest_tsc(session, 0) == old, "events are recorded though the trace is off")
    session.records("trace on")
    machine.run_for(0.5)
    check(newest_tsc(session, 0) > old, "no events after the trace is on again")


def keys(session, machine):
    for name, typed, word in EDITS:
        session.settle()
        session.type(typed + "\r")
        try:
            machine.expect("com2", rf'unknown command "{word}"; try help\r\n{"plinth> "}\Z',
                           ANSWER_SECS)
        except Failure as failure:
            raise Failure(f"{name}: {failure}") from None


def completion(session, machine):
    session.type("versi\t\r")
    machine.expect("com2", r"version \r\nPlinth ", ANSWER_SECS)
    session.type("v\t\t")
    machine.expect("com2", r"\r\nversion  vcpu  vmcb  vmcs\r\nplinth> v", ANSWER_SECS)
    session.type("\x15\t\t")
    machine.expect("com2", r"help  mode  version .*\r\nplinth> ", ANSWER_SECS)


def line_ends(session, machine):
    for end in ("\r", "\n", "\r\n"):
        session.settle()
        session.type(f"version{end}")
        text = session.reply("version")
        machine.run_for(0.1)
        check(machine.channels["com2"].raw().endswith(text.replace("\n", "\r\n")[-20:]),
              f"{end!r} is more than one line end")
        check(text.count("plinth> ") == 1, f"{end!r} is {text.count('plinth> ')} line ends")


def long_lines(session, machine):
    expect_lines("a line that just fits", session.ask("x" * LINE_MAX), ('^unknown command "x+"',))
    expect_lines("one more", session.ask("x" * (LINE_MAX + 1)), ("^the line is too long$",))
    session.settle()
    session.type("x" * 65536 + "\r")
    expect_lines("64 KiB", session.reply("64 KiB", FLOOD_SECS), ("^the line is too long$",))
    expect_lines("after it", session.ask("version"), ("^Plinth ",))
    machine.check_alive()


def records_long_line(session, machine):
    session.settle()
    session.type("x" * 65536 + "\r")
    expect_lines("64 KiB", session.reply("64 KiB", FLOOD_SECS),
                 ("^end command=- status=overlong$",))
    machine.check_alive()


def flood(data):
    """Feeds the bytes; then the shell must have stayed sane, and L1 must have gone on."""
    def talk(session, machine):
        beats = machine.text("com1").count("beat ")
        session.settle()
        # Whatever state they leave, these end an escape sequence and the line.
        session.type(data + b"\x18\x03\rmarker\r")
        machine.expect("com2", r'unknown command "marker"|end command=marker', FLOOD_SECS)
        session.settle()
        session.type("mode human\r")
        session.reply("mode human")
        expect_lines("after the flood", session.ask("version"), ("^Plinth ",))
        machine.check_alive()
        check(machine.text("com1").count("beat ") > beats + 1, "L1 stood still")
    return talk


def after_init(session, machine):
    """The boot CPU, which serves the shell, waits for a SIPI."""
    machine.run_for(0.5)
    expect_lines("vcpu", session.ask("vcpu"), ("^vp=0 ", "^vp=1 "))
    for _ in range(20):
        expect_lines("version", session.ask("version"), ("^Plinth ",))


def on_com1(_session, machine):
    """One UART: the shell is on COM1, behind the key that the log names."""
    expect_lines("COM1", machine.text("com1"), (r"plinth: shell: on COM1 by Ctrl-\]",))
    machine.check_alive()
    machine.send("com1", b"a")
    machine.expect("com1", r"^byte 61\r", ANSWER_SECS)
    machine.send("com1", b"\x1d")
    machine.expect("com1", re.escape("plinth> "), ANSWER_SECS)
    machine.send("com1", b"version\r")
    machine.expect("com1", r"^Plinth \S+, 2 CPUs", ANSWER_SECS)
    machine.expect("com1", re.escape("plinth> "), ANSWER_SECS)
    machine.send("com1", b"\x1d")
    machine.check_alive()
    machine.send("com1", b"b")
    machine.expect("com1", r"^byte 62\r", ANSWER_SECS)


def reboots(session, machine):
    session.settle()
    session.type("reboot\r")
    ended = machine.await_end(10)
    check(ended == RESET, f"the machine's end after reboot: {ended}")
    expect_lines("COM2", machine.text("com2"), ("^rebooting$",))
    expect_lines("COM1", machine.text("com1"), ("plinth: reboot asked by the shell$",))


def answers_at_once(session, machine):
    """Many short questions, one after the other, none of them late or lost."""
    for count in range(200):
        body, status = session.records("version")
        check(status == OK and len(body) == 1, f"answer {count} is {body}")
    machine.check_alive()


@dataclass(frozen=True)
class LinuxTalk:
    """The shell is asked all the time while Linux boots and works as L1."""
    name: str = "shell-linux"
    least: int = 20

    def run(self, build, work):
        iso = linux_iso(build, work, "plinth.job=stress plinth.secs=5 plinth.cpus=2")
        with Machine(Shape(memory=512, smp=2), iso, work) as machine:
            session = Session(machine, "records")
            asked, busy = 0, 0
            while machine.process.poll() is None:
                line, status, _, records = COMMANDS[asked % len(COMMANDS)]
                if line.startswith(("loglvl", "trace o")):
                    asked += 1
                    continue
                try:
                    _body, got = session.records(line)
                except Failure:
                    if machine.await_end(3) == POWER_OFF:
                        break
                    raise
                check(got == status, f"'{line}': status {got}, not {status}")
                busy += "L1: " in machine.text("com1")
                asked += 1
                machine.run_for(0.05)
            text = machine.text("com1")
            write(work, "com1", text.encode("latin-1"))
            check("L1: job stress: passed" in text, f"Linux did not end well; {machine.last()}")
            check(not re.search(STRAY_NMI, text), "L1 got an NMI of the shell's")
            check(busy >= self.least, f"only {busy} questions while Linux worked")


RANDOM = random.Random(1)
ONE_CPU = (("smp", 1),)
# Bytes that come close to commands, with all that the editor knows.
WORDS = [b"stat ", b"trace ", b"vcpu ", b"vmcb ", b"log ", b"mem", b"cpuid ", b"rdmsr ", b"help ",
         b"mode records\r", b"mode human\r", b"loglvl ", b"0", b"-1", b"0xffffffff", b"9" * 40,
         b"\r", b"\r", b"\n", b"\t", b"\x1b[A", b"\x1b[B", b"\x1b[D", b"\x1b[3~", b"\x7f", b"\x15",
         b"\x17", b"\x01", b"\x05", b"\x0b", b"\x0c", b"\x03", b" ", b"x" * 100, b"\0", b"\xff"]
NEAR_COMMANDS = b"".join(RANDOM.choice(WORDS) for _ in range(4000))

CASES = (
    Talk("shell-spin", all_commands),
    Talk("shell-spin-records", all_commands, mode="records"),
    Talk("shell-halt", all_commands, words="halt"),
    Talk("shell-halt-records", all_commands, words="halt", mode="records"),
    Talk("shell-i440fx", commands_and_beats, words="beat", mode="records",
         shape=(("machine", "pc"),)),
    Talk("shell-counts-exits", counters, words="beat", mode="records"),
    Talk("shell-traces-exits", tracing, words="beat", mode="records"),
    Talk("shell-trace-off", lambda session, _: expect_lines(
        "trace", session.ask("trace"), ("^the trace is off$",)), options="l1.exit=0xf4 trace=off"),
    Talk("shell-200-answers", answers_at_once, words="beat", mode="records"),
    Talk("shell-after-init", after_init, words="park"),
    Talk("shell-one-uart", on_com1, words="beat", shape=(("serial", 1),)),
    Talk("shell-keys", keys),
    Talk("shell-completion", completion),
    Talk("shell-line-ends", line_ends),
    Talk("shell-64-kib-line", long_lines, words="beat", shape=ONE_CPU),
    Talk("shell-64-kib-line-records", records_long_line, words="beat", mode="records",
         shape=ONE_CPU),
    Talk("shell-random-64-kib", flood(RANDOM.randbytes(1 << 16)), words="beat", shape=ONE_CPU),
    Talk("shell-random-1-mib", flood(RANDOM.randbytes(1 << 20)), words="beat", mode="records",
         shape=ONE_CPU, long=True),
    Talk("shell-near-commands", flood(NEAR_COMMANDS), words="beat", shape=ONE_CPU),
    Talk("shell-reboot", reboots),
    Talk("shell-reboot-halt", reboots, words="halt"),
    LinuxTalk(),
)
