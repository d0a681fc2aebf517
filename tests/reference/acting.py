"""What all parts of the play send."""

from typing import Any

from market.demo.desk import Desk, expect

REASON = {"reason": "同意 (as agreed on the telephone, 31 January)"}
SEEN = {"identification": "Identity card seen"}


async def delete(desk: Desk, path: str) -> Any:
    """The body of a DELETE that must succeed."""
    return expect(await desk.http.delete(path, headers=desk._headers()))
