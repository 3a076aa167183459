"""Forms of operations that lower to code of their own, against torch written by hand: values, and what they cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 torch's own name for it

import netspec
from netspec.api import Net

Weights = dict[str, Tensor]
Reference = Callable[..., Tensor | tuple[Tensor, ...]]


def parts(text: str, chain: str, outputs: int = 1) -> Net:
    """A net of the inputs a, b, … (one a line) and one chain."""
    lines = [f"input {label}: {given}" for label, given in zip("abc", text.split("; "), strict=False)]
    if outputs == 1:
        lines.append(f"output y: {chain}")
    else:
        lines += [f"hidden y: {chain}", *(f"output y{n}: y.{n}" for n in range(1, outputs + 1))]
    return netspec.parse("net n {\n" + "".join(f"  {line}\n" for line in lines) + "}\n").net()


def values(net: Net) -> list[Tensor]:
    """Two examples for every input, the same ones each time."""
    made = torch.Generator().manual_seed(0)
    found = []
    for index in net.graph.inputs:
        given = net.graph.nodes[index].type
        time = () if given.time is None else (given.time.length,)
        if given.classes is not None:
            found.append(torch.randint(0, given.classes, (2, *time, *given.space), generator=made))
        else:
            found.append(torch.randn(2, *time, given.maps, *given.space, generator=made))
    return found


def heads(x: Tensor, count: int) -> Tensor:
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, count: int) -> Tensor:
    """Softmax attention of (B, T, d), written out."""
    q, k, v = heads(q, count), heads(k, count), heads(v, count)
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(-2)


def attend_space(w: Weights, x: Tensor) -> Tensor:
    x_ = x.flatten(2).transpose(1, 2)
    q, k, v = (F.linear(x_, w[f"y.{name}.weight"], w[f"y.{name}.bias"]) for name in ("query", "key", "value"))
    y = F.linear(attend(q, k, v, 2), w["y.out.weight"], w["y.out.bias"])
    return y.transpose(1, 2).unflatten(-1, x.shape[2:])


def connected(w: Weights, x: Tensor) -> Tensor:
    """Marked pairs in the order of the filters: filter 1 reads map 1, filter 2 both maps."""
    full = torch.zeros(2, 2, 3, 3)
    for pair, (filter_, map_) in enumerate(((0, 0), (1, 0), (1, 1))):
        full[filter_, map_] = w["y.weight"][pair]
    return F.conv2d(x, full, w["y.bias"])


def whole(x: Tensor, other: Tensor) -> Tensor:
    return other[:, :, None, None].expand(-1, -1, *x.shape[2:])


ROWS = torch.tensor([[1.0, -1.0], [0.5, 2.0], [0.0, 0.0]])
SAME_EACH_TIME: dict[str, tuple[str, str, int, Reference]] = {
    "adaptive maxpool": ("4@6x6", "maxpool(to = 3x2)", 1, lambda w, x: F.adaptive_max_pool2d(x, (3, 2))),
    "dilated maxpool": ("4@9x9", "maxpool(3x3, stride = 1, dilation = 2x1)", 1,
                        lambda w, x: F.max_pool2d(x, 3, 1, 0, (2, 1))),
    "means that count no padding": ("3@4x4", "avgpool(3x3, stride = 1, pad = 1, count_pad = false)", 1,
                                    lambda w, x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
    "square patches": ("2@4x6", "patches(2)", 1, lambda w, x: F.pixel_unshuffle(x, 2)),
    "oblong patches": ("2@4x6", "patches(2x3)", 1,
                       lambda w, x: x.unfold(2, 2, 2).unfold(3, 3, 3).permute(0, 1, 4, 5, 2, 3).flatten(1, 3)),
    "patches of a row": ("2@6", "patches(3)", 1, lambda w, x: x.unflatten(-1, (2, 3)).transpose(2, 3).flatten(1, 2)),
    "square unpatches": ("8@2x3", "unpatches(2)", 1, lambda w, x: F.pixel_shuffle(x, 2)),
    "oblong unpatches": ("12@2x2", "unpatches(2x3)", 1,
                         lambda w, x: x.unflatten(1, (2, 2, 3)).permute(0, 1, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3)),
    "unpatches of a row": ("6@2", "unpatches(3)", 1, lambda w, x: x.unflatten(1, (2, 3)).transpose(2, 3).flatten(2)),
    "patches and back": ("2@4x6 over 3", "patches(2x3) -> unpatches(2x3)", 1, lambda w, x: x),
    "softmax over time": ("4@2x3 over 5", "softmax(time)", 1, lambda w, x: x.softmax(1)),
    "softmax over rows and columns": ("4@2x3 over 5", "softmax(space)", 1,
                                      lambda w, x: x.flatten(3).softmax(-1).unflatten(-1, (2, 3))),
    "softmax over one axis": ("4@6", "softmax(space)", 1, lambda w, x: x.softmax(-1)),
    "layernorm of maps in space": ("4@2x3", "layernorm(maps)", 1, lambda w, x: F.layer_norm(
        x.movedim(1, -1), (4,), w["y.weight"], w["y.bias"]).movedim(-1, 1)),
    "parts of given sizes": ("6@2x2", "split(sizes = [1, 2, 3])", 3, lambda w, x: torch.split(x, [1, 2, 3], dim=1)),
    "rows behind rows": ("3@2x4; 3@5x4", "a, b -> join(space)", 1, lambda w, x, b: torch.cat([x, b], dim=2)),
    "rows behind rows at each step": ("3@2x4 over 3; 3@5x4 over 3", "a, b -> join(space)", 1,
                                      lambda w, x, b: torch.cat([x, b], dim=3)),
    "a step behind steps": ("3 over 4; 3", "a, b -> join(time)", 1, lambda w, x, b: torch.cat([x, b[:, None]], dim=1)),
    "maps shared over space": ("3@2x4; 2", "a & b", 1, lambda w, x, b: torch.cat([x, whole(x, b)], dim=1)),
    "maps shared over space and time": ("3@2x4 over 3; 2", "a & b", 1, lambda w, x, b: torch.cat(
        [x, b[:, None, :, None, None].expand(-1, 3, -1, 2, 4)], dim=2)),
    "steps as places": ("3 over 6", "unflatten(2x3)", 1, lambda w, x: x.transpose(1, 2).unflatten(-1, (2, 3))),
    "steps as a row": ("3 over 6", "unflatten(6)", 1, lambda w, x: x.transpose(1, 2)),
    "places of classes as steps": ("one of 5 @ 2x3", "flatten(space) -> onehot", 1,
                                   lambda w, x: F.one_hot(x.flatten(1), 5).float()),
    "steps of classes as places": ("one of 5 over 6", "unflatten(2x3) -> flatten(space) -> onehot", 1,
                                   lambda w, x: F.one_hot(x, 5).float()),
    "time turned round": ("3 over 6", "reversed(relu -> positions)", 1,
                          lambda w, x: w["y.weight"].flip(0).expand(2, -1, -1)),
    "attention over space": ("4@2x3", "attention(2)", 1, attend_space),
    "attention without layers": ("4 over 3; 4 over 5", "a, b, b -> attention(2, project = false, dropout = 0.5)", 1,
                                 lambda w, x, b: attend(x, b, b, 2)),
    "filters of chosen maps": ("2@5x5", 'filters', 1, connected),
    "frozen batchnorm": ("3@4x4", "batchnorm(frozen = true)", 1, lambda w, x: F.batch_norm(
        x, w["y.running_mean"], w["y.running_var"], w["y.weight"], w["y.bias"])),
    "frozen batchnorm without weights": ("3", "batchnorm(frozen = true, affine = false)", 1, lambda w, x: F.batch_norm(
        x, w["y.running_mean"], w["y.running_var"])),
    "prototypes of the spec": ("2", "gaussian(3, prototypes = [[1, -1], [0.5, 2], [0, 0]])", 1,
                               lambda w, x: -(x[:, None] - ROWS).square().sum(-1)),
    "weights of the spec": ("2", "3 perceptrons (bias = false, weights = [[1, -1], [0.5, 2], [0, 0]])", 1,
                            lambda w, x: x @ ROWS.T),
    "subsampling": ("3@4x6", "subsample(2x3)", 1, lambda w, x: F.avg_pool2d(x, (2, 3)) * 6
                    * w["y.weight"][:, None, None] + w["y.bias"][:, None, None]),
    "the product of sequences": ("3 over 4; 5 over 3", "a, b -> matmul", 1, lambda w, x, b: x @ b),
    "the product of maps": ("2@3x4; 2@4x5", "a, b -> matmul(space)", 1, lambda w, x, b: x @ b),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME_EACH_TIME)
@pytest.mark.parametrize("training", [False, True])
def test_values_are_torchs(name: str, training: bool) -> None:
    given, chain, outputs, reference = SAME_EACH_TIME[name]
    chain = '2 filters 3x3 (connect = ["XX", ".X"])' if chain == "filters" else chain
    net = parts(given, chain, outputs)
    module = net.module().train(training and "dropout" not in chain)
    for key, value in module.state_dict().items():
        if key.endswith(("running_mean", "running_var")):
            value.uniform_(0.5, 1.5)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    found, wanted = module(*values(net)), reference(before, *values(net))
    found, wanted = (one if isinstance(one, tuple) else (one,) for one in (found, wanted))
    for mine, theirs, index in zip(found, wanted, net.graph.outputs, strict=True):
        torch.testing.assert_close(mine, theirs)
        kind = net.graph.nodes[net.graph.layers[index].values[0].node].types[net.graph.layers[index].values[0].output]
        time = () if kind.time is None else (kind.time.length,)
        assert mine.shape[1:] == (*time, kind.maps, *kind.space)
    for key, value in module.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_attention_from_inside_a_loop_to_what_stands_outside() -> None:
    net = netspec.parse("""net n {
  input  a: 4 over 3
  input  b: 4 over 5
  hidden y: z[t-1], b, b -> attention(2)
  hidden z: a + y -> tanh
  output o: z
}
""").net()
    module, (a, b) = net.module().eval(), values(net)
    w = module.state_dict()

    def layer(name: str, x: Tensor) -> Tensor:
        return F.linear(x, w[f"y.{name}.weight"], w[f"y.{name}.bias"])

    z, steps = torch.zeros(2, 4), []
    for now in a.unbind(1):
        seen = attend(layer("query", z)[:, None], layer("key", b), layer("value", b), 2)
        z = torch.tanh(now + layer("out", seen)[:, 0])
        steps.append(z)
    torch.testing.assert_close(module(a, b), torch.stack(steps, dim=1))


PADDED = (
    "softmax(time)", "mean(time)", "max(time)", "sum(time)", "first(time)", "last(time)",
    "lstm(3, bidirectional = true)",
    "gru(3)", "reversed(lstm(3))", "attention(2)", "attention(2, causal = true)", "positions",
    "2 filters 3 (along = time, pad = causal, dilation = 2)",
    "a[t-1]", "a + a[t-2] -> rnn(3)", "layernorm -> 2 perceptrons",
)  # fmt: skip


@pytest.mark.parametrize("chain", PADDED)
def test_a_padded_example_is_what_it_is_alone(chain: str) -> None:
    """Of two examples of 5 and 3 steps the second one's padding changes nothing."""
    net = parts("4 over up to 5", chain if chain.startswith("a") and chain[1] in "[ " else f"a -> {chain}")
    module = net.module().eval()
    x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    both, alone = module(x, torch.tensor([5, 3])), module(x[1:, :3], torch.tensor([3]))
    mine = both[1, :3] if net.graph.nodes[-1].type.time is not None else both[1]
    torch.testing.assert_close(mine, alone[0])
    torch.testing.assert_close(both[0], module(x[:1], torch.tensor([5]))[0])


