"""A WebSocket client for tests, over asyncio: as little as RFC 6455 asks of one, and every rule can be broken."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Coroutine
from typing import Any

opened: list[WebSocketClient] = []


def run_clients(scenario: Coroutine[Any, Any, None], timeout_s: float = 60) -> None:
    """Run *scenario*, then end every client that it opened."""

    async def guarded() -> None:
        try:
            await asyncio.wait_for(scenario, timeout_s)
        finally:
            for client in opened:
                client.abort()
            opened.clear()
            await asyncio.sleep(0)

    asyncio.run(guarded())


def handshake(address: tuple[str, int], path: str, headers: dict[str, str] | None = None) -> bytes:
    """Return a handshake; *headers* stand in the place of its own, or beside them."""
    own = {
        "Host": f"{address[0]}:{address[1]}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**own, **(headers or {})}.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


class WebSocketClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self.reader = reader
        self.writer = writer
        self.head = head
        opened.append(self)

    @classmethod
    async def connect(
        cls, address: tuple[str, int], path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> WebSocketClient:
        """Connect; *options* are those of `asyncio.open_connection`, and `tail`: bytes behind the handshake."""
        tail = options.pop("tail", b"")
        reader, writer = await asyncio.open_connection(*address, **options)
        writer.write(handshake(address, path, headers) + tail)
        return cls(reader, writer, await reader.readuntil(b"\r\n\r\n"))

    @property
    def status(self) -> int:
        return int(self.head[9:12])

    def send(self, payload: str | bytes, opcode: int | None = None, first: int = 0x80) -> None:
        content = payload.encode() if isinstance(payload, str) else payload
        opcode = opcode if opcode is not None else 1 if isinstance(payload, str) else 2
        mask = os.urandom(4)
        size = len(content)
        if size < 126:
            head = bytes((first | opcode, 0x80 | size))
        elif size < 65536:
            head = bytes((first | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((first | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
        repeated = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(content, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
        self.writer.write(head + mask + masked)

    async def frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        size = second
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def receive(self) -> Any:
        """Return the next message; for a close frame its code."""
        opcode, payload = await asyncio.wait_for(self.frame(), 10)
        if opcode == 1:
            return payload.decode()
        if opcode == 8:
            return int.from_bytes(payload[:2], "big")
        return payload

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 5) == b""

    def abort(self) -> None:
        self.writer.transport.abort()
