"""A child process for tests: does what it is asked, which is nothing a child should do."""

import os
import signal
import time
from typing import Any

from infra.child_process import Handler, serve


def _load() -> Handler:
    return _answer


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    match request["do"]:
        case "echo":
            print("a library that prints")  # noqa: T201
            return {"echo": request["text"]}
        case "environment":
            return dict(os.environ)
        case "sleep":
            time.sleep(60)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            raise SystemExit(3)
        case "nonsense":
            os.write(3, b"not JSON\n")  # the duplicate of standard output that answers are written to
            time.sleep(60)
        case "allocate":
            return {"size": len(bytearray(request["bytes"]))}
        case "write":
            with open(os.path.join(os.environ["HOME"], "file"), "wb") as file:  # noqa: PTH118, PTH123
                file.write(bytes(request["bytes"]))
        case "spin":
            while True:
                pass
    return {}


if __name__ == "__main__":
    serve(_load)
