# SPDX-License-Identifier: MIT
"""The machines that tools/run can start: what each can do, and its command.

Knows emulators and their options; nothing of Plinth, of L1 or of terminals.
COM1 and COM2 of each machine come to sockets that the caller listens at.
"""
import os
import re
import shutil
from dataclasses import dataclass, field


class MachineError(Exception):
    """One line for the user: why this machine cannot be started so."""


@dataclass
class Job:
    """One run, as the user asked for it, and the places that it may use."""
    iso: str
    smp: int
    memory: int          # MiB
    firmware: str
    boot: str
    deterministic: bool
    work: str            # directory for files that the emulator reads and writes
    com1: object         # socket address: a path, or (host, port)
    com2: object         # the same, or None for a UART that nobody listens to


@dataclass
class Machine:
    about: str
    vendor: str                      # svm, vmx, or "" for what the host has
    command: object                  # function of (machine, job) -> argv
    cpu: str
    family: str                      # AF_UNIX or AF_INET: how its UARTs reach us
    firmwares: tuple = ("bios", "uefi")
    boots: tuple = ("cdrom", "usb")
    max_smp: int = 16
    max_memory: int = 16384
    deterministic_smp: int = 1       # 0: never
    accel: str = "tcg"
    linux: str = ""                  # what Linux needs on its command line here
    log: str = "emulator.log"
    tools: tuple = field(default=())  # (program or file, package)


OVMF = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
BOCHS_BIOS = "/usr/share/bochs/BIOS-bochs-latest"
BOCHS_VGABIOS = "/usr/share/vgabios/vgabios.bin"
NESTED_SWITCHES = ("/sys/module/kvm_amd/parameters/nested",
                   "/sys/module/kvm_intel/parameters/nested")


def qemu_value(text):
    """A value inside a comma-separated option."""
    return str(text).replace(",", ",,")


def qemu_firmware(job):
    if job.firmware == "bios":
        return []
    variables = os.path.join(job.work, "vars.fd")
    shutil.copy(OVMF_VARS, variables)  # the firmware remembers boot entries; each run forgets
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF}",
            "-drive", f"if=pflash,format=raw,file={qemu_value(variables)}"]


def qemu_medium(job):
    if job.deterministic:
        # Of QEMU's media only the SD card answers at a fixed virtual time. Its size must be a
        # power of two, and it must be writable.
        os.truncate(job.iso, 1 << (os.path.getsize(job.iso) - 1).bit_length())
        return ["-device", "sdhci-pci",
                "-drive", f"if=none,id=medium,format=raw,file={qemu_value(job.iso)}",
                "-device", "sd-card,drive=medium"]
    if job.boot == "cdrom":
        return ["-drive", f"if=none,id=medium,format=raw,readonly=on,file={qemu_value(job.iso)}",
                "-device", "ide-cd,drive=medium,bootindex=0"]
    return ["-device", "qemu-xhci",
            "-drive", f"if=none,id=medium,format=raw,readonly=on,file={qemu_value(job.iso)}",
            "-device", "usb-storage,drive=medium,bootindex=0"]


def qemu_uart(name, address):
    if address is None:
        return ["-serial", "null"]
    return ["-chardev", f"socket,id={name},path={qemu_value(address)}",
            "-serial", f"chardev:{name}"]


def qemu_command(machine, job):
    argv = ["qemu-system-x86_64", "-accel", machine.accel, "-M", "q35", "-cpu", machine.cpu,
            "-m", str(job.memory), "-smp", str(job.smp), "-nodefaults", "-no-user-config",
            "-display", "none", "-vga", "none", "-monitor", "none", "-no-reboot"]
    argv += qemu_firmware(job) + qemu_medium(job)
    argv += qemu_uart("com1", job.com1) + qemu_uart("com2", job.com2)
    if job.deterministic:
        argv += ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1"]
    return argv


def check_kvm():
    """KVM must be there, ours to use, and willing to nest."""
    instead = "use --machine qemu-svm or bochs-vmx instead"
    if not os.path.exists("/dev/kvm"):
        raise MachineError(f"qemu-kvm: this host has no /dev/kvm; {instead}")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise MachineError(f"qemu-kvm: /dev/kvm may not be opened by this user; {instead}")
    switches = [path for path in NESTED_SWITCHES if os.path.exists(path)]
    if not switches:
        raise MachineError("qemu-kvm: /dev/kvm does not nest here (neither kvm_amd nor kvm_intel "
                           f"serves it); {instead}")
    with open(switches[0], encoding="ascii") as file:
        if file.read().strip() not in ("Y", "1"):
            raise MachineError(f"qemu-kvm: /dev/kvm does not nest: {switches[0]} is off; {instead}")


def qemu_kvm_command(machine, job):
    check_kvm()
    return qemu_command(machine, job)


