"""`mixture(E, top = k) { step }`: each token goes through the k of E experts that a router chooses for it."""

from __future__ import annotations

import functools
import operator
from functools import partial
from typing import Any, NamedTuple

from netspec.compute.arrays import Array, Winner, filled, total, whole
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind, shown, structure, unseen
from netspec.ir.operation import (
    Argument,
    Chooser,
    Construct,
    Copies,
    Lowering,
    Part,
    Weight,
    option,
    plain,
    wants_values,
)
from netspec.ir.sizes import Size, divides, is_open, text
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import ZEROS, Weighted


class Mixture(Weighted):
    """Copies of one step, the experts, of which each token goes through `top`; a router weighs their results.

    A token is a time step, or an example without time. The step stands in braces; each copy has its own weights.

    Shape: (B, [T,] C) -> what the step makes of it.
    """

    name = "mixture"
    family = "dense"
    summary = "each token goes through the few experts that a router chooses"
    titles = ("mixture, {experts} experts, top {top}", "혼합, 전문가 {experts}개, 상위 {top}개")
    formula = "y = sum_e w_e expert_e(x), w_e = 0 for all but k experts"
    source = "Shazeer 2017; Jiang 2024 (Mixtral); DeepSeek 2024"
    example = "mixture(8, top = 2) { SwiGLU(256) }"
    inputs = None
    takes_step = True
    init_parts = ("weight", "bias")
    positional = ("experts",)
    experts: Size = option("size", "how many experts, each with its own weights", least=1, mark=TITLE)
    top: Size = option("size", "how many experts a token goes through", default=1, least=1, mark=TITLE)
    shared: Any = option(
        "integer",
        "further experts that every token goes through",
        default=0,
        least=0,
        mark=structure("{} shared", "공유 {}개"),
    )
    score: Any = option(
        "word",
        "what turns the router's sums into scores",
        default="softmax",
        choices=("softmax", "sigmoid"),
        mark=kind({"sigmoid": "sigmoid scores"}, {"sigmoid": "시그모이드 점수"}),
    )
    normalize: bool = option(
        "flag",
        "the weights of the chosen experts sum to 1",
        default=True,
        mark=kind({False: "weights not normalized"}, {False: "가중치 정규화 없음"}, note=True),
    )
    scale: float = option(
        "real", "what the weights are multiplied by", default=1.0, mark=kind("weights × {}", "가중치 × {}", note=True)
    )
    bias: bool = option(
        "flag",
        "the router has a weight for the constant 1",
        default=False,
        mark=kind({True: "router with bias"}, {True: "라우터 편향"}, note=True),
    )
    weigh: Any = option(
        "word",
        "what these weights multiply: the results of experts, or what experts read",
        default="results",
        choices=("results", "inputs"),
        mark=kind({"inputs": "inputs weighed"}, {"inputs": "입력에 가중"}),
    )
    groups: Any = option(
        "size",
        "the experts lie in so many groups, and a token chooses within its best ones",
        default=None,
        least=1,
        mark=structure("in {} groups", "그룹 {}개"),
    )
    top_groups: Size = option(
        "size",
        "in how many groups a token chooses: those whose best two scores have the largest sums",
        default=1,
        least=1,
        mark=structure("top {} groups", "상위 그룹 {}개"),
    )
    correction: bool = option(
        "flag",
        "a stored number for each expert is added to its score where experts are chosen, not where they are weighed",
        default=False,
        mark=kind({True: "corrected choice"}, {True: "선택 보정"}, note=True),
    )
    counted: bool = option(
        "flag",
        "these numbers count as weights, which are frozen",
        default=False,
        mark=kind({True: "correction counted"}, {True: "보정을 가중치로 셈"}, note=True),
    )
    balance: float = option(
        "real",
        "training adds this times E sum_e f_e p_e to the loss: f_e its share of choices, p_e its mean score",
        default=0.0,
        least=0,
        mark=unseen("acts in training alone", "balance {}", "균형 {}"),
    )

    @property
    def varying(self) -> bool:  # type: ignore[override]
        return self.balance == 0  # the loads would count the steps past an example's end

    def partial(self, *inputs: Type) -> Type:
        return inputs[-1]

    @property
    def copies(self) -> tuple[Copies, ...]:
        shared = (Copies("shared", self.shared, self.shared),) if self.shared else ()
        return (Copies("experts", self.experts, self.top), *shared)

    def chooser(self, lang: str = "en") -> Chooser | None:
        if self.weigh == "inputs":
            return None
        korean = lang == "ko"
        units = f"퍼셉트론 {shown(self.experts)}개" if korean else f"{shown(self.experts)} perceptrons"
        bias = "" if self.bias else ", 편향 없음" if korean else ", no bias"
        score = "시그모이드 점수" if korean else "sigmoid scores"
        score = score if self.score == "sigmoid" else "소프트맥스" if korean else "softmax"
        groups: tuple[str, ...] = ()
        if self.groups is not None:
            best, every = shown(self.top_groups), shown(self.groups)
            groups = (
                (f"그룹 {every}개", f"상위 그룹 {best}개") if korean else (f"in {every} groups", f"top {best} groups")
            )
        top = f"상위 {shown(self.top)}개" if korean else f"top {shown(self.top)}"
        lines = ("라우터" if korean else "router", units + bias, score, *groups, top)
        names = ("전문가", "공유 전문가") if korean else ("expert", "shared expert")
        return Chooser(lines, "가중합" if korean else "weighted sum", names)

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, *inputs)
        for position, value in enumerate(inputs):
            if value.space:
                refuse("NS593", input=position, type=str(value))
        if isinstance(self.top, int) and isinstance(self.experts, int) and self.top > self.experts:
            refuse("NS594", option="top", top=text(self.top), experts=text(self.experts))
        if self.counted and not self.correction:
            refuse("NS567", option="counted", name="counted", other="correction")
        if self.groups is None and self.top_groups != 1:
            refuse("NS567", option="top_groups", name="top_groups", other="groups")
        if self.groups is not None:
            if not divides(self.groups, self.experts):
                refuse("NS580", option="groups", groups=text(self.groups), experts=text(self.experts))
            size = self.experts // self.groups
            if not any(map(is_open, (self.top, size, self.top_groups))) and (
                self.top_groups > self.groups or self.top > size * self.top_groups
            ):
                refuse("NS581", option="top_groups", top=text(self.top), groups=text(self.groups),
                       open=text(self.top_groups), size=text(size))  # fmt: skip
        return inputs[1]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        fan = inputs[0].maps
        found = [self.weight("router.weight", (self.experts, fan), fan_in=fan, fan_out=self.experts)]
        if self.bias:
            found.append(self.weight("router.bias", (self.experts,), fan_in=fan))
        if self.correction:
            found.append(Weight("correction", (self.experts,), ZEROS, buffer=not self.counted, fixed=self.counted))
        return tuple(found)

    # ---- the computation

    def handed(self, call: Call, kind: str, number: int, x: Array) -> Array:
        if self.weigh == "results" or kind != "experts":
            return x
        return x * self._weighed(call, x)[0].pick(-1, range(number, number + 1))

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, *made = inputs
        weights, chosen = self._weighed(call, x)
        count = weights.shape[-1]
        weights = chosen if self.weigh == "inputs" else weights
        parts = [value * weights.pick(-1, range(e, e + 1)) for e, value in enumerate(made[:count])]
        return functools.reduce(operator.add, (*parts, *made[count:]))

    def _weighed(self, call: Call, x: Array) -> tuple[Array, Array]:
        """Return the weight of each expert for each token (B, E), 0 for those that are not chosen; and 1 for these."""
        sums = total("ji,bi->bj", call.weight("router.weight"), x)
        if self.bias:
            sums = sums + call.weight("router.bias")
        if self.score == "softmax":
            powers = (sums - sums.largest(-1).stop()).exp()
            scores = powers / powers.sum(-1)
        else:
            scores = sums.sigmoid()
        open_ = scores + call.weight("correction") if self.correction else scores
        if self.groups is not None:
            groups = plain((self.groups,))[0]
            grouped = open_.split(-1, groups, scores.shape[-1] // groups)
            best = (grouped * largest(grouped, min(2, grouped.shape[-1]))).sum(-1)
            near = largest(best.reshape(*best.shape[:2]), plain((self.top_groups,))[0])
            open_ = near.add_axis(-1).broadcast(grouped.shape).where(grouped, LOWEST).reshape(*scores.shape)
        chosen = largest(open_, plain((self.top,))[0])
        weights = scores * chosen
        if self.normalize:
            weights = weights / weights.sum(-1)
        return (weights * self.scale if self.scale != 1 else weights), chosen

    # ---- PyTorch code

    def torch(self, *inputs: Type) -> Lowering:
        form = self._form
        part = mixture_part(form)
        kwargs: dict[str, Argument] = {"top": plain((self.top,))[0]}
        if form.groups:
            kwargs |= {"groups": plain((self.groups,))[0], "top_groups": plain((self.top_groups,))[0]}
        kwargs |= {"scale": float(self.scale)} if form.scale else {}
        kwargs |= {"balance": float(self.balance)} if form.balance else {}
        kwargs |= {"bias": True} if form.bias else {}
        return Lowering("{self}({0})", Construct(part.name, plain((inputs[0].maps,)), kwargs), parts=(part,))

    @property
    def _form(self) -> Form:
        return Form(
            sigmoid=self.score == "sigmoid",
            normalize=self.normalize,
            scale=self.scale != 1,
            bias=self.bias,
            correction="counted" if self.counted else "kept" if self.correction else "",
            groups=self.groups is not None,
            inputs=self.weigh == "inputs",
            shared=bool(self.shared),
            balance=self.balance > 0,
        )

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        words = {"en": ("router", "experts", "shared"), "ko": ("라우터", "전문가", "공유")}[lang]
        return words[:count]

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        steps = 1 if outputs[0].time is None else outputs[0].time.length
        return self.experts * inputs[0].maps * steps


def largest(x: Array, count: int) -> Array:
    """Return 1 for the `count` largest values along the last axis, 0 for the others."""
    found = filled(0.0, x.shape)
    for _ in range(count):
        found = found + whole(Winner(found.where(LOWEST, x), False), x.shape)
    return found


WIDTH = 100  # characters of a line of emitted source


class Form(NamedTuple):
    """What a mixture does beyond the plainest: softmax over the chosen experts."""

    sigmoid: bool = False
    normalize: bool = True
    scale: bool = False
    bias: bool = False
    correction: str = ""  # "kept" as a buffer, or "counted" as a weight
    groups: bool = False
    inputs: bool = False  # the weights multiply what experts read
    shared: bool = False
    balance: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        words = {
            "Sigmoid": self.sigmoid, "Raw": not self.normalize, "Scaled": self.scale, "Biased": self.bias,
            "Corrected": bool(self.correction), "Counted": self.correction == "counted", "Grouped": self.groups,
            "InputScaled": self.inputs, "Shared": self.shared, "Balanced": self.balance,
        }  # fmt: skip
        return tuple(word for word, used in words.items() if used)


def mixture_part(form: Form) -> Part:
    """Return the class of a mixture, with what its options need and nothing else."""
    takes = ["self", "experts: list[nn.Module]"]
    takes += ["shared: list[nn.Module]"] if form.shared else []
    takes += ["values: int", "*", "top: int"]
    groups = ["groups", "top_groups"] if form.groups else []
    takes += [f"{name}: int" for name in groups]
    takes += [f"{name}: float" for name in ("scale", "balance") if getattr(form, name)]
    takes += ["bias: bool"] if form.bias else []
    init = ["super().__init__()", "self.experts = nn.ModuleList(experts)"]
    init += ["self.shared = nn.ModuleList(shared)"] if form.shared else []
    init += [f"self.router = nn.Linear(values, len(self.experts), bias={'bias' if form.bias else 'False'})"]
    kept = ["top", *groups, *(name for name in ("scale", "balance") if getattr(form, name))]
    init += [f"{', '.join(f'self.{name}' for name in kept)} = {', '.join(kept)}"]
    stored = {
        "": [],
        "kept": ['self.register_buffer("correction", torch.zeros(len(self.experts)))'],
        "counted": ["self.correction = nn.Parameter(torch.zeros(len(self.experts)), requires_grad=False)"],
    }
    init += stored[form.correction]
    init += ["self.penalty: Tensor | None = None  # what training adds to the loss"] if form.balance else []
    about = "Each token goes through `top` of the experts, which a router chooses and weighs."
    declared = ["    correction: Tensor", ""] if form.correction == "kept" else []
    lines = [
        "class …(nn.Module):",
        f'    """{about}"""',
        "",
        *declared,
        *_signature(takes),
        *(f"        {line}" for line in init),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *(f"        {line}" for line in _forward(form)),
    ]
    name, source = f"{''.join(form.words)}Mixture", "\n".join(lines)
    again = partial(source.replace, "…")
    return Part(name, again(name), kind="{}Mixture", words=form.words, again=again)


def _signature(takes: list[str]) -> list[str]:
    line = f"    def __init__({', '.join(takes)}) -> None:"
    if len(line) <= WIDTH:
        return [line]
    row = f"        {', '.join(takes)}"
    rows = [row] if len(row) <= WIDTH else [f"        {each}," for each in takes]
    return ["    def __init__(", *rows, "    ) -> None:"]


def _forward(form: Form) -> list[str]:
    shares = "torch.zeros_like(scores).scatter(-1, chosen, weights)[..., None].unbind(-2)"
    all_see = [f"shares = {shares}", "pairs = zip(shares, self.experts, strict=True)"]
    sent = ["parts = torch.split(tokens.index_select(0, order // self.top), counts)"]
    made = "torch.unflatten(made, 0, (-1, self.top))"
    mixed = f"(weights[..., None] * {made}).sum(1)"
    result = "share * expert(tokens) for share, expert in pairs"
    if form.inputs:
        picked = shares.replace("chosen, weights", "chosen, 1.0")
        all_see = [all_see[0], f"picked = {picked}", "triples = zip(picked, shares, self.experts, strict=True)"]
        sent = [
            "sent = weights.flatten().index_select(0, order)[:, None]",
            "parts = torch.split(sent * tokens.index_select(0, order // self.top), counts)",
        ]
        mixed, result = f"{made}.sum(1)", "pick * expert(share * tokens) for pick, share, expert in triples"
    return [
        "tokens = x.flatten(0, -2)",
        *_route(form),
        *(_penalty(form) if form.balance else []),
        "if torch.compiler.is_exporting():",
        "    # no size may depend on values: all experts see all tokens",
        *(f"    {line}" for line in all_see),
        f"    weighed = [{result}]",
        "    mixed = torch.stack(weighed).sum(0)",
        "else:",
        "    # the tokens of one expert side by side, so that each expert is called once",
        "    order = chosen.flatten().argsort()",
        "    counts = chosen.flatten().bincount(minlength=len(self.experts)).tolist()",
        *(f"    {line}" for line in sent),
        "    pairs = zip(parts, self.experts, strict=True)",
        "    made = torch.cat([expert(part) for part, expert in pairs])",
        "    made = made.index_select(0, order.argsort())",
        f"    mixed = {mixed}",
        *(["for expert in self.shared:", "    mixed = mixed + expert(tokens)"] if form.shared else []),
        "return torch.unflatten(mixed, 0, x.shape[:-1])",
    ]


def _route(form: Form) -> list[str]:
    if not form.sigmoid and form.normalize and not (form.correction or form.balance or form.groups):
        lines = ["scores = self.router(tokens)", "weights, chosen = scores.topk(self.top, -1)"]
        return [*lines, f"weights = {'self.scale * ' if form.scale else ''}weights.softmax(-1)"]
    lines = [f"scores = self.router(tokens).{'sigmoid()' if form.sigmoid else 'softmax(-1)'}"]
    ranked = "(scores + self.correction)" if form.correction else "scores"
    if form.groups:
        lines += [
            f"ranked = torch.unflatten({ranked}, -1, (self.groups, -1))",
            "best = ranked.topk(min(2, ranked.shape[-1]), -1).values.sum(-1)",
            "far = torch.ones_like(best).scatter(-1, best.topk(self.top_groups, -1).indices, 0.0)",
            "ranked = ranked.masked_fill(far[..., None] > 0, -torch.inf).flatten(-2)",
        ]
        ranked = "ranked"
    if form.correction or form.groups:
        lines += [f"chosen = {ranked}.topk(self.top, -1).indices", "weights = scores.gather(-1, chosen)"]
    else:
        lines += ["weights, chosen = scores.topk(self.top, -1)"]
    lines += ["weights = weights / weights.sum(-1, keepdim=True)"] if form.normalize else []
    return [*lines, *(["weights = self.scale * weights"] if form.scale else [])]


def _penalty(form: Form) -> list[str]:
    return [
        "if self.training:",
        "    load = chosen.flatten().bincount(minlength=len(self.experts)) / chosen.numel()",
        f"    share = {'(scores / scores.sum(-1, keepdim=True))' if form.sigmoid else 'scores'}.mean(0)",
        "    self.penalty = self.balance * len(self.experts) * (load * share).sum()",
    ]
