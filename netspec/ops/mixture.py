"""`mixture(E, top = k) { step }`: each token goes through the k of E experts that a router chooses for it."""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

from netspec.compute.arrays import Array, Winner, filled, total, whole
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind, structure, unseen
from netspec.ir.operation import Argument, Construct, Copies, Lowering, Part, Weight, option, plain, wants_values
from netspec.ir.sizes import Size, text
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
    correction: bool = option(
        "flag",
        "a stored number for each expert is added to its score where experts are chosen, not where they are weighed",
        default=False,
        mark=kind({True: "corrected choice"}, {True: "선택 보정"}, note=True),
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

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, *inputs)
        for position, value in enumerate(inputs):
            if value.space:
                refuse("NS593", input=position, type=str(value))
        if isinstance(self.top, int) and isinstance(self.experts, int) and self.top > self.experts:
            refuse("NS594", option="top", top=text(self.top), experts=text(self.experts))
        return inputs[1]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        fan = inputs[0].maps
        found = [self.weight("router.weight", (self.experts, fan), fan_in=fan, fan_out=self.experts)]
        if self.bias:
            found.append(self.weight("router.bias", (self.experts,), fan_in=fan))
        if self.correction:
            found.append(Weight("correction", (self.experts,), ZEROS, buffer=True))
        return tuple(found)

    # ---- the computation

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, *made = inputs
        weights = self._weighed(call, x)
        count = weights.shape[-1]
        parts = [value * weights.pick(-1, range(e, e + 1)) for e, value in enumerate(made[:count])]
        return functools.reduce(operator.add, (*parts, *made[count:]))

    def _weighed(self, call: Call, x: Array) -> Array:
        """Return the weight of each expert for each token (B, E): 0 for those that are not chosen."""
        sums = total("ji,bi->bj", call.weight("router.weight"), x)
        if self.bias:
            sums = sums + call.weight("router.bias")
        if self.score == "softmax":
            powers = (sums - sums.largest(-1).stop()).exp()
            scores = powers / powers.sum(-1)
        else:
            scores = sums.sigmoid()
        open_ = scores + call.weight("correction") if self.correction else scores
        chosen = filled(0.0, scores.shape)
        for _ in range(plain((self.top,))[0]):
            best = whole(Winner(chosen.where(LOWEST, open_), False), scores.shape)
            chosen = chosen + best
        weights = scores * chosen
        if self.normalize:
            weights = weights / weights.sum(-1)
        return weights * self.scale if self.scale != 1 else weights

    # ---- PyTorch code

    def torch(self, *inputs: Type) -> Lowering:
        form = self._form
        part = mixture_part(form)
        kwargs: dict[str, Argument] = {"top": plain((self.top,))[0]}
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
            correction=self.correction,
            shared=bool(self.shared),
            balance=self.balance > 0,
        )

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        words = {"en": ("router", "experts", "shared"), "ko": ("라우터", "전문가", "공유")}[lang]
        return words[:count]

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        steps = 1 if outputs[0].time is None else outputs[0].time.length
        return self.experts * inputs[0].maps * steps


WIDTH = 100  # characters of a line of emitted source


class Form(NamedTuple):
    """What a mixture does beyond the plainest: softmax over the chosen experts."""

    sigmoid: bool = False
    normalize: bool = True
    scale: bool = False
    bias: bool = False
    correction: bool = False
    shared: bool = False
    balance: bool = False

    @property
    def name(self) -> str:
        words = {
            "Sigmoid": self.sigmoid, "Raw": not self.normalize, "Scaled": self.scale, "Biased": self.bias,
            "Corrected": self.correction, "Shared": self.shared, "Balanced": self.balance,
        }  # fmt: skip
        return "".join([*(word for word, used in words.items() if used), "Mixture"])


def mixture_part(form: Form) -> Part:
    """Return the class of a mixture, with what its options need and nothing else."""
    takes = ["self", "experts: list[nn.Module]"]
    takes += ["shared: list[nn.Module]"] if form.shared else []
    takes += ["values: int", "*", "top: int"]
    takes += [f"{name}: float" for name in ("scale", "balance") if getattr(form, name)]
    takes += ["bias: bool"] if form.bias else []
    init = ["super().__init__()", "self.experts = nn.ModuleList(experts)"]
    init += ["self.shared = nn.ModuleList(shared)"] if form.shared else []
    init += [f"self.router = nn.Linear(values, len(self.experts), bias={'bias' if form.bias else 'False'})"]
    kept = ["top", *(name for name in ("scale", "balance") if getattr(form, name))]
    init += [f"{', '.join(f'self.{name}' for name in kept)} = {', '.join(kept)}"]
    init += ['self.register_buffer("correction", torch.zeros(len(self.experts)))'] if form.correction else []
    init += ["self.penalty: Tensor | None = None  # what training adds to the loss"] if form.balance else []
    about = "Each token goes through `top` of the experts, which a router chooses and weighs."
    declared = ["    correction: Tensor", ""] if form.correction else []
    lines = [
        f"class {form.name}(nn.Module):",
        f'    """{about}"""',
        "",
        *declared,
        *_signature(takes),
        *(f"        {line}" for line in init),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *(f"        {line}" for line in _forward(form)),
    ]
    return Part(form.name, "\n".join(lines))


def _signature(takes: list[str]) -> list[str]:
    line = f"    def __init__({', '.join(takes)}) -> None:"
    if len(line) <= WIDTH:
        return [line]
    row = f"        {', '.join(takes)}"
    rows = [row] if len(row) <= WIDTH else [f"        {each}," for each in takes]
    return ["    def __init__(", *rows, "    ) -> None:"]


def _forward(form: Form) -> list[str]:
    return [
        "tokens = x.flatten(0, -2)",
        *_route(form),
        *(_penalty(form) if form.balance else []),
        "if torch.compiler.is_exporting():",
        "    # no size may depend on values: all experts see all tokens",
        "    shares = torch.zeros_like(scores).scatter(-1, chosen, weights).unbind(-1)",
        "    pairs = zip(shares, self.experts, strict=True)",
        "    mixed = torch.stack([share[:, None] * expert(tokens) for share, expert in pairs]).sum(0)",
        "else:",
        "    # the tokens of one expert side by side, so that each expert is called once",
        "    order = chosen.flatten().argsort()",
        "    counts = chosen.flatten().bincount(minlength=len(self.experts)).tolist()",
        "    parts = torch.split(tokens.index_select(0, order // self.top), counts)",
        "    pairs = zip(parts, self.experts, strict=True)",
        "    made = torch.cat([expert(part) for part, expert in pairs])",
        "    made = made.index_select(0, order.argsort())",
        "    mixed = (weights[..., None] * torch.unflatten(made, 0, (-1, self.top))).sum(1)",
        *(["for expert in self.shared:", "    mixed = mixed + expert(tokens)"] if form.shared else []),
        "return torch.unflatten(mixed, 0, x.shape[:-1])",
    ]


def _route(form: Form) -> list[str]:
    if not form.sigmoid and form.normalize and not form.correction and not form.balance:
        lines = ["scores = self.router(tokens)", "weights, chosen = scores.topk(self.top, -1)"]
        return [*lines, f"weights = {'self.scale * ' if form.scale else ''}weights.softmax(-1)"]
    lines = [f"scores = self.router(tokens).{'sigmoid()' if form.sigmoid else 'softmax(-1)'}"]
    if form.correction:
        lines += [
            "chosen = (scores + self.correction).topk(self.top, -1).indices",
            "weights = scores.gather(-1, chosen)",
        ]
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
