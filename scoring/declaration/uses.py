"""The metrics that a column is declared with, each with what it is told. Standard library only."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.declaration.form import Form, is_number
from scoring.declaration.registry import METRICS, Choice, Metric, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.model import Option

#: ``ndcg@10`` is ``{ name = "ndcg", k = 10 }``.
CUT = re.compile(r"(?P<name>.+)@(?P<k>\d{1,7})", re.ASCII)
#: Options that are always part of a measure's name.
TOLD = frozenset({"k"})
#: What people call metrics elsewhere.
CALLED = {
    "acc": "accuracy",
    "ap": "average_precision",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "brier_score": "brier",
    "cohen_kappa": "kappa",
    "cross_entropy": "log_loss",
    "dsc": "dice",
    "f1_score": "f1",
    "kendall": "krcc",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "pearson": "plcc",
    "qwk": "kappa",
    "r2_score": "r2",
    "spearman": "srcc",
}
SHORTHAND = {"k": "@{}", "class": " ({})"}


@dataclass(frozen=True, kw_only=True)
class Use:
    """A metric with what it is told."""

    metric: Metric
    #: Every option by name, and what the column adds: its number of classes, say.
    options: tuple[tuple[str, Option], ...] = ()
    #: The options that its name tells, with their values.
    told: tuple[tuple[str, Option], ...] = ()

    @property
    def short(self) -> str:
        """The name in the keys of results, as ``f1_weighted``."""
        return "_".join(
            [self.metric.short, *(f"{value:g}" if is_number(value) else str(value) for _, value in self.told)]
        )

    @property
    def title(self) -> str:
        """The heading, as ``NDCG@10``."""
        title = self.metric.title
        for name, value in self.told:
            number = is_number(value)
            shown = f"{value:g}" if number else str(value)
            if name == "k" and "-k" in title:
                title = title.replace("-k", f"-{shown}")
            else:
                title += SHORTHAND.get(name, f" ({name} {{}})" if number else " ({})").format(shown)
        return title


def uses(form: Form, key: str, shape: Shape, choices: Sequence[str], added: Mapping[str, Option]) -> Iterable[Use]:
    """Yield the metrics named under a key; note those that there are not, or that measure something else."""
    fitting = [metric.name for metric in METRICS.values() if shape in metric.shapes]
    given = form.given.get(key, [])
    if not isinstance(given, list | tuple) or not all(isinstance(each, str | dict) for each in given):
        form.wrong(key, 'must be a list of texts, as ["one", "two"]')
        return
    if key == "metrics" and not given:
        form.wrong(key, f"needs at least one of {', '.join(fitting)}")
    for each in given:
        name, options = _said(each)
        metric = METRICS.get(name)
        if metric is None:
            near = _nearest(name)
            hint = f'did you mean "{near}"? ' if near else ""
            form.wrong(key, f'there is no metric "{name}"; {hint}for {shape.value} there are {", ".join(fitting)}')
        elif shape not in metric.shapes:
            held = "with" if choices else "without"
            measured = " and ".join(one.value for one in metric.shapes)
            form.wrong(
                key,
                f"{name} measures {measured}, and a column {held} choices holds {shape.value}: {', '.join(fitting)}",
            )
        else:
            yield _use(form, key, metric, options=options, choices=choices, added=added)


def _nearest(name: str) -> str:
    """Return the metric that somebody may have meant; "" where none is near."""
    plain = re.sub(r"[\s-]+", "_", name.casefold())
    if plain in METRICS or plain in CALLED:
        return CALLED.get(plain, plain)
    return next(iter(difflib.get_close_matches(plain, METRICS, 1)), "")


def _said(each: str | Mapping[str, object]) -> tuple[str, dict[str, object]]:
    if isinstance(each, dict):
        options = {str(name): value for name, value in each.items() if name != "name"}
        return str(each.get("name", "")).strip(), options
    found = CUT.fullmatch(str(each).strip())
    return (found["name"], {"k": int(found["k"])}) if found else (str(each).strip(), {})


def _use(
    form: Form,
    key: str,
    metric: Metric,
    *,
    options: Mapping[str, object],
    choices: Sequence[str],
    added: Mapping[str, Option],
) -> Use:
    """Return a metric with its options; note those that it does not take."""
    made: dict[str, Option] = {name: option.default for name, option in metric.options.items()}
    for name, value in options.items():
        if name not in metric.options:
            known = ", ".join(metric.options) or "none"
            form.wrong(key, f"{metric.name} takes no {name}; what it takes: {known}")
        elif (fault := _unfit(value, metric.options[name])) is not None:
            form.wrong(key, f"{metric.name}: {name} {fault}")
        else:
            made[name] = float(value) if is_number(value) else str(value)  # type: ignore[arg-type]  # just asked
    if made.get("class"):
        made |= _class(form, key, str(made["class"]), choices)
    elif made.get("average") == "class":
        form.wrong(
            key, f'{metric.name}: average "class" needs the class, as class = "{choices[0] if choices else "a"}"'
        )
    told = [(name, made[name]) for name in metric.options if _is_told(metric, name, made)]
    return Use(metric=metric, options=tuple(sorted({**made, **added}.items())), told=tuple(told))


def _is_told(metric: Metric, name: str, made: Mapping[str, Option]) -> bool:
    if name == "average" and made.get("class"):
        return False
    return name in TOLD or made[name] != metric.options[name].default


def _class(form: Form, key: str, name: str, choices: Sequence[str]) -> dict[str, Option]:
    if name.upper() not in choices:
        form.wrong(key, f'there is no class "{name}"; there are {", ".join(choices)}')
        return {}
    return {"average": "class", "place": float(choices.index(name.upper()) + 1)}


def _unfit(value: object, option: Choice) -> str | None:
    """Return why an option cannot have a value; None if it can."""
    if isinstance(option.default, str):
        fits = isinstance(value, str) and (not option.words or value in option.words)
        return None if fits else f"must be one of {', '.join(option.words)}" if option.words else "must be text"
    low, high = option.within
    if not is_number(value) or not low <= float(str(value)) <= high or (option.whole and float(str(value)) % 1):
        return f"must be a {'whole ' if option.whole else ''}number from {low:g} to {high:g}"
    return None
