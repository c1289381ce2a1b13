# SPDX-License-Identifier: MIT
"""What the checks of `make lint` know about the tree: its files, their text, their functions."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What runs below L1, as against its tests and tools.
PRODUCT = ('lib/', 'mm/', 'hv/', 'boot/', 'arch/')


def all_files():
    """Every file of the tree that git does not ignore, new ones included."""
    out = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=ROOT,
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted(f for f in set(out.split('\0')) if f and os.path.isfile(os.path.join(ROOT, f)))


def matching(files, prefixes, suffixes):
    return [f for f in files if f.startswith(tuple(prefixes)) and f.endswith(tuple(suffixes))]


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8', errors='replace') as f:
        return f.read()


def blank(match):
    """The same number of lines and columns, without the text."""
    return re.sub(r'[^\n]', ' ', match.group(0))


TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
COMMENTS = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', re.S)


def code_of(text):
    """C text with comments, strings and character constants blanked."""
    return TOKENS.sub(blank, text)


def without_comments(text):
    return COMMENTS.sub(lambda m: m.group(1) or blank(m), text)


def functions(text):
    """(name, first line, lines) of each function of C text; a body opens and closes in column 0."""
    lines = code_of(text).split('\n')
    start = None
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
        elif line == '}' and start:
            head = start - 1
            while head > 1 and (lines[head - 1][:1] in (' ', '\t') or
                                '(' not in lines[head - 1]):
                head -= 1
            name = re.search(r'(\w+)\s*\(', lines[head - 1])
            yield (name.group(1) if name else '?', head, number - start - 1)
            start = None


class Report:
    """Collects failures by check; prints them as file:line: what to do, then a line per check."""

    def __init__(self):
        self.checks = {}

    def check(self, name):
        self.checks.setdefault(name, 0)

    def fail(self, name, path, line, text):
        self.checks[name] = self.checks.get(name, 0) + 1
        print(f'{path}:{line}: {text}')

    def close(self):
        for name, failures in self.checks.items():
            print(f'{"not ok" if failures else "ok"} {name}')
        sys.exit(any(self.checks.values()))
