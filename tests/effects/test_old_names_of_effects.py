"""What the room offers is still found under the names of 0.1."""

import pytest

import causalpp as cpp


@pytest.mark.parametrize("name", ["average", "AveragedEffect"])
def test_the_loop_s_room_still_finds_them(name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"causalpp.acbo.{name} is called causalpp.effects.{name} since 0.2"):
        assert getattr(cpp.acbo, name) is getattr(cpp.effects, name)
