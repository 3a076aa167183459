"""Random nets for figures: other sizes, captions, kernels, lists and directions than the post's, by a seed.

Where tests/strategies.py draws nets that are hard for the language, these are hard for a layout.
"""

from __future__ import annotations

import re
from random import Random

from netspec.figure.views import VIEWS, follows

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 12, 40, 784, 45_000, 1_000_000)
NAMES = "x z s h y u v q 은닉 latent hidden_layer C1 h2".split()
CAPTIONS = (
    "", "", "입력층", "hidden", "은닉층", "A much longer caption that nobody would shorten", "두 줄\\n제목",
    "“quoted” & <b>", "W", "첫 번째 층", "features after attention",
)  # fmt: skip
ALONE = ("", "", " -> relu", " -> sigmoid", " -> tanh")  # also for a single unit
ACTIVATIONS = (*ALONE, " -> softmax", " -> leaky(0.01)", " -> relu -> dropout(0.5)")
OPTIONS = (
    ("bias", ("none", "x0", "one", "plus")),
    ("titles", ("top", "bottom", "left", "right", "none")),
    ("direction", ("right", "left", "up", "down")),
    ("lang", ("ko", "en")),
    ("max_units", ("2", "6", "10", "30", "60")),
    ("edges", ("none", "all")),
    ("steps", ("1", "2", "5")),
    ("table", ("false",)),
    ("formula", ("false",)),
    ("captions", ("none", "[]", '["가중치"]', '["a caption of some length"]')),
)


def spec(seed: int) -> str:
    """The text of net number `seed`: its view is the default of its family or one that suits it."""
    random = Random(seed)
    return random.choice((mlp, mlp, deep, perceptron, recurrent, grid, filtered, maps, branching, several))(random)


def caption(random: Random) -> str:
    found = random.choice(CAPTIONS).replace("“", '\\"').replace("”", '\\"')
    return f' "{found}"' if found else ""


def activation(random: Random, count: int | str) -> str:
    found = random.choice(ACTIVATIONS)
    return "" if count == 1 and "softmax" in found else found


def size(random: Random, most: int = 10**6) -> int | str:
    if random.random() < 0.2:
        return random.choice("dHK")
    if random.random() < 0.4:
        return random.randint(1, min(60, most))
    return random.choice([each for each in SIZES if each <= most])


def net(random: Random, lines: list[str], settings: list[str], sizes: str = "d, H, K, T") -> str:
    """A whole file; `settings` may name settings of the figure that random ones are added to."""
    taken = {setting.split(" ")[0] for setting in settings}
    view = next((VIEWS[setting.split(" = ")[1]] for setting in settings if setting.startswith("view = ")), None)
    if view is not None:
        settings = [one for one in settings if follows(view, one.split(" = ")[0].rpartition(".")[2], one)]
    for name, values in OPTIONS:
        if name not in taken and random.random() < 0.18:
            value = random.choice(values)
            if name == "captions" and "view = perceptron" in settings:
                continue  # most of these nets have no place for a caption there (NS745)
            read = {"[]": (), "false": False}.get(value, value)
            if view is None or follows(view, name, () if name == "captions" and value == "none" else read):
                settings.append(f"{name} = {value}")
    used = [name for name in sizes.split(", ") if any(re.search(rf"\b{name}\b", code(line)) for line in lines)]
    head = f"net n({', '.join(used)})" if used else "net n"
    title = caption(random)
    return "\n".join([f"{head}{title} {{", *(f"  {line}" for line in lines), "}", "", "figure {", *(
        f"  {setting}" for setting in settings), "}", ""])  # fmt: skip


def code(line: str) -> str:
    """A line up to its caption, numbers apart from names."""
    return line.split('"')[0].replace("@", " ")


