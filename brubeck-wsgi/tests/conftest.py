"""Connections without a server that listens."""

import socket

import pytest


@pytest.fixture
def pair():
    """Our end of a connection, the client's, and a list for the `Channel`s on ours, which are closed at the end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    channels = []
    yield ours, theirs, channels
    for channel in channels:
        channel.close()
    ours.close()
    theirs.close()
