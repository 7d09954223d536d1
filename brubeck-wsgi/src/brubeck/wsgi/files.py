"""`wsgi.file_wrapper`: a file as the content of an answer, sent by the kernel where it can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from brubeck.core.errors import IncompleteBody

if TYPE_CHECKING:
    from brubeck.wsgi.client import Client

__all__ = ["FileWrapper", "send_file"]


class FileWrapper:
    """An iterable over a file, as PEP 3333 has it.

    Args:
        file: Anything with `read`; one with `fileno` may be sent by the kernel.
        block_bytes: How much is read at a time where it may not.
    """

    def __init__(self, file: Any, block_bytes: int = 65536) -> None:
        self.file = file
        self.block_bytes = block_bytes
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self.block_bytes), b"")

    def size_left(self) -> int | None:
        """Return how many bytes the file still has, None where it is no plain file."""
        try:
            return os.fstat(self.file.fileno()).st_size - int(self.file.tell())
        except (OSError, AttributeError, ValueError):
            return None


def send_file(client: Client, wrapper: FileWrapper, count: int) -> bool:
    """Have the kernel send *count* bytes; say whether it could.

    Raises:
        ClientDisconnected: Nobody takes them.
        IncompleteBody: The file has become shorter meanwhile.

    Blocks:
        The greenlet while the client takes nothing, and the hub for the disk's part.
    """
    offset = begin = int(wrapper.file.tell())
    fileno = wrapper.file.fileno()
    end, begun = offset + count, client.server.now
    while offset < end:
        sent = client.send_from_file(fileno, offset, min(end - offset, 1 << 20), begun, offset - begin)
        if sent is None:
            return False
        if sent == 0:
            raise IncompleteBody(f"The file gave {offset - begin} bytes of the {count} announced.")
        offset += sent
    return True
