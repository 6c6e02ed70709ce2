"""Benchmarks: figures as ratios within one run."""

from __future__ import annotations

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "kappa", "rmse", "mae", "mape", "log_loss", "roc_auc")

ROWS: dict[str, tuple[str, ...]] = {
    "pipeline": ("pipeline", "daemon-cpu"),
    "latency": ("reply-latency",),
    "sandbox": ("sandbox",),
    "idle": ("idle-memory",),
    "commands": ("cli",),
    "evaluating": ("evaluate-s", "evaluate-u", "evaluator-import"),
    "scores": ("score-s-1050", "score-s-104021", "rescore-s-kernel", "rescore-u-kernel", "interval-s"),
    "metrics": tuple(f"metric-{name}" for name in METRICS),
    "rescoring": ("rescore-first", "rescore-s-end-to-end"),
    "blocks": ("rescore-blocks",),
    "cluster": ("cluster-sleep", "cluster-burn", "cluster-overhead"),
    "takeover": ("takeover",),
    "growth": ("ingest-growth", "board-growth"),
    "desk": ("desk-first-byte", "desk-memory"),
    "publishing": ("publish", "letters", "site-size"),
}
"""The modules of this package in order, each with the names of what it measures, each a row of docs/performance.md."""