BOCHSRC = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, iodebug=0
romimage: file={bios}, options=fastboot
vgaromimage: file={vgabios}
cpu: model={cpu}, count={smp}, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={memory}, host={host_memory}
clock: sync=none, time0=1700000000, rtc_sync=0
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, {com1}
com2: enabled=1, {com2}
port_e9_hack: enabled=0
log: "{log}"
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
"""


def bochs_uart(address):
    if address is None:
        return "mode=null"
    host, port = address
    return f"mode=socket-client, dev={host}:{port}"


def bochs_command(machine, job):
    """Debian's Bochs is a debugger: a command file takes it past its prompt."""
    config = os.path.join(job.work, "bochsrc")
    go = os.path.join(job.work, "go.rc")
    with open(config, "w", encoding="utf-8") as file:
        file.write(BOCHSRC.format(
            bios=BOCHS_BIOS, vgabios=BOCHS_VGABIOS, cpu=machine.cpu, smp=job.smp,
            memory=job.memory, host_memory=min(job.memory, 2048), iso=job.iso,
            com1=bochs_uart(job.com1), com2=bochs_uart(job.com2),
            log=os.path.join(job.work, machine.log)))
    with open(go, "w", encoding="ascii") as file:
        file.write("c\n")
    return ["bochs-bin", "-q", "-f", config, "-rc", go]


QEMU_TOOLS = (("qemu-system-x86_64", "qemu-system-x86"),)
BOCHS_TOOLS = (("bochs-bin", "bochs"), (BOCHS_BIOS, "bochsbios"), (BOCHS_VGABIOS, "vgabios"))
BOCHS_LINUX = ("tsc_early_khz=100000 idle=halt initcall_blacklist=load_system_certificate_list,"
               "trace_eval_init,init_kprobe_trace,cubictcp_register")


def bochs_machine(about, vendor, cpu, linux=BOCHS_LINUX):
    return Machine(about, vendor, bochs_command, cpu, "AF_INET", firmwares=("bios",),
                   boots=("cdrom",), max_smp=8, max_memory=4096, deterministic_smp=8, linux=linux,
                   log="bochs.log", tools=BOCHS_TOOLS)


MACHINES = {
    "qemu-svm": Machine("QEMU's own CPU with SVM (needs no KVM)", "svm", qemu_command,
                        "EPYC,+vgif", "AF_UNIX", tools=QEMU_TOOLS),
    "qemu-kvm": Machine("this host's CPU, through a KVM that nests VMX or SVM", "",
                        qemu_kvm_command, "host", "AF_UNIX", deterministic_smp=0, accel="kvm",
                        tools=QEMU_TOOLS),
    "bochs-svm": bochs_machine("Bochs with an AMD CPU (SVM)", "svm", "ryzen",
                               BOCHS_LINUX + " clearcpuid=mwaitx"),  # its timer never wakes
    "bochs-vmx": bochs_machine("Bochs with an Intel CPU (VMX)", "vmx", "corei7_skylake_x",
                               BOCHS_LINUX + " clearcpuid=xsavec,xsaves"),
}


def check_choice(name, what, value, choices):
    if value not in choices:
        raise MachineError(f"{name} has no {what} {value}, only {' and '.join(choices)}")


def check_job(name, job):
    """Refuse what this machine cannot do, before anything is built for it."""
    machine = MACHINES[name]
    for tool, package in machine.tools:
        if not (os.path.exists(tool) if tool.startswith("/") else shutil.which(tool)):
            raise MachineError(f"{name} needs {tool} of package {package}; run tools/deps")
    check_choice(name, "firmware", job.firmware, machine.firmwares)
    check_choice(name, "boot medium", job.boot, machine.boots)
    if job.firmware == "uefi" and not os.path.exists(OVMF):
        raise MachineError(f"--firmware uefi needs {OVMF} of package ovmf; run tools/deps")
    if not 1 <= job.smp <= machine.max_smp:
        raise MachineError(f"{name} has 1 to {machine.max_smp} CPUs, not {job.smp}")
    if not 64 <= job.memory <= machine.max_memory:
        raise MachineError(f"{name} has 64 to {machine.max_memory} MiB, not {job.memory}")
    if job.deterministic and machine.deterministic_smp == 0:
        raise MachineError(f"{name} cannot be deterministic; use qemu-svm or Bochs")
    if job.deterministic and job.smp > machine.deterministic_smp:
        raise MachineError(f"{name} is deterministic with --smp {machine.deterministic_smp} only")
    if job.deterministic and (job.firmware, job.boot) != ("bios", "cdrom"):
        raise MachineError("--deterministic chooses firmware and medium itself")
    if machine.accel == "kvm":
        check_kvm()


def explain_end(log_text):
    """The emulator's own last word on why it ended, from its log or its error output."""
    panics = re.findall(r">>PANIC<< (.*)", log_text)
    if panics:
        return panics[-1].strip()
    lines = [line.strip() for line in log_text.splitlines()
             if line.strip() and "TCG doesn't support requested feature" not in line]
    return lines[-1][-200:] if lines else ""