def test_causal_filters_are_perceptrons_on_delayed_reads() -> None:
    filters = parts("4 over 9", "3 filters 3 (along = time, pad = causal, dilation = 2)")
    delayed = parts("4 over 9", "a[t-4] & a[t-2] & a -> 3 perceptrons")
    ours, theirs, (x,) = filters.module(), delayed.module(), values(filters)
    (weight, bias), (matrix, constant) = ours.parameters(), theirs.parameters()
    matrix.data, constant.data = weight.data.transpose(1, 2).flatten(1), bias.data
    torch.testing.assert_close(ours(x), theirs(x))
    every_other = parts("4 over 9", "3 filters 3 (along = time, pad = causal, dilation = 2, stride = 2)").module()
    every_other.load_state_dict(ours.state_dict())
    torch.testing.assert_close(every_other(x), ours(x)[:, ::2])


def test_attention_without_layers_drops_in_training_alone() -> None:
    net = parts("4 over 9", "a, a, a -> attention(2, project = false, dropout = 0.5)")
    module, (x,) = net.module(), values(net)
    assert torch.equal(module.eval()(x), module(x))
    assert not torch.equal(module.train()(x), module(x))


def test_noise_is_fresh_and_normal_at_every_pass() -> None:
    net = parts("20@50 over 8", "0*a + (noise(20@50 over 8))")
    module, (x,) = net.module(), values(net)
    for training in (True, False):
        first, second = module.train(training)(x), module(x)
        assert first.shape == second.shape == (2, 8, 20, 50)
        assert not torch.equal(first, second)
        assert abs(float(first.mean())) < 0.05
        assert abs(float(first.std()) - 1) < 0.05
    assert net.weights == 0


