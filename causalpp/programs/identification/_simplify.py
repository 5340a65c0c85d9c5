"""Equal formulas, shorter: sums carried out where the rules of probability do it."""

from __future__ import annotations

from causalpp.programs.identification.expression import Expression, Fraction, One, Probability, Product, Sum

__all__ = ["simplify"]


def simplify(formula: Expression) -> Expression:
    """An equal formula wherever the observed distribution is positive."""
    if isinstance(formula, Probability):
        return formula if formula.variables else One()
    if isinstance(formula, Product):
        return _product([simplify(factor) for factor in formula.factors])
    if isinstance(formula, Fraction):
        return _fraction(simplify(formula.numerator), simplify(formula.denominator))
    if isinstance(formula, Sum):
        return _sum(formula.over, simplify(formula.body))
    return formula


def _factors(formula: Expression) -> list[Expression]:
    if isinstance(formula, One):
        return []
    if isinstance(formula, Product):
        return [part for factor in formula.factors for part in _factors(factor)]
    return [formula]


def _product(factors: list[Expression]) -> Expression:
    flat = [part for factor in factors for part in _factors(factor)]
    if not flat:
        return One()
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def _fraction(numerator: Expression, denominator: Expression) -> Expression:
    above, below = _factors(numerator), _factors(denominator)
    for factor in list(below):
        if factor in above:  # the same formula in the same scope: they cancel
            above.remove(factor)
            below.remove(factor)
    # P(a, b | c) / P(b | c) = P(a | b, c)
    for bottom in list(below):
        for place, top in enumerate(above):
            if (
                isinstance(top, Probability)
                and isinstance(bottom, Probability)
                and set(bottom.variables) < set(top.variables)
                and set(bottom.given) == set(top.given)
            ):
                rest = tuple(name for name in top.variables if name not in bottom.variables)
                above[place] = Probability(rest, bottom.variables + top.given)
                below.remove(bottom)
                break
    if not below:
        return _product(above)
    return Fraction(_product(above), _product(below))


def _sum(over: tuple[str, ...], body: Expression) -> Expression:
    if isinstance(body, Sum) and not set(over) & set(body.over):
        over, body = over + body.over, body.body
    left, factors = list(over), _factors(body)
    progress = True
    while progress:
        progress = False
        for name in list(left):
            here = [factor for factor in factors if name in factor.free]
            merged = _without(name, here)
            if merged is not None:
                place = factors.index(here[0])
                factors = [factor for factor in factors if factor not in here]
                factors[place:place] = _factors(merged)
                left.remove(name)
                progress = True
    if not left:
        return _product(factors)
    inside = [factor for factor in factors if factor.free & set(left)]
    outside = [factor for factor in factors if not factor.free & set(left)]
    return _product([*outside, Sum(tuple(left), _product(inside))])


def _without(name: str, factors: list[Expression]) -> Expression | None:
    """The sum over ``name`` of the product of ``factors`` as one probability, or None."""
    if not factors or not all(isinstance(factor, Probability) for factor in factors):
        return None
    law = factors[0]
    assert isinstance(law, Probability)
    if len(factors) == 2:
        # P(a | b, c) P(b | c) = P(a, b | c)
        joined = None
        for first, second in (factors, reversed(factors)):
            assert isinstance(first, Probability)
            assert isinstance(second, Probability)
            if set(first.given) == set(second.variables) | set(second.given):
                joined = Probability(second.variables + first.variables, second.given)
        if joined is None:
            return None
        law = joined
    if len(factors) > 2 or name not in law.variables:
        return None
    rest = tuple(other for other in law.variables if other != name)
    return Probability(rest, law.given) if rest else One()
