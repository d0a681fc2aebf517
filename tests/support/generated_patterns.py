"""Patterns and texts that try the engines."""

from hypothesis import strategies as st

LETTERS = "ab1_-. \n\té京😀٣"

_ATOMS = st.sampled_from(
    [
        *"ab1_京",
        ".",
        "\\d",
        "\\D",
        "\\w",
        "\\W",
        "\\s",
        "\\S",
        "\\.",
        "\\-",
        "\\n",
        "\\x62",
        "[ab]",
        "[^ab]",
        "[a-z0-9]",
        "[^\\d\\s]",
        "[京é-]",
        "[\\w.-]",
        "[^\\n]",
    ]
)
_COUNTS = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "{0,2}"])


def patterns() -> st.SearchStrategy[str]:
    """Regular expressions, most of them of the common subset."""
    return st.recursive(
        st.one_of(_ATOMS, st.builds(str.__add__, _ATOMS, _COUNTS)),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
            st.builds(lambda body, count: f"(?:{body}){count}", inner, _COUNTS),
        ),
        max_leaves=8,
    )


def texts() -> st.SearchStrategy[str]:
    """Short texts of letters that the patterns speak of."""
    return st.text(LETTERS, max_size=8)
