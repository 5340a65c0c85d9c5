"""UAI, the format of the probabilistic inference competitions: tables without names.

After ``BAYES``: the number of variables, their numbers of states, the number of tables; for each table its variables,
the last of which is the one it is about; then the tables, each with its size, the last variable fastest.

Reference: *UAI model file format*, https://uaicompetition.github.io/uci-2022/file-formats/model-format/.
"""

from __future__ import annotations

from causalpp.errors import FormatError
from causalpp.graphs.formats._tokens import refuse_latent, shown
from causalpp.graphs.formats.bif import BifNetwork
from causalpp.graphs.formats.networks._parts import Building, numbers, rows_to_write

__all__ = ["read_uai", "write_uai"]


def read_uai(text: str) -> BifNetwork:
    """Read a Bayesian network from UAI text; variables are called ``x0``, ``x1``, … and states ``0``, ``1``, ….

    Raises:
        FormatError: a Markov network, or the text is malformed or no whole network; with the line.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        *UAI model file format*, https://uaicompetition.github.io/uci-2022/file-formats/model-format/.

    Example:
        >>> network = read_uai('''BAYES
        ... 2
        ... 2 2
        ... 2
        ... 1 0
        ... 2 0 1
        ... 2  0.8 0.2
        ... 4  0.9 0.1  0.2 0.8''')
        >>> network.dag, network.tables["x1"].tolist()
        (Dag('x0 → x1'), [[0.9, 0.1], [0.2, 0.8]])
    """
    words = _Words(text)
    kind = words.word("the kind of network, BAYES")
    if kind.upper() != "BAYES":
        raise words.error(f"a {kind[:20]!r} network has no directed graph; only BAYES is read")
    out = Building("UAI", "uai")
    names = [f"x{k}" for k in range(words.count("the number of variables"))]
    for name in names:
        size = words.count("a number of states")
        out.variable(name, [str(k) for k in range(size)], words.line)
    scopes = []
    for _ in range(words.count("the number of tables")):
        scope = [words.count("a variable") for _ in range(words.count("the number of variables of a table"))]
        if not scope or max(scope) >= len(names):
            raise words.error(f"a table is about the variables 0 to {len(names) - 1}, got {scope}")
        scopes.append([names[k] for k in scope])
    for *parents, name in scopes:
        size = words.count("the size of a table")
        line = words.line
        out.table(name, parents, numbers(" ".join(words.take(size)), name, line), line)
    if words.place < len(words.words):
        raise words.error(f"{shown(words.words[words.place][0])} stands behind the last table")
    return out.network()


class _Words:
    """The words of a text, one at a time."""

    def __init__(self, text: str) -> None:
        lines = text.removeprefix("\ufeff").splitlines()
        self.words = [(word, number) for number, line in enumerate(lines, 1) for word in line.split()]
        self.place = 0

    @property
    def line(self) -> int:
        """Where the word stands that was taken last."""
        return self.words[self.place - 1][1] if self.place and self.words else 1

    def word(self, what: str) -> str:
        if self.place >= len(self.words):
            raise self.error(f"the UAI text ends where {what} should come; is the file complete?")
        self.place += 1
        return self.words[self.place - 1][0]

    def count(self, what: str) -> int:
        word = self.word(what)
        if not word.isascii() or not word.isdigit() or len(word) > 9:
            raise self.error(f"expected {what}, found {shown(word)}")
        if int(word) > len(self.words):  # everything that is counted takes words of its own
            raise self.error(f"{what} is {word}, more than the file has words; is it complete?")
        return int(word)

    def take(self, size: int) -> list[str]:
        found = [word for word, _ in self.words[self.place : self.place + size]]
        if len(found) < size:
            self.place = len(self.words)
            raise self.error("the UAI text ends within a table; is the file complete?")
        self.place += size
        return found

    def error(self, message: str) -> FormatError:
        return FormatError(message, line=self.line)


def write_uai(network: BifNetwork) -> str:
    """Write a Bayesian network as UAI text: variables and states become numbers, in their order; names are lost.

    Raises:
        FormatError: there is no variable, one is latent, a number is not a probability, or a row is undefined.

    References:
        *UAI model file format*, https://uaicompetition.github.io/uci-2022/file-formats/model-format/.

    Example:
        >>> import numpy as np
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})
        >>> print(write_uai(network))
        BAYES
        1
        2
        1
        1 0
        <BLANKLINE>
        2
        0.25 0.75
    """
    if not network.states:
        raise FormatError("UAI cannot hold a network without variables; JSON can")
    refuse_latent(network.dag, "UAI")
    place = {name: str(k) for k, name in enumerate(network.states)}
    lines = [
        "BAYES",
        str(len(place)),
        " ".join(str(len(states)) for states in network.states.values()),
        str(len(place)),
    ]
    for name, parents in network.parents.items():
        lines.append(" ".join([str(len(parents) + 1), *(place[parent] for parent in parents), place[name]]))
    for name in network.states:
        rows = rows_to_write(network, name)
        if (rows != rows).any():
            raise FormatError(f"UAI cannot hold the undefined rows of {name!r}; BIF can")
        lines += ["", str(rows.size), *(" ".join(map(repr, row)) for row in rows.tolist())]
    return "\n".join([*lines, ""])