@pytest.mark.parametrize(
    ("given", "chain", "cost"),
    [
        ("3 over 4; 5 over 3", "a, b -> matmul", 4 * 3 * 5),
        ("2@3x4 over 6; 2@4x5 over 6", "a, b -> matmul(space)", 6 * 2 * 3 * 4 * 5),
        ("4 over 3; 4 over 5", "a, b, b -> attention(2, project = false)", 2 * 3 * 5 * 4),
        ("4 over 3", "attention(2)", 4 * 3 * 4 * 4 + 2 * 3 * 3 * 4),
        ("6 over 5", "distance(7)", 0),  # torch's counter knows no distances
    ],
)
def test_multiply_adds(given: str, chain: str, cost: int) -> None:
    net = parts(given, chain)
    total = sum(node.op.macs(tuple(net.graph.nodes[e.node].types[e.output] for e in node.inputs), node.types)
                for node in net.graph.nodes)  # fmt: skip
    assert total == cost


@pytest.mark.soak
def test_an_export_takes_batches_of_any_size() -> None:
    """What indexes examples by their number, cuts space into windows or picks a step fixes no size of the batch."""
    net = netspec.parse("""net n {
  input  x: 4 over up to 5
  input  m: 4@4x4
  input  q: 4 over 3
  input  i: one of 3
  hidden near: relative(2@2x2)
  output y: x -> last
  output z: x & x[t-1] -> mean(time)
  output w: m -> attention(2, window = 2, shift = 1, scores = near)
  output g: q, i -> gather(time)
}
""").net()
    module = net.module().eval()

    def given(size: int) -> tuple[Tensor, ...]:
        made = torch.randn(size, 5, 4), torch.randn(size, 4, 4, 4), torch.randn(size, 3, 4), torch.randint(3, (size,))
        return *made, torch.randint(1, 6, (size,))

    rows = torch.export.Dim("rows", min=1)
    program = torch.export.export(module, given(3), dynamic_shapes=tuple({0: rows} for _ in range(5)), strict=False)
    inputs = given(2)
    for mine, theirs in zip(program.module()(*inputs), module(*inputs), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