def show(random: Random, label: str, count: int | str) -> list[str]:
    """A list of shown units now and then: with letters, gaps, or single units."""
    if random.random() > 0.35:
        return []
    if isinstance(count, str):
        lists = (f"1, 2, .., i, .., {count}", f"1, .., {count}", "i", f"1, .., {count}-1, {count}")
        return [f"{label}.show = [{random.choice(lists)}]"]
    if count < 5:
        return []
    some = sorted({1, random.randint(2, count - 1), count})
    return [f"{label}.show = [" + ", .., ".join(map(str, some)) + "]"]


def names(random: Random, count: int) -> list[str]:
    return random.sample(NAMES, count)


def mlp(random: Random) -> str:
    count = random.randint(2, 5)
    labels, sizes = names(random, count), [size(random) for _ in range(count)]
    lines = [f"input {labels[0]}: {sizes[0]}{caption(random)}"]
    for place in range(1, count):
        role = "output" if place == count - 1 else "hidden"
        lines.append(
            f"{role} {labels[place]}: {sizes[place]} perceptrons{activation(random, sizes[place])}{caption(random)}"
        )
    settings = [text for label, each in zip(labels, sizes, strict=True) for text in show(random, label, each)]
    return net(random, lines, settings + random.choice((["view = neurons"], [])))


def deep(random: Random) -> str:
    times = random.randint(2, 9)
    act = random.choice(ALONE[2:])
    lines = [
        f"input x: {size(random)}{caption(random)}",
        f"hidden z: repeat {times} {{ {size(random)} perceptrons{act} }}{caption(random)}",
        f"output s: {size(random)} perceptrons{caption(random)}",
    ]
    return net(random, lines, ["view = neurons"])


def perceptron(random: Random) -> str:
    d, h = size(random), random.choice((1, 1, 2, 3, 5, "H"))
    lines = [f"input x: {d}{caption(random)}"]
    if random.random() < 0.5:
        lines.append(f"output s: {h} perceptrons{random.choice(ALONE)}{caption(random)}")
    else:
        lines.append(f"hidden z: {h} perceptrons{activation(random, h)}{caption(random)}")
        lines.append(f"output s: {random.choice((1, 2, 4))} perceptrons{random.choice(ALONE)}{caption(random)}")
    settings = [f"view = {random.choice(('perceptron', 'perceptron', 'equals'))}", *show(random, "x", d)]
    return net(random, lines, settings)


def recurrent(random: Random) -> str:
    d, H, K = size(random), size(random), size(random)
    T = random.choice(("T", 2, 3, 4, 7, 100))
    lines = [f"input x: {d} over {T}{caption(random)}"]
    lines.append(f"hidden z: x & z[t-1] -> {H} perceptrons -> tanh{caption(random)}")
    last = "z"
    if random.random() < 0.5:
        last = "u"
        delay = 1 if T == 2 else random.choice((1, 1, 2))
        lines.append(f"hidden u: z & u[t-{delay}] -> {size(random)} perceptrons -> tanh{caption(random)}")
    end = random.choice(("", "", "last -> "))
    lines.append(f"output s: {last} -> {end}{K} perceptrons{caption(random)}")
    settings = [f"view = {random.choice(('neurons', 'neurons', 'unrolled', 'unrolled', 'blocks'))}"]
    return net(random, lines, settings + show(random, "x", d) + show(random, "z", H))


def grid(random: Random) -> str:
    def side() -> int | str:
        return random.choice((1, 2, 3, 4, 5, 6, 9, 28, 1000, "h", "w"))

    lines = [f"input x: {side()} x {side()}{caption(random)}"]
    for label in names(random, random.randint(0, 2)):
        if label not in ("x", "s", "h"):
            lines.append(f"hidden {label}: {side()} x {side()} perceptrons -> relu{caption(random)}")
    ends = (f"{side()} x {side()} perceptrons", f"{random.choice((1, 3, 10))} perceptrons")
    lines.append(f"output s: {random.choice(ends)}{caption(random)}")
    settings = ["view = grid"]
    if random.random() < 0.3:
        settings.append("x.show = [[1], [1]]")
    return net(random, lines, settings, "h, w")


