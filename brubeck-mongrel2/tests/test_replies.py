"""What is sent to Mongrel2, byte for byte."""

from __future__ import annotations

from brubeck.mongrel2.replies import encode_close, encode_control, encode_replies, encode_reply


def test_a_reply_names_its_connection():
    assert encode_reply(b"m2", b"12", b"body") == b"m2 2:12, body"


def test_an_empty_body_closes():
    assert encode_close(b"m2", b"12") == b"m2 2:12, "


def test_many_connections_are_cut_to_the_servers_limit():
    numbers = [b"%d" % number for number in range(300)]
    replies = list(encode_replies(b"m2", numbers, b"x"))

    assert len(replies) == 3
    assert b" ".join(reply.split(b":", 1)[1].split(b",", 1)[0] for reply in replies).split() == numbers


def test_control_messages_are_extended_replies():
    assert encode_control(b"m2", b"12", credits=5) == b"m2 4:X 12, 24:3:ctl,14:7:credits,1:5#}]"
