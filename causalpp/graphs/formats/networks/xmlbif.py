"""XMLBIF, the interchange format in XML (JavaBayes, Weka, SamIam): the graph with its probability tables.

A table stands in the order of counting over the variables of ``<GIVEN>``, in their order, and the variable of
``<FOR>``, the last fastest.

Reference: Cozman, *The Interchange Format for Bayesian Networks*, XML version 0.3 (1998).
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from causalpp.errors import FormatError
from causalpp.graphs.formats._tokens import cannot_hold
from causalpp.graphs.formats.bif import BifNetwork
from causalpp.graphs.formats.bif._names import is_latent
from causalpp.graphs.formats.networks._parts import Building, Xml, numbers, rows_to_write

__all__ = ["read_xmlbif", "write_xmlbif"]

_NOT_XML = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def read_xmlbif(text: str) -> BifNetwork:
    """Read a Bayesian network from XMLBIF text.

    Raises:
        FormatError: the text is no XML, declares entities, or is no whole network; with the line.
        CyclicGraph: the parents close a directed cycle.
        TooLarge: a table has more than 2²⁴ numbers.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, XML version 0.3 (1998).

    Example:
        >>> network = read_xmlbif('''<BIF VERSION="0.3"><NETWORK><NAME>n</NAME>
        ... <VARIABLE TYPE="nature"><NAME>rain</NAME><OUTCOME>no</OUTCOME><OUTCOME>yes</OUTCOME></VARIABLE>
        ... <VARIABLE TYPE="nature"><NAME>wet</NAME><OUTCOME>no</OUTCOME><OUTCOME>yes</OUTCOME></VARIABLE>
        ... <DEFINITION><FOR>rain</FOR><TABLE>0.8 0.2</TABLE></DEFINITION>
        ... <DEFINITION><FOR>wet</FOR><GIVEN>rain</GIVEN><TABLE>0.9 0.1  0.2 0.8</TABLE></DEFINITION>
        ... </NETWORK></BIF>''')
        >>> network.dag, network.tables["wet"].tolist()
        (Dag('rain → wet'), [[0.9, 0.1], [0.2, 0.8]])
    """
    xml = Xml(text, "XMLBIF")
    root = xml.root
    whole = root.find("NETWORK") if root.tag == "BIF" else root if root.tag == "NETWORK" else None
    if whole is None:
        raise FormatError(f"an XMLBIF file begins with <BIF> and <NETWORK>, this one with <{root.tag}>", line=1)
    name = whole.find("NAME")
    out = Building("XMLBIF", "unknown" if name is None else "".join(name.itertext()).strip())
    for item in whole.iter("VARIABLE"):
        kind, line = item.get("TYPE", "nature").lower(), xml.line(item)
        variable = xml.text(item, "NAME")
        if kind not in ("nature", "discrete"):
            raise FormatError(f"{variable!r} is a variable of type {kind!r}; only those of nature are read", line=line)
        out.variable(variable, ["".join(o.itertext()).strip() for o in item.findall("OUTCOME")], line)
        for said in item.findall("PROPERTY"):
            try:
                latent = is_latent("".join(said.itertext()) + ";", variable)
            except FormatError as error:
                raise FormatError(str(error), line=xml.line(said)) from None
            if latent:
                out.latent.add(variable)
    for item in (*whole.iter("DEFINITION"), *whole.iter("PROBABILITY")):
        line = xml.line(item)
        variable = xml.text(item, "FOR")
        if variable not in out.states:
            raise FormatError(f"a table for the unknown variable {variable!r}", line=line)
        parents = ["".join(given.itertext()).strip() for given in item.findall("GIVEN")]
        out.table(variable, parents, numbers(xml.text(item, "TABLE"), variable, line), line)
    return out.network()


def write_xmlbif(network: BifNetwork) -> str:
    """Write a Bayesian network as XMLBIF text; reading it gives an equal network, to the last digit.

    Raises:
        FormatError: there is no variable, a number is not a probability, or a name begins or ends with a blank or holds
            a control character, which XML cannot hold.

    References:
        Cozman, *The Interchange Format for Bayesian Networks*, XML version 0.3 (1998).

    Example:
        >>> import numpy as np
        >>> network = BifNetwork("n", {"a": ("no", "yes")}, {"a": ()}, {"a": np.array([0.25, 0.75])})
        >>> read_xmlbif(write_xmlbif(network)) == network
        True
    """
    if not network.states:
        raise FormatError("XMLBIF cannot hold a network without variables; JSON can")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<BIF VERSION="0.3">',
        "<NETWORK>",
        f"<NAME>{_text(network.name)}</NAME>",
    ]
    for name, states in network.states.items():
        lines += ['<VARIABLE TYPE="nature">', f"  <NAME>{_text(name)}</NAME>"]
        lines += [f"  <OUTCOME>{_text(state)}</OUTCOME>" for state in states]
        lines += ["  <PROPERTY>latent = yes</PROPERTY>"] * (name in network.latent) + ["</VARIABLE>"]
    for name, parents in network.parents.items():
        lines += ["<DEFINITION>", f"  <FOR>{_text(name)}</FOR>", *(f"  <GIVEN>{_text(p)}</GIVEN>" for p in parents)]
        rows = rows_to_write(network, name).tolist()
        lines += ["  <TABLE>", *("    " + " ".join(map(repr, row)) for row in rows), "  </TABLE>", "</DEFINITION>"]
    return "\n".join([*lines, "</NETWORK>", "</BIF>", ""])


def _text(name: str) -> str:
    if _NOT_XML.search(name) or name != name.strip():
        raise cannot_hold(name, "XMLBIF", "it begins or ends with a blank or has a control character")
    return escape(name)
