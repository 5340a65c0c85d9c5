"""Sites: what is read and written, against a forward pass taken apart by hand; hooks come off whatever happens."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from causalpp.abstraction import Rotated, Site, random_weights, read, written
from causalpp.errors import InvalidParameter, UnknownName


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)).eval()


def decoder(kind: str) -> tuple[nn.Module, str, str]:
    """A small model of the transformers library, its second layer's name, and that of the attention in it."""
    import transformers as hf

    torch.manual_seed(0)
    small = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    if kind == "llama":
        config = hf.LlamaConfig(**small, intermediate_size=32, num_key_value_heads=2)
        return hf.LlamaForCausalLM(config).eval(), "model.layers.1", "model.layers.1.self_attn"
    if kind == "gpt2":
        config = hf.GPT2Config(vocab_size=20, n_embd=16, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
        return hf.GPT2LMHeadModel(config).eval(), "transformer.h.1", "transformer.h.1.attn"
    config = hf.BertConfig(**small, intermediate_size=32)
    return hf.BertModel(config).eval(), "encoder.layer.1", "encoder.layer.1.attention.self"


KINDS = ("llama", "gpt2", "bert")


def tokens() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 20, (3, 6), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1] * 6])}


def hooks(network: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules())


def test_what_is_read_and_written_is_what_a_pass_by_hand_gives():
    network, x = mlp(), torch.randn(4, 3)
    hidden = torch.relu(network[0](x))
    assert torch.equal(read(network, Site("1", [0, 3]), x), hidden[:, [0, 3]])
    assert torch.equal(read(network, Site("1", slice(None, None, 2)), x), hidden[:, ::2])
    assert torch.equal(read(network, Site("1", [-1]), x), hidden[:, [4]])
    assert torch.equal(read(network, Site("2", input=True), x), hidden)
    both = read(network, {"a": Site("0"), "b": Site("1")}, x)
    assert torch.equal(both["a"], network[0](x))
    assert torch.equal(both["b"], hidden)
    new = torch.randn(4, 2)
    with written(network, {Site("1", [0, 3]): new}):
        found = network(x)
    hidden[:, [0, 3]] = new
    assert torch.equal(found, network[2](hidden))


def test_two_sites_of_one_module_are_both_written():
    network, x = mlp(), torch.randn(4, 3)
    with written(network, {Site("1", [0]): torch.ones(4, 1), Site("1", [2]): 2 * torch.ones(4, 1)}):
        found = network(x)
    hidden = torch.relu(network[0](x))
    hidden[:, 0], hidden[:, 2] = 1, 2
    assert torch.equal(found, network[2](hidden))


def test_a_rotated_site_changes_its_directions_and_nothing_else():
    network, x = mlp(), torch.randn(4, 3)
    directions = torch.linalg.qr(torch.randn(5, 5))[0]
    site, rest = Rotated(Site("1"), directions[:, :2]), Rotated(Site("1"), directions[:, 2:])
    before = read(network, rest, x)
    with written(network, {site: torch.ones(4, 2)}):
        torch.testing.assert_close(read(network, rest, x), before)
        torch.testing.assert_close(read(network, site, x), torch.ones(4, 2))
    half = Rotated(Site("1"), directions[:, :2], torch.tensor([0.0, 1.0]))
    with written(network, {half: torch.ones(4, 2)}):
        now = read(network, site, x)
    torch.testing.assert_close(now, torch.stack([read(network, site, x)[:, 0], torch.ones(4)], 1))


