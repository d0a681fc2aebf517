"""Regular expressions that RE2, Python and Java read alike, and over which none of them takes for ever. Pure.

`portable` reads a pattern of the subset that they share and writes it anew with every class spelt out: ``\\d`` is
``[0-9]`` and ``.`` everything but a line feed, whichever digits and line ends an engine knows. What cannot be written
so (references back, looking around, word boundaries, flags, Unicode properties) is refused, and so is what an engine
that tries one reading after the other could take very long over (`effort`).
"""

from quality.patterns.effort import require_bounded
from quality.patterns.errors import PatternRefused
from quality.patterns.syntax import read, write

__all__ = ["PatternRefused", "portable"]


def portable(pattern: str) -> str:
    """The pattern as every engine takes it, without anchors: it stands for the whole value.

    :raises PatternRefused: it is outside of the common subset, or could take very long.
    """
    tree = read(pattern)
    require_bounded(tree)
    return write(tree)
