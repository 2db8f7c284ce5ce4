"""Where stories end in plain text, for each separator, wherever the chunks fall."""

import io
from pathlib import Path

import pytest

from handcraft.config.corpus import Separator, SeparatorText
from handcraft.corpus.txt import stories_in_txt
from handcraft.errors import UserError


def split(content: bytes, separator: Separator) -> list[str]:
    stories = stories_in_txt(io.BytesIO(content), Path("a.txt"), separator)
    return [s.strip() for s in stories if s.strip()]


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("separator", "text", "stories"),
    [
        ("line", "One\n\nTwo two\n \t\nThree", ["One", "Two two", "Three"]),
        ("blank lines", "\n\nOne\none\n \t\n\n\nTwo\n\n", ["One\none", "Two"]),
        ("blank lines", "One", ["One"]),
        ("file", "One\n\nOne\n<|endoftext|>\n", ["One\n\nOne\n<|endoftext|>"]),
        (SeparatorText(text="\n---\n"), "One --- one\n---\nTwo\n---\nThree\n--", ["One --- one", "Two", "Three\n--"]),
        (SeparatorText(text="line"), "One\nlineTwoline", ["One", "Two"]),
        (SeparatorText(text="é"), "OneéTwoééThree", ["One", "Two", "Three"]),
    ],
)  # fmt: skip
def test_stories_by_separator(
    monkeypatch: pytest.MonkeyPatch,
    separator: Separator,
    text: str,
    stories: list[str],
    *,
    end: str,
    chunk: int,
) -> None:
    monkeypatch.setattr("handcraft.corpus.txt.CHUNK", chunk)
    content = text.replace("\n", end)
    expected = [s.replace("\n", end) for s in stories]
    assert split(content.encode(), separator) == expected
    assert split(b"\xef\xbb\xbf" + content.encode(), separator) == expected


@pytest.mark.parametrize("separator", ["line", "blank lines", "file", SeparatorText(text="\n***\n")])
def test_bytes_that_are_not_utf8_are_placed_for_every_separator(separator: Separator) -> None:
    content = b"One\n\nTwo\n***\nThree\n\nhalf caf\xe9\n"
    with pytest.raises(UserError) as caught:
        split(content, separator)
    assert caught.value.where == f"a.txt, line 7, byte {content.index(0xE9)} of the file"


@pytest.mark.parametrize("separator", ["line", "blank lines", "file", SeparatorText(text="\n***\n")])
def test_a_story_that_does_not_end_is_refused_before_it_fills_memory(
    monkeypatch: pytest.MonkeyPatch, separator: Separator
) -> None:
    monkeypatch.setattr("handcraft.corpus.txt.LONGEST", 1000)
    monkeypatch.setattr("handcraft.corpus.txt.CHUNK", 100)
    file = io.BytesIO(b"One\n***\n\n" + (b"once upon a time " * 1000))
    with pytest.raises(UserError) as caught:
        list(stories_in_txt(file, Path("a.txt"), separator))
    assert caught.value.where.startswith("a.txt, beginning in line")
    assert ("corpus.files.separator" in caught.value.remedy) == (separator != "file")
    assert file.tell() < 2000
