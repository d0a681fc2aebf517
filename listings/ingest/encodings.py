"""How is a text file encoded? By decoding all of it strictly, and by what its characters are. Pure Python."""

import codecs
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from infra.messages import Message
from listings.ingest.errors import MalformedRecord, NotATable, TruncatedFile, WrongEncoding
from listings.ingest.limits import MEBIBYTE, Limits
from listings.ingest.result import TextEncoding


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a file's bytes tells: digest, size and, for text, its encoding."""

    sha256: str
    size: int
    encoding: str | None
    ends_with_newline: bool


def digest(path: Path) -> Scan:
    """Checksum and size of a binary file."""
    sha = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(MEBIBYTE):
            sha.update(chunk)
            size += len(chunk)
    return Scan(sha.hexdigest(), size, None, True)


def scan_text(path: Path, limits: Limits) -> Scan:
    """Checksum a text file and find its encoding by decoding all of it strictly.

    UTF-8 (with or without byte order mark) first. Otherwise GB18030, and only when nearly all of its wide
    characters are everyday Chinese: most Latin-1 files happen to decode as GB18030 too, into nonsense.

    :raises FileRefused: neither fits; names the first byte and line that is not UTF-8. Or a line is longer than the
        limits allow: DuckDB passes over one that does not fit its buffer.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    sha = hashlib.sha256()
    size = length = 0
    bad: tuple[int, bool] | None = None
    head = last = b""
    with path.open("rb") as stream:
        while chunk := stream.read(MEBIBYTE):
            head = head or chunk[:3]
            last = chunk[-1:]
            sha.update(chunk)
            if b"\x00" in chunk:
                line = _line_at(path, size + chunk.index(b"\x00"))
                raise NotATable(
                    Message("Line {line} holds a zero byte: the file is binary or damaged.", line=line),
                    remedy=Message("Upload a CSV, TSV, JSON Lines, Parquet or Arrow file."),
                    line=line,
                    byte=size + chunk.index(b"\x00"),
                )
            length = _after_line_ends(chunk, length, limits, path, size)
            if bad is None and not (chunk.isascii() and not decoder.getstate()[0]):
                bad = _undecodable(decoder, chunk, size)
            size += len(chunk)
    if bad is None:
        bad = _undecodable(decoder, b"", size, final=True)
    if bad is None:
        return Scan(
            sha.hexdigest(), size, "utf-8-bom" if head == codecs.BOM_UTF8 else "utf-8", last in b"\r\n"
        )
    offset, cut = bad
    certain = cut and not _is_ascii(
        path, offset
    )  # what came before is UTF-8, and no other encoding by chance
    if certain or not _is_gb18030(path):
        line = _line_at(path, offset)
        if cut:
            raise TruncatedFile(
                Message(
                    "The file ends in the middle of a character, on line {line}: it was cut off.", line=line
                ),
                remedy=Message("Upload it again, whole."),
                line=line,
                byte=offset,
            )
        raise WrongEncoding(
            Message(
                "Line {line} is neither UTF-8 nor GB18030 (byte {offset} of the file).",
                line=line,
                offset=offset,
            ),
            remedy=Message(
                "Save the file as UTF-8, or state how it is encoded: add encoding=big5, euc-kr, shift_jis, euc-jp or"
                " windows-1252 to the address of the upload."
            ),
            line=line,
            byte=offset,
        )
    return Scan(sha.hexdigest(), size, "gb18030", last in b"\r\n")


def _after_line_ends(chunk: bytes, length: int, limits: Limits, path: Path, offset: int) -> int:
    """Bytes of the line that the next chunk goes on with.

    :param length: of the line that this chunk goes on with; chunks are shorter than a line may be.
    :raises MalformedRecord: it is longer than the limits allow.
    """
    found = [place for mark in (b"\n", b"\r") if (place := chunk.find(mark)) >= 0]
    first = min(found) if found else len(chunk)
    if length + first >= limits.record_bytes:
        raise overlong(_line_at(path, offset), limits)
    return len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) if found else length + first


def _line_at(path: Path, offset: int) -> int:
    """The line of a byte of a file."""
    lines = 1
    with path.open("rb") as stream:
        while offset > 0 and (chunk := stream.read(min(MEBIBYTE, offset))):
            lines += chunk.count(b"\n")
            offset -= len(chunk)
    return lines


def _is_ascii(path: Path, size: int) -> bool:
    """Whether the first bytes of a file are."""
    with path.open("rb") as stream:
        while size > 0 and (chunk := stream.read(min(MEBIBYTE, size))):
            if not chunk.isascii():
                return False
            size -= len(chunk)
    return True


def _undecodable(
    decoder: codecs.IncrementalDecoder, chunk: bytes, offset: int, final: bool = False
) -> tuple[int, bool] | None:
    """First undecodable byte, and whether it is only the end that is missing."""
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        return offset - pending + error.start, final
    return None


def _is_gb18030(path: Path) -> bool:
    """Whether a file reads as everyday Chinese.

    :raises WrongEncoding: it may as well be Korean or Japanese.
    """
    found: Counter[str] = Counter()
    with path.open("r", encoding="gb18030", errors="strict", newline="") as stream:
        try:
            while text := stream.read(MEBIBYTE):
                found.update(text)
        except UnicodeDecodeError:
            return False
    wide = {character: count for character, count in found.items() if character >= "\x80"}
    codes = {character: character.encode("gb18030") for character in wide}
    total = sum(wide.values())
    everyday = sum(
        wide[character]
        for character, code in codes.items()
        if len(code) == 2
        and 0xA1 <= code[0] <= 0xF7
        and code[1] >= 0xA1
        and not "\ue000" <= character <= "\uf8ff"
    )
    if everyday < 0.9 * total:
        return False
    _refuse_neighbours(path, list(codes.values()))
    return True


_LEAST_CHARACTERS = 12
"""Different characters from which on a language is told from another."""


def _refuse_neighbours(path: Path, codes: list[bytes]) -> None:
    """Refuse what reads as another language of the same codes: the Korean syllables, and Japanese with its kana.

    Of Chinese text at most six characters in ten lie where EUC-KR has syllables, and hardly any where kana are.

    :param codes: of the different characters of the file.
    :raises WrongEncoding: with how it reads in both.
    """
    letters = [code for code in codes if code[0] not in (0xA1, 0xA2, 0xA3)]
    if len(letters) < _LEAST_CHARACTERS:
        return
    korean = sum(0xB0 <= code[0] <= 0xC8 for code in letters)
    kana = sum(code[0] in (0xA4, 0xA5) for code in letters)
    if korean >= 0.97 * len(letters):
        other = TextEncoding.EUC_KR
    elif kana >= 0.2 * len(letters):
        other = TextEncoding.EUC_JP
    else:
        return
    sample = b"".join(letters[:6])
    chinese, foreign = sample.decode("gb18030", "replace"), sample.decode(other, "replace")
    raise WrongEncoding(
        Message(
            "The file is not UTF-8, and reads as {chinese} in GB18030 and as {foreign} in {encoding}.",
            chinese=chinese,
            foreign=foreign,
            encoding=other.value,
        ),
        remedy=Message(
            "Save the file as UTF-8, or say which it is: add encoding=gb18030 or encoding={encoding} to the address of"
            " the upload.",
            encoding=other.value,
        ),
        line=1,
    )


_LEAST_ZEROS = 4
"""In a text of UTF-16: delimiter and line end of a header and of a row."""


def utf_16_order(head: bytes) -> str | None:
    """The encoding of the beginning of a text in UTF-16 without byte order mark; None where it is none.

    Commas, digits and line ends have a zero byte on one side, and never on the other.
    """
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    least = max(_LEAST_ZEROS, len(head[1:4096:2]) // 10)
    if not even and odd >= least:
        return "utf-16-le"
    if not odd and even >= least:
        return "utf-16-be"
    return None


def transcode(source: Path, target: Path, encoding: str) -> None:
    """Rewrite a text file as UTF-8.

    :raises UnicodeError: it is encoded otherwise.
    """
    if encoding == TextEncoding.UTF_16:
        with source.open("rb") as opened:
            encoding = utf_16_order(opened.read(4096)) or encoding
    with (
        source.open("r", encoding=encoding, newline="") as reading,
        target.open("w", encoding="utf-8", newline="") as writing,
    ):
        while text := reading.read(MEBIBYTE):
            writing.write(text)


def overlong(line: int, limits: Limits) -> MalformedRecord:
    """Why a line is refused."""
    return MalformedRecord(
        Message(
            "Line {number} is longer than {record_bytes:,} characters.",
            number=line,
            record_bytes=limits.record_bytes,
        ),
        remedy=Message("Check that the file has line ends, and shorten the value."),
        line=line,
    )
