"""Messages and answers as lines of JSON; no socket in sight."""

import base64
import json
from urllib.parse import unquote

from brubeck.request_handling import Request, Response


def decode_message(line: bytes) -> Request:
    """Return the message that a line of JSON holds."""
    facts = json.loads(line)
    path, _, query = facts["target"].partition("?")
    return Request(
        facts["method"],
        unquote(path),
        query,
        headers=[(name, value) for name, value in facts["headers"]],
        body=base64.b64decode(facts["body"]),
        raw_path=path,
    )


def encode_response(response: Response) -> bytes:
    """Return the line of JSON for *response*, whose stream is taken whole."""
    try:
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    finally:
        response.close()
    headers = list(response.headers)
    if not response.bodiless and "content-length" not in {name.lower() for name, _ in headers}:
        headers.append(("Content-Length", str(len(body))))
    answer = {
        "status": response.status_code,
        "reason": response.reason,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }
    return json.dumps(answer).encode() + b"\n"
