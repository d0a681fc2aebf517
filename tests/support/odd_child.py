"""A child process for tests: does what it is asked, which is nothing a child should do."""

import mmap
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
            os.write(_ANSWERS, b"not JSON\n")
            time.sleep(60)
        case "allocate":
            return {"size": len(bytearray(request["bytes"]))}
        case "map":
            mapped = mmap.mmap(-1, request["bytes"], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            return {"size": len(mapped)}
        case "use":
            return {"size": len(b"x" * request["bytes"])}
        case "abort":
            os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
            os.abort()
        case "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "write":
            with open(os.path.join(os.environ["HOME"], "file"), "wb") as file:  # noqa: PTH118, PTH123
                file.write(bytes(request["bytes"]))
        case "spin":
            while True:
                pass
    return {}


if __name__ == "__main__":
    _ANSWERS = os.dup(1)
    serve(_load)
