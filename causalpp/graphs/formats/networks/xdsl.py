"""XDSL, the format of GeNIe and SMILE: the graph with its probability tables.

In ``<probabilities>`` the first parent counts slowest, the last parent faster, and the variable's own states fastest;
so says SMILE's manual, "Multidimensional arrays".  Some libraries write the parents the other way round, and nothing in
such a file shows it: check one number of a file that no BayesFusion program wrote.

Reference: BayesFusion, *SMILE Programmer's Manual*, https://support.bayesfusion.com/docs.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from causalpp.errors import FormatError
from causalpp.graphs.formats._tokens import cannot_hold, refuse_latent
from causalpp.graphs.formats.bif import BifNetwork
from causalpp.graphs.formats.networks._parts import Building, Xml, numbers, rows_to_write

__all__ = ["read_xdsl", "write_xdsl"]

_REFUSED = {
    "noisymax": "a noisy-MAX node",
    "noisyadder": "a noisy-adder node",
    "equation": "an equation",
    "decision": "a decision",
    "utility": "a utility",
    "mau": "a utility",
    "submodel": "a submodel",
}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_xdsl(text: str) -> BifNetwork:
    """Read a Bayesian network from XDSL text; nodes are named by their ids.

    Tables (``<cpt>``) and deterministic nodes are read; noisy-MAX nodes, equations, decisions, utilities and networks
    that unroll in time are refused by name.

    Raises:
        FormatError: the text is no XML, declares entities, or is no whole network; with the line.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        BayesFusion, *SMILE Programmer's Manual*, "Multidimensional arrays", https://support.bayesfusion.com/docs.

    Example:
        >>> network = read_xdsl('''<smile version="1.0" id="n"><nodes>
        ... <cpt id="a"><state id="n"/><state id="y"/><probabilities>0.5 0.5</probabilities></cpt>
        ... <cpt id="b"><state id="l"/><state id="h"/><probabilities>0.3 0.7</probabilities></cpt>
        ... <cpt id="c"><state id="n"/><state id="y"/><parents>a b</parents>
        ...   <probabilities>0.9 0.1  0.8 0.2  0.7 0.3  0.6 0.4</probabilities></cpt>
        ... </nodes></smile>''')
        >>> network.tables["c"][0, 1].tolist()  # a = n, b = h
        [0.8, 0.2]
    """
    xml = Xml(text, "XDSL")
    if xml.root.tag != "smile":
        raise FormatError(f"an XDSL file begins with <smile>, this one with <{xml.root.tag}>", line=1)
    nodes = xml.root.find("nodes")
    if nodes is None:
        raise FormatError("the XDSL file has no <nodes>; is it complete?", line=1)
    dynamic = xml.root.find("dynamic")
    if dynamic is not None:
        raise FormatError("the network unrolls in time (<dynamic>), which is not read", line=xml.line(dynamic))
    out = Building("XDSL", xml.root.get("id") or "unknown")
    for node in nodes:
        line, name = xml.line(node), node.get("id", "")
        if node.tag in _REFUSED or node.tag not in ("cpt", "deterministic"):
            what = _REFUSED.get(node.tag, f"a <{node.tag}>")
            raise FormatError(f"{name!r} is {what}, which is not read; only tables are", line=line)
        out.variable(name, [state.get("id", "") for state in node.findall("state")], line)
        parents = (node.findtext("parents") or "").split()
        found = _certain(xml, node, name, out) if node.tag == "deterministic" else numbers(
            xml.text(node, "probabilities"), name, line)  # fmt: skip
        out.table(name, parents, found, line)
    return out.network()


def _certain(xml: Xml, node: Element, name: str, out: Building) -> list[float]:
    """The table of a deterministic node: ones and zeros."""
    found: list[float] = []
    for state in xml.text(node, "resultingstates").split():
        if state not in out.states[name]:
            raise FormatError(f"unknown state {state!r} of {name!r}", line=xml.line(node))
        found += [float(state == other) for other in out.states[name]]
    return found


def write_xdsl(network: BifNetwork) -> str:
    """Write a Bayesian network as XDSL text, in GeNIe's order: the last parent faster than the first.

    Raises:
        FormatError: there is no variable, one is latent, a number is not a probability, a row is undefined, or a name
            of a variable or state is no identifier, which GeNIe asks for.

    References:
        BayesFusion, *SMILE Programmer's Manual*, "Multidimensional arrays", https://support.bayesfusion.com/docs.

    Example:
        >>> import numpy as np
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})
        >>> read_xdsl(write_xdsl(network)) == network
        True
    """
    if not network.states:
        raise FormatError("XDSL cannot hold a network without variables; JSON can")
    refuse_latent(network.dag, "XDSL")
    title = network.name if _IDENTIFIER.fullmatch(network.name) else "unknown"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<smile version="1.0" id="{title}" numsamples="1000">',
        "\t<nodes>",
    ]
    for name in network.dag.topological_order:  # GeNIe reads parents before children
        rows = rows_to_write(network, name)
        if (rows != rows).any():
            raise FormatError(f"XDSL cannot hold the undefined rows of {name!r}; BIF can")
        lines.append(f'\t\t<cpt id="{_id(name)}">')
        lines += [f'\t\t\t<state id="{_id(state)}" />' for state in network.states[name]]
        if network.parents[name]:
            lines.append(f"\t\t\t<parents>{' '.join(network.parents[name])}</parents>")
        values = " ".join(map(repr, rows.ravel().tolist()))
        lines += [f"\t\t\t<probabilities>{values}</probabilities>", "\t\t</cpt>"]
    return "\n".join([*lines, "\t</nodes>", "</smile>", ""])


def _id(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise cannot_hold(name, "XDSL", "its ids are made of letters, digits and underscores", "BIF and XMLBIF")
    return name
