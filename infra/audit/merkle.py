"""The Merkle tree of RFC 6962 (section 2.1), grown leaf by leaf. Pure.

Only complete subtrees are stored, each as ``(level, position)``: level 0 holds the leaves, and the node
``(level, position)`` covers the leaves ``position << level`` up to ``(position + 1) << level``. They never change,
so they fit an append-only table, and the root of any size is computed from at most one node a level.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

ALGORITHM = "SHA-256"
EMPTY_ROOT = sha256(b"").digest()

Place = tuple[int, int]


def leaf_digest(content: bytes) -> bytes:
    """Digest of a leaf: H(0x00 || content)."""
    return sha256(b"\x00" + content).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """Digest of an inner node: H(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def edge(size: int) -> list[Place]:
    """The complete subtrees a tree of ``size`` leaves is made of, largest first."""
    return [
        (level, (size >> level) - 1) for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1
    ]


def root(size: int, nodes: Mapping[Place, bytes]) -> bytes:
    """Root of the tree of the first ``size`` leaves.

    :param nodes: at least those that ``edge(size)`` names.
    """
    digest: bytes | None = None
    for place in reversed(edge(size)):
        digest = nodes[place] if digest is None else node_digest(nodes[place], digest)
    return EMPTY_ROOT if digest is None else digest


def grow(size: int, nodes: Mapping[Place, bytes], leaves: Iterable[bytes]) -> dict[Place, bytes]:
    """The complete subtrees that come into being when leaves are appended to a tree of ``size`` leaves.

    :param nodes: at least those that ``edge(size)`` names.
    :param leaves: leaf digests in order.
    """
    made: dict[Place, bytes] = {}
    for position, digest in enumerate(leaves, start=size):
        level, place = 0, position
        made[level, place] = digest
        while place & 1:
            left = made.get((level, place - 1)) or nodes[level, place - 1]
            digest = node_digest(left, digest)
            level, place = level + 1, place >> 1
            made[level, place] = digest
    return made
