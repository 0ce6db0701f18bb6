"""Child processes: signals around a fork, the end of the parent, and no network."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_HELD = {signal.SIGINT, signal.SIGTERM} if hasattr(signal, "pthread_sigmask") else set()


@contextmanager
def blocked_signals() -> Iterator[None]:
    """Block SIGINT and SIGTERM while processes are forked, so that no child handles a signal meant for its parent."""
    if not _HELD:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Let the blocked signals through, in a child."""
    if _HELD:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def fork() -> int:
    """Fork. If other threads run, the child must not use anything of theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def end_with_parent(parent: int) -> None:
    """Have Linux kill this process when its parent ends, for whatever reason."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)


_SOCKET = {"x86_64": 41, "aarch64": 198}
"""The number of the system call ``socket`` in Linux."""


def forbid_network() -> bool:
    """Have Linux refuse new sockets to this process; return whether that is supported.

    Installs a seccomp filter (https://docs.kernel.org/userspace-api/seccomp_filter.html) that fails ``socket`` with
    EACCES and allows every other system call.
    """
    number = _SOCKET.get(os.uname().machine) if sys.platform == "linux" else None
    if number is None:
        return False
    import ctypes
    import struct

    load, jump, end = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    instructions = ((load, 0, 0, 0), (jump, 0, 1, number), (end, 0, 0, 0x00050000 | 13), (end, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(program)))
    control = ctypes.CDLL(None, use_errno=True).prctl
    return bool(
        control(38, 1, 0, 0, 0) == 0 and control(22, 2, header, 0, 0) == 0
    )  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
