# SPDX-License-Identifier: MIT
"""Reads COM1 and finds the words by which Plinth says how a run ended.

Knows the lines, not the machine that sends them. L1 writes to the same UART,
so a line of Plinth may begin in the middle of one of L1's.
"""
import re

ENDED_WELL, L1_FAILED, PLINTH_FAILED, TIMED_OUT = 0, 1, 2, 124
MAX_LINE = 4096


def judge_exit(match):
    value = int(match.group(1))
    if value == 0:
        return ENDED_WELL, "L1 ended well (exit value 0)"
    return L1_FAILED, f"L1 reported failure (exit value {value})"


# (pattern after "plinth: ", function of the match that gives status and words)
LINES = (
    (re.compile(r"run: L1 exit value (\d+)"), judge_exit),
    (re.compile(r"run: L1 power-off"), lambda m: (ENDED_WELL, "L1 ended well (power-off)")),
    (re.compile(r"run: L1 reset"), lambda m: (L1_FAILED, "L1 reset the machine")),
    (re.compile(r"run: L1 shutdown"),
     lambda m: (L1_FAILED, "L1 shut down: all its CPUs are dead (triple fault)")),
    (re.compile(r"refused: (.*)"), lambda m: (PLINTH_FAILED, f"Plinth refused: {m.group(1)}")),
    (re.compile(r"panic: (.*)"), lambda m: (PLINTH_FAILED, f"Plinth panicked: {m.group(1)}")),
)
RESET_LINE = re.compile(r"plinth: run: L1 reset")
CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]")


class Verdict:
    """What the lines so far say: the first ending, or a later failure of Plinth's own."""

    def __init__(self, reset_expected=False):
        self.reset_expected = reset_expected
        self.status = None
        self.reason = ""
        self.last_line = ""
        self.partial = ""

    def feed(self, data):
        text = self.partial + data.decode("utf-8", "replace")
        *lines, self.partial = text.split("\n")
        for line in lines:
            self.read_line(line)
        if len(self.partial) > MAX_LINE:
            self.finish()

    def finish(self):
        """The line has no more characters to come."""
        line, self.partial = self.partial, ""
        self.read_line(line)

    def read_line(self, line):
        line = CONTROL_SEQUENCE.sub("", line).strip()
        if line:
            self.last_line = line[-200:]
        for pattern, judge in LINES:
            match = re.search(r"plinth: " + pattern.pattern, line)
            if match:
                self.settle(line, *judge(match))

    def settle(self, line, status, reason):
        if self.reset_expected and self.status is None and status != PLINTH_FAILED:
            if RESET_LINE.search(line):
                status, reason = ENDED_WELL, "L1 reset the machine, as expected"
            else:
                status, reason = L1_FAILED, f"a reset by L1 was expected; instead {reason}"
        if self.status is None or status == PLINTH_FAILED != self.status:
            self.status, self.reason = status, reason