def test_gradients_flow_through_reading_and_writing():
    network, x = mlp(), torch.randn(4, 3)
    values = read(network, Site("0"), torch.randn(4, 3))
    with written(network, {Site("0"): values}):
        network(x).sum().backward()
    assert network[0].weight.grad is not None
    assert float(network[0].weight.grad.abs().sum()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_positions_count_the_tokens_that_the_mask_keeps(kind):
    network, layer, _ = decoder(kind)
    inputs = tokens()
    found: list[torch.Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(
        lambda *given: found.append(given[2][0] if isinstance(given[2], tuple) else given[2])
    )
    with torch.no_grad():
        network(**inputs)
        hook.remove()
        whole = found[0]
        last = torch.stack([whole[0, 3], whole[1, 5], whole[2, 5]])
        first = torch.stack([whole[0, 0], whole[1, 2], whole[2, 0]])
        assert torch.equal(read(network, Site(layer, position="last"), inputs), last)
        assert torch.equal(read(network, Site(layer, position=-1), inputs), last)
        assert torch.equal(read(network, Site(layer, [1, 4], position=0), inputs), first[:, [1, 4]])
        assert torch.equal(read(network, Site(layer, position=[0, -1]), inputs), torch.cat([first, last], 1))
        asked = Site(layer, slice(0, 3), position=lambda given: given["attention_mask"].sum(1) - 1)
        assert torch.equal(read(network, asked, inputs)[0], whole[0, 3, :3])
        assert torch.equal(read(network, asked, inputs)[1], whole[1, 3, :3])


@pytest.mark.parametrize("kind", KINDS)
def test_writing_what_was_read_changes_nothing_and_something_else_something(kind):
    network, layer, attention = decoder(kind)
    inputs = tokens()
    with torch.no_grad():
        before = network(**inputs)[0]
        for site in (Site(layer, position="last"), Site(attention, position=0, head=3), Site(layer, input=True)):
            values = read(network, site, inputs)
            with written(network, {site: values}):
                torch.testing.assert_close(network(**inputs)[0], before)
            with written(network, {site: values * 2}):
                assert not torch.allclose(network(**inputs)[0], before)
    assert hooks(network) == 0


def test_heads_are_parts_of_what_enters_the_last_matrix():
    network, _, attention = decoder("llama")
    inputs = tokens()
    whole = read(network, Site(f"{attention}.o_proj", position=2, input=True), inputs)
    heads = [read(network, Site(attention, position=2, head=number), inputs) for number in range(4)]
    assert torch.equal(torch.cat(heads, 1), whole)
    assert torch.equal(read(network, Site(attention, [1], position=2, head=3), inputs), whole[:, [13]])
    # Without a head's part the attention gives what its last matrix makes of the others.
    zero = torch.zeros_like(heads[0])
    with written(network, {Site(attention, position=2, head=0): zero}):
        now = read(network, Site(attention, position=2), inputs)
    matrix = network.get_submodule(f"{attention}.o_proj").weight
    torch.testing.assert_close(now, whole[:, 4:] @ matrix[:, 4:].T)


def test_hooks_come_off_after_errors():
    network, x = mlp(), torch.randn(4, 3)
    wrong = written(network, {Site("1", [0, 1]): torch.ones(3, 2)})
    with pytest.raises(InvalidParameter, match=r"shape \(3, 2\), the site has \(4, 2\)"), wrong:
        network(x)
    with pytest.raises(RuntimeError):
        read(network, Site("1"), torch.randn(4, 7))
    with pytest.raises(ZeroDivisionError), written(network, {Site("1"): torch.ones(4, 5)}):
        raise ZeroDivisionError
    with pytest.raises(UnknownName):
        read(network, {"a": Site("1"), "b": Site("one")}, x)
    assert hooks(network) == 0


class Twice(nn.Module):
    """A module that runs twice, and one that does not run."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.act, self.idle = nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.hidden(self.act(x)))


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (Site("act"), "runs several times"),
        (Site("idle"), "does not run"),
        (Site("hidden", [3]), "has the unit 3, and there are 3"),
        (Site("hidden", slice(5, 9)), "no units: there are 3"),
        (Site("hidden", [0, -3]), "repeat themselves"),
        (Site("hidden", position="last"), "no positions: leave out"),
        (Site("hidden", head=0), "does not say how many heads"),
    ],
)
def test_sites_that_make_no_sense(site, message):
    with pytest.raises(InvalidParameter, match=message):
        read(Twice(), site, torch.randn(2, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"position": 9}, "outside the 4 tokens of row 0"),
        ({"position": -7}, "outside the 4 tokens of row 0"),
        ({"position": lambda given: given["attention_mask"].sum(1)}, "outside the 6 tokens of row 2"),
        ({"position": lambda given: given["attention_mask"].float()}, "must be whole numbers"),
        ({"position": lambda _: torch.tensor([1, 2])}, "one whole number a row"),
    ],
)
def test_positions_that_are_not_there(options, message):
    network, layer, _ = decoder("llama")
    with pytest.raises(InvalidParameter, match=message):
        read(network, Site(layer, **options), tokens())


def test_heads_that_are_not_there():
    network, _, attention = decoder("llama")
    with pytest.raises(InvalidParameter, match="the head 4, and there are 4"):
        read(network, Site(attention, head=4), tokens())
    with pytest.raises(InvalidParameter, match="MultiheadAttention"):
        read(nn.MultiheadAttention(4, 2), Site("", head=0), torch.zeros(1, 2, 4))


def test_names_that_are_nearly_right_are_suggested():
    with pytest.raises(UnknownName, match=r"unknown module 'model\.layer\.1'; did you mean 'model\.layers\.1'"):
        read(decoder("llama")[0], Site("model.layer.1"), tokens())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Site(3), "a site's module is a name"),
        (lambda: Site("a", [0, 0]), "repeat themselves"),
        (lambda: Site("a", []), "at least one"),
        (lambda: Site("a", [0.5]), "whole numbers"),
        (lambda: Site("a", position="first"), "a number, 'last' or a function"),
        (lambda: Site("a", head=-1), "a head is a whole number"),
        (lambda: Rotated("a", torch.eye(2)), "what is rotated is a Site"),
        (lambda: Rotated(Site("a"), torch.ones(2)), "shape \\(d, m\\)"),
        (lambda: read("a network", Site("a"), torch.ones(1, 1)), "a network is a torch.nn.Module, got str"),
    ],
)
def test_what_is_refused_at_once(make, message):
    with pytest.raises(InvalidParameter, match=message):
        make()


def test_directions_of_another_size():
    with pytest.raises(InvalidParameter, match="for 4 values, the site has 5"):
        read(mlp(), Rotated(Site("1"), torch.eye(4)), torch.randn(2, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_random_weights_are_others_and_the_networks_own_come_back(kind):
    network, _, _ = decoder(kind)
    before = {name: (value.clone(), value.data_ptr()) for name, value in network.state_dict().items()}
    with torch.no_grad(), random_weights(network, 1):
        one = network(**tokens())[0]
    with torch.no_grad(), random_weights(network, 1):
        again = network(**tokens())[0]
    assert torch.equal(one, again)
    with torch.no_grad():
        assert not torch.allclose(one, network(**tokens())[0])
    with pytest.raises(ZeroDivisionError), random_weights(network):
        raise ZeroDivisionError
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name][0])
        assert value.data_ptr() == before[name][1]


def test_random_weights_leave_the_statistics_of_a_normalisation_and_the_generator_alone():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    network(torch.randn(8, 2))
    before = network[1].running_mean.clone()
    state = torch.random.get_rng_state()
    with random_weights(network, 0):
        pass
    assert torch.equal(network[1].running_mean, before)
    assert torch.equal(torch.random.get_rng_state(), state)


class Renewed(nn.Module):
    """Its way to begin anew is to put new tensors in the place of the old ones."""

    def __init__(self):
        super().__init__()
        self.reset_parameters()

    def reset_parameters(self):
        self.weight = nn.Parameter(torch.randn(2, 2))
        self.register_buffer("seen", torch.rand(2))

    def forward(self, inputs):
        return inputs @ self.weight + self.seen


def test_a_network_that_puts_new_weights_in_place_of_its_own_gets_its_own_back():
    network = nn.Sequential(Renewed(), nn.Linear(2, 2))
    own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    kept = {name: tensor.detach().clone() for name, tensor in own.items()}
    with random_weights(network, 1):
        assert not torch.equal(network[0].weight, kept["0.weight"])
    with pytest.raises(ZeroDivisionError), random_weights(network, 2):
        raise ZeroDivisionError
    again = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    assert list(again) == list(own)
    assert all(again[name] is own[name] and torch.equal(own[name], kept[name]) for name in own)


def test_a_site_without_rows_first_is_refused_by_name():
    class Recurrent(nn.Module):
        def __init__(self, first):
            super().__init__()
            self.unit = nn.GRU(3, 4, batch_first=first)

        def forward(self, x):
            return self.unit(x if self.unit.batch_first else x.transpose(0, 1))[0]

    x = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    assert read(Recurrent(True).eval(), Site("unit", position=1), x).shape == (5, 4)
    with pytest.raises(InvalidParameter, match=r"'unit' gives a tensor of shape \(2, 5, 4\) for 5 rows.*batch_first"):
        read(Recurrent(False).eval(), Site("unit", position=1), x)


def test_a_single_number_is_redrawn_too():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor([2.0]))

        def forward(self, x):
            return self.scale * x

    network = Scaled().eval()
    with random_weights(network, seed=1):
        assert network.scale.item() != 2.0
    assert network.scale.item() == 2.0
