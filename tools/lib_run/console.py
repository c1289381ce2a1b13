# SPDX-License-Identifier: MIT
"""Carries bytes between an emulator's UARTs, the terminal, files and sockets.

Knows no machine and no Plinth: it shows, records and forwards. Everything runs
in one thread; nothing here waits for a peer that does not read.
"""
import os
import re
import selectors
import socket
import sys
import termios

MAX_BACKLOG = 65536
CHUNK = 65536
SWITCH_KEY = b"\x1d"   # Ctrl-]
LEAVE_KEY = b"\x1c"    # Ctrl-\
CONTROL_SEQUENCE = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]")


class Stream:
    """A connected socket that is written to without waiting."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = bytearray()
        sock.setblocking(False)

    def send(self, data):
        """Queue data; what a peer that does not read has let pile up is dropped."""
        self.waiting += data
        del self.waiting[:-MAX_BACKLOG]
        self.flush()

    def flush(self):
        try:
            while self.waiting:
                sent = self.sock.send(self.waiting)
                del self.waiting[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.waiting.clear()

    def receive(self):
        """Bytes that have come, b"" at the end, None when there are none yet."""
        try:
            return self.sock.recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return b""


class Uart:
    """One serial port of the machine: the emulator connects to `address`.

    sinks are functions that get each piece of output.
    """

    def __init__(self, family, path):
        self.listener = listen(family, path)
        self.address = path if family == "AF_UNIX" else self.listener.getsockname()
        self.stream = None
        self.ended = False
        self.sinks = []
        self.early = bytearray()

    def accept(self):
        self.stream = Stream(self.listener.accept()[0])
        self.stream.send(bytes(self.early))
        return self.stream.sock

    def send(self, data):
        if self.stream:
            self.stream.send(data)
        else:
            self.early += data[:MAX_BACKLOG - len(self.early)]

    def read(self):
        """Hand what came to the sinks; False at the end."""
        data = self.stream.receive()
        for sink in self.sinks if data else ():
            sink(data)
        self.ended = data == b""
        return not self.ended


def listen(family, path):
    sock = socket.socket(getattr(socket, family))
    if family == "AF_UNIX":
        if os.path.exists(path):
            os.unlink(path)
        try:
            sock.bind(path)
        except OSError as error:
            raise OSError(f"cannot listen at {path}: {error.strerror or error}") from None
    else:
        sock.bind(("127.0.0.1", 0))
    sock.listen(4)
    return sock


class Backlog:
    """What came while nobody watched: the newest MAX_BACKLOG bytes."""

    def __init__(self):
        self.data = bytearray()

    def add(self, data):
        self.data += data
        del self.data[:-MAX_BACKLOG]

    def take(self):
        data = bytes(self.data)
        self.data.clear()
        return data


class ShellSocket:
    """A Unix socket at which clients reach a UART; all see its output, each may type."""

    def __init__(self, path, uart):
        self.path = path
        self.listener = listen("AF_UNIX", path)
        self.uart = uart
        self.clients = []
        self.backlog = Backlog()
        uart.sinks.append(self.show)

    def show(self, data):
        if not self.clients:
            self.backlog.add(data)
        for client in self.clients:
            client.send(data)

    def accept(self):
        client = Stream(self.listener.accept()[0])
        self.clients.append(client)
        client.send(self.backlog.take())
        return client

    def read(self, client):
        """Forward what the client typed; False when it has gone."""
        data = client.receive()
        if data:
            self.uart.send(data)
        return data != b""

    def forget(self, client):
        self.clients.remove(client)
        client.sock.close()

    def close(self):
        for client in self.clients:
            client.sock.close()
        self.listener.close()
        os.unlink(self.path)


class Screen:
    """The terminal's output: lines of our own and the bytes of the UART that is shown.

    Firmware and boot loader clear the screen and colour it; until `settled` is
    called their control sequences are left out, line by line.
    """

    def __init__(self, out=None):
        self.out = out or sys.stdout.buffer
        self.raw = False
        self.boot_line = bytearray()
        self.at_line_start = True

    def write(self, data):
        if data:
            self.at_line_start = data.endswith(b"\n")
            self.out.write(data)
            self.out.flush()

    def show(self, data):
        if self.raw:
            self.write(data)
            return
        *lines, rest = (bytes(self.boot_line) + data).split(b"\n")
        for number, line in enumerate(lines):
            clean = CONTROL_SEQUENCE.sub(b"", line).strip(b"\r")
            if b"plinth: " in clean:
                self.raw = True
                self.write(b"\n".join([clean, *lines[number + 1:], rest]))
                self.boot_line.clear()
                return
            if clean.strip():
                self.write(clean + b"\n")
        self.boot_line = bytearray(rest[-CHUNK:])

    def finish(self):
        """Show what is still held back and end the line."""
        self.write(CONTROL_SEQUENCE.sub(b"", bytes(self.boot_line)))
        self.boot_line.clear()
        if not self.at_line_start:
            self.write(b"\n")

    def say(self, text):
        self.finish()
        self.write(f"run: {text}\n".encode())


class Keyboard:
    """The terminal's keys, one by one, until close(). Output processing stays as it was."""

    def __init__(self):
        self.fd = sys.stdin.fileno()
        self.saved = termios.tcgetattr(self.fd)
        mode = termios.tcgetattr(self.fd)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON | termios.ISTRIP)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSADRAIN, mode)

    def read(self):
        return os.read(self.fd, 256)

    def close(self):
        termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)