def filtered(random: Random) -> str:
    """One unit of a layer of filters: any kernel, stride, dilation and padding."""
    kernel = random.choice(("1x1", "2x2", "3x3", "3x5", "5x5", "7x7", "9x9", "1x3", "11x11"))
    side = random.choice(("h x w", "32x32", "28x28", "64x48", "40 x w"))
    options = [
        *random.sample(("stride = 2", "dilation = 2", "pad = same", "pad = 1", "bias = false"), random.randint(0, 2))
    ]
    if sum("pad" in each for each in options) > 1 or ("stride = 2" in options and "pad = same" in options):
        options = options[:1]
    inside = f" ({', '.join(options)})" if options else ""
    maps = random.choice(("", "", "3@"))
    lines = [
        f"input x: {maps}{side}{caption(random)}",
        f"hidden z: {random.choice((1, 4, 64))} filters {kernel}{inside}{random.choice(ALONE)}{caption(random)}",
        "output y: 1 perceptron",
    ]
    settings = ["view = filter", "only = z"]
    if random.random() < 0.3:
        settings.append(f"z.at = [{random.randint(1, 6)}, {random.randint(1, 6)}]")
    text = net(random, lines, settings, "h, w")
    if "z.at" in text and not lines[1].startswith("hidden z: 1 filters"):
        text = text.replace("z.at = [", "z.at = [1, ")
    return text


def maps(random: Random) -> str:
    """A chain of maps and layers for the planes."""
    side = random.choice((8, 28, 32, 64, 224))
    lines = [f"input {random.choice(('x', 'image'))}: {random.choice((1, 3, 12, 40))}@{side}x{side}{caption(random)}"]
    for place in range(random.randint(1, 5)):
        count = random.choice((1, 3, 6, 16, 17, 64, 512))
        pool = random.choice(("", " -> maxpool(2x2)", " -> relu -> avgpool(2x2)"))
        if side < 8:
            break
        lines.append(
            f"hidden C{place + 1}: {count} filters {random.choice(('3x3', '5x5'))} (pad = same){pool}{caption(random)}"
        )
        side = side // 2 if pool else side
    for place in range(random.randint(0, 3)):
        lines.append(f"hidden F{place + 1}: {random.choice((1, 2, 10, 84, 4096))} perceptrons -> relu{caption(random)}")
    lines.append(f"output y: {random.choice((1, 10, 1000))} perceptrons{caption(random)}")
    return net(random, lines, random.choice((["view = planes"], ["view = blocks"], [])))


def branching(random: Random) -> str:
    """Skips and joins."""
    n = random.choice((2, 4, 6, 16, 300))
    lines = [f"input x: {n}{caption(random)}", f"hidden a: {n} perceptrons -> relu{caption(random)}"]
    before = ["x", "a"]
    for label in "befg"[: random.randint(1, 4)]:
        one, two = random.sample(before, 2) if len(before) > 1 else (before[0], before[0])
        rule = random.choice((f"{one} + {two}", f"{one} & {two} -> {n} perceptrons", f"{one} -> {n} perceptrons"))
        lines.append(f"hidden {label}: {rule} -> tanh{caption(random)}")
        before.append(label)
    everything = " & ".join(before[1:])
    lines.append(f"output y: {everything} -> {size(random, 50)} perceptrons{caption(random)}")
    return net(random, lines, random.choice((["view = neurons"], ["view = blocks"], [])), "d, H, K")


def several(random: Random) -> str:
    """Several inputs and outputs."""
    a, b = size(random), size(random)
    lines = [
        f"input x: {a}{caption(random)}",
        f"input c: {b}{caption(random)}",
        f"hidden z: x & c -> {size(random)} perceptrons -> relu{caption(random)}",
        f"output mean: z -> {size(random)} perceptrons{caption(random)}",
        f"output spread: z -> {size(random)} perceptrons -> sigmoid{caption(random)}",
    ]
    return net(random, lines, random.choice((["view = neurons"], ["view = blocks"])))
