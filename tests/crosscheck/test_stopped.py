"""What was answered is kept where one of several models says nothing, fails, or is stopped midway."""

import pytest

import causalpp as cpp
from causalpp.errors import InvalidData, OracleError
from causalpp.oracles import Answer, Oracle
from causalpp.propositions import Causes

NETWORKS = ["asia", "cancer", "earthquake", "survey", "sachs"]


class _Stops(Oracle):
    """Right about everything, until a number of answers is had."""

    nature = "human"
    fingerprint = "stops"

    def __init__(self, world, left):
        self.dag, self.left = world.dag, left

    def _answer(self, request):
        self.left[0] -= 1
        if self.left[0] < 0:
            raise OracleError("the budget is spent")
        return Answer(request.question, request.question.holds(self.dag))


def _stops(after):
    left = [after]
    return lambda world: _Stops(world, left)


def _good(world):
    return cpp.SimulatedOracle(world.dag, 0.1, world.seed)


def test_a_model_that_stops_midway_keeps_what_it_answered():
    found = cpp.calibrate_directions({"stops": _stops(40), "good": _good}, NETWORKS, pairs=14)
    kept = found.frame[(found.frame["model"] == "stops") & found.frame["contrast"].notna()]
    assert 15 <= len(kept) <= 20
    assert kept["prompts"].sum() == 2 * len(kept)
    assert found.about["stops"]["stopped"] == "the budget is spent"
    assert "stopped" not in found.about["good"]
    assert len(found.frame[found.frame["model"] == "stops"]) == found.of("good").frame.shape[0]
    assert sum(map(len, found.answers["stops"])) == len(kept)
    assert all(isinstance(part.question, Causes) for one in found.answers["stops"] for a in one for part in a.parts)
    assert "   stopped: the budget is spent" in str(found)
    assert str(found).startswith("5 networks: asia, cancer, earthquake, survey, sachs\n")
    (gap,) = found.differences.values()
    assert gap["accuracy"].value > 0  # on the pairs that both answered


def test_priors_of_those_that_have_one_are_kept(tmp_path):
    found = cpp.calibrate_directions({"stops": _stops(40), "good": _good, "mute": _stops(0)}, NETWORKS)
    refused = found.save(tmp_path / "prior.json")
    assert list(refused) == ["stops", "mute"]
    assert "here are 0 and 0" in refused["mute"]
    assert cpp.read_prior(tmp_path / "prior.json", "good") == found.prior("good")
    alone = cpp.calibrate_directions({"stops": _stops(40)}, NETWORKS)
    with pytest.raises(InvalidData, match="stops: a prior needs 4 networks"):
        alone.save(tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()


def test_where_nobody_answers_the_first_error_is_raised():
    with pytest.raises(OracleError, match="the budget is spent"):
        cpp.calibrate_directions({"a": _stops(0), "b": _stops(0)}, NETWORKS)
