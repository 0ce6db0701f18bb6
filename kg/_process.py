"""What a process of ours needs so that it ends when it should and unwinds nothing of its parent."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_HELD = {signal.SIGINT, signal.SIGTERM} if hasattr(signal, "pthread_sigmask") else set()


@contextmanager
def held() -> Iterator[None]:
    """The time in which processes may be forked: signals wait, so that none unwinds in a child what is the parent's."""
    if not _HELD:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def released() -> None:
    """Lets the signals through that :func:`held` made wait."""
    if _HELD:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def fork() -> int:
    """Forks; who forks while other threads run sees to it that the child touches nothing of theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def end_with_parent(parent: int) -> None:
    """Asks Linux to end this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that was asked
            os._exit(1)


_SOCKET = {"x86_64": 41, "aarch64": 198}
"""The numbers of the system call ``socket``, as Linux counts them."""


def no_network() -> bool:
    """Has Linux refuse this process any further connection; whether that could be done.

    A filter of system calls (https://docs.kernel.org/userspace-api/seccomp_filter.html) that answers ``socket`` with
    EACCES and lets everything else pass.
    """
    number = _SOCKET.get(os.uname().machine) if sys.platform == "linux" else None
    if number is None:
        return False
    import ctypes
    import struct

    load, jump, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    lines = ((load, 0, 0, 0), (jump, 0, 1, number), (give, 0, 0, 0x00050000 | 13), (give, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(program)))
    control = ctypes.CDLL(None, use_errno=True).prctl
    return bool(
        control(38, 1, 0, 0, 0) == 0 and control(22, 2, header, 0, 0) == 0
    )  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