class Views:
    """Which of the two UARTs the terminal shows and types into."""

    NAMES = ("L1's console", "Plinth's shell")

    def __init__(self, screen, uarts):
        self.screen = screen
        self.uarts = uarts
        self.shown = 0
        self.backlogs = [Backlog() for _ in uarts]
        for number, uart in enumerate(uarts):
            uart.sinks.append(lambda data, number=number: self.output(number, data))

    def output(self, number, data):
        if number != self.shown:
            self.backlogs[number].add(data)
        elif number == 0:
            self.screen.show(data)
        else:
            self.screen.write(data)

    def switch(self):
        self.shown = 1 - self.shown
        self.screen.say(f"{self.NAMES[self.shown]} (Ctrl-] for {self.NAMES[1 - self.shown]})")
        self.output(self.shown, self.backlogs[self.shown].take())

    def keys(self, data):
        """Type; False when the user wants to leave."""
        for key in (data[i:i + 1] for i in range(len(data))):
            if key == LEAVE_KEY:
                return False
            if key == SWITCH_KEY:
                self.switch()
            else:
                self.uarts[self.shown].send(key)
        return True


class Hub:
    """The one place that waits: for all sockets, the keyboard, and a tick."""

    TICK = 0.2
    BUSY_TICK = 0.01
    MAX_DRAIN = 1000

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.uarts = []
        self.shell = None

    def watch(self, file, callback):
        self.selector.register(file, selectors.EVENT_READ, callback)

    def add_uart(self, uart):
        self.uarts.append(uart)
        self.watch(uart.listener, lambda: self.connect(uart))

    def connect(self, uart):
        self.watch(uart.accept(), lambda: self.read_uart(uart))
        self.selector.unregister(uart.listener)
        if self.shell and uart is self.shell.uart:
            self.watch(self.shell.listener, self.add_client)

    def read_uart(self, uart):
        if not uart.read():
            self.selector.unregister(uart.stream.sock)

    def add_client(self):
        client = self.shell.accept()
        self.watch(client.sock, lambda: self.read_client(client))

    def read_client(self, client):
        if not self.shell.read(client):
            self.selector.unregister(client.sock)
            self.shell.forget(client)

    def streams(self):
        yield from (uart.stream for uart in self.uarts if uart.stream)
        if self.shell:
            yield from self.shell.clients

    def turn(self):
        """Serve what is ready; returns after a tick at the latest."""
        busy = any(stream.waiting for stream in self.streams())
        for key, _ in self.selector.select(self.BUSY_TICK if busy else self.TICK):
            key.data()
        for stream in self.streams():
            stream.flush()

    def drain(self):
        """After the emulator's end: read what its sockets still hold."""
        for _ in range(self.MAX_DRAIN):
            if all(uart.ended for uart in self.uarts if uart.stream):
                return
            self.turn()
