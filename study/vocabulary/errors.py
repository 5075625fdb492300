"""The one error a user can cause, and the one line that answers it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

_LONGEST_NAME, _LONGEST_REASON, _LONGEST_LINE = 100, 300, 2_000
_LEFT_OUT = "..."


class StudyError(Exception):
    """Something the user can put right.

    The message is one line that names the offending value, what is allowed, where the value came from and what to do.
    The command line prints it without a traceback and exits with code 2.
    """


class ManyFaultsError(StudyError):
    """Several things that the user can put right; the command line prints a line each, and the message joins them."""

    def __init__(self, errors: Sequence[StudyError]) -> None:
        """Say what each of `errors` says."""
        self.lines = tuple(dict.fromkeys(map(str, errors)))
        super().__init__("; ".join(self.lines))


class Refusals:
    """What is refused of many things, so that all of it is said at once."""

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self.errors: list[StudyError] = []

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the refusal that ends the block, and go on behind it."""
        try:
            yield
        except StudyError as error:
            self.errors.append(error)

    def check(self) -> None:
        """Raise what was refused, if anything was.

        Raises
        ------
        StudyError
            The one that there is.
        ManyFaultsError
            All of them, where there are more.
        """
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise ManyFaultsError(self.errors)


def shown(text: object, *, longest: int = _LONGEST_NAME) -> str:
    r"""Return text from outside - a name, a path, a value - as it may stand in a message.

    Characters that break lines, move the cursor, turn the direction of writing or cannot be encoded are written as
    escapes (`\n`, `\x1b`, `\u202e`, `\udcff`), so that no name can forge a line.

    Parameters
    ----------
    text
        Anything; what is no text is shown as `str` gives it.
    longest
        Characters of the result; where it would be longer, its middle is left out: of a path both ends matter.
    """
    try:
        whole = str(text)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
    # An absurdly long text is cut before it is gone through: at most as many characters as can be shown.
    return _middle_left_out("".join(map(_visible, _middle_left_out(whole, longest))), longest)


def quoted(value: object, *, longest: int = _LONGEST_NAME) -> str:
    """Return a value as Python writes it, text in quotes, as it may stand in a message; see `shown`."""
    try:
        return shown(repr(value), longest=longest)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"


def one_line(error: BaseException | None, *, longest: int = _LONGEST_REASON) -> str:
    """Return what an error says in one line, the name of its type where it says nothing.

    Parameters
    ----------
    error
        Of any type; libraries' messages may run over many lines.
    longest
        Characters after which the rest is left out.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return console_line(text, longest=longest)


def console_line(text: str, *, longest: int = _LONGEST_LINE) -> str:
    """Return a message as it is printed: one line, printable, of at most `longest` characters."""
    visible = "".join(map(_visible, text[: longest + 1]))
    return visible if len(visible) <= longest else f"{visible[: longest - len(_LEFT_OUT)]}{_LEFT_OUT}"


def refuse_unless(condition: bool, message: str) -> None:
    """Raise `StudyError` with `message` unless `condition` holds."""
    if not condition:
        raise StudyError(message)


def _middle_left_out(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    kept = longest - len(_LEFT_OUT)
    return f"{text[: kept - kept // 2]}{_LEFT_OUT}{text[len(text) - kept // 2 :]}"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
