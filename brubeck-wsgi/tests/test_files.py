"""Files as the content of an answer."""

import os
from types import SimpleNamespace

import pytest
from brubeck.core.errors import IncompleteBody
from brubeck.wsgi.files import FileWrapper, send_file


class Taker:
    """Takes what the kernel would send, a few bytes at a time."""

    def __init__(self):
        self.server = SimpleNamespace(now=100.0)
        self.taken = b""
        self.told = []

    def send_from_file(self, fileno, offset, count, begun, sent):
        self.server.now += 10
        self.told.append((begun, sent))
        data = os.pread(fileno, min(count, 4), offset)
        self.taken += data
        return len(data)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "take_five.txt"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        yield file


def test_a_file_is_sent_from_where_it_stands(file):
    file.seek(3)
    taker = Taker()

    assert send_file(taker, FileWrapper(file), 6)
    assert taker.taken == b"345678"


def test_a_file_that_has_become_shorter_is_an_answer_that_is_not_whole(file):
    """It was taken for sent, and the next answer on the connection lay within what was announced of this one."""
    wrapper = FileWrapper(file)
    announced = wrapper.size_left()
    os.truncate(file.name, 5)

    with pytest.raises(IncompleteBody, match="5 bytes of the 10 announced"):
        send_file(Taker(), wrapper, announced)


def test_the_least_rate_counts_from_the_beginning_of_the_file(file):
    """The clock began again at each wait, so that a client could take a file as slowly as it liked."""
    file.seek(1)
    taker = Taker()
    send_file(taker, FileWrapper(file), 9)

    assert taker.told == [(100.0, 0), (100.0, 4), (100.0, 8)]
