"""Preview other retirement rules on the existing votes: how many subjects would retire, and how many reopen."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

from ml.crowd.swap import certain_enough, log_odds
from webapp.consensus.models import NAT, PRIOR_VOTES, VOTE_COLUMNS, RetiredReason
from webapp.consensus.recompute import evidence_under
from webapp.consensus.retirement import Sums, reasons_to_retire
from webapp.core.sql import fetch
from webapp.workflows.models import FLAG, Method, Workflow

# A person's retirement stays, and training subjects never retire.
READ = f"""
    SELECT summed.subject_id, {", ".join(f"summed.{column}" for column in VOTE_COLUMNS.values())},
        summed.log_odds_micronats, coalesce((summed.follow_ups ->> %(flag)s)::int, 0), summed.is_retired
    FROM consensus_consensus AS summed
    JOIN queue_queueentry AS entry
        ON entry.workflow_id = summed.workflow_id AND entry.subject_id = summed.subject_id
    WHERE summed.workflow_id = %(workflow)s AND NOT entry.is_gold
        AND NOT (summed.is_retired AND summed.retired_reason = %(human)s)
"""  # noqa: S608  # column names of our own model


@dataclass(frozen=True, slots=True)
class Trial:
    """The effect of rules: subjects with votes, retired ones now and then by reason, and changed ones."""

    subjects: int
    retired: int
    retired_then: int
    settled: int
    reopened: int
    reasons: dict[str, int]


def preview_rules(changed: Workflow) -> Trial:
    """Return what a workflow's unsaved rules would do to its subjects, without writing.

    A change of method recomputes all evidence in memory: about three seconds for a million votes.
    """
    parameters = {"workflow": changed.pk, "flag": FLAG, "human": RetiredReason.HUMAN}
    rows = np.array(fetch(READ, parameters), dtype=np.int64).reshape(-1, len(VOTE_COLUMNS) + 4)
    subject, *votes, evidence, flags, retired = rows.T
    if changed.method not in (Method.MAJORITY, Workflow.objects.values_list("method", flat=True).get(pk=changed.pk)):
        anew = evidence_under(changed)
        evidence = np.array([anew.get(int(pk), 0) for pk in subject], dtype=np.int64)
    sums = Sums(dict(zip(VOTE_COLUMNS, votes, strict=True)), flags=flags)
    sums = replace(sums, posterior=_posterior(changed, sums, evidence))
    reasons, was = reasons_to_retire(changed, sums), retired.astype(bool)
    now = reasons != ""
    return Trial(
        subjects=len(rows),
        retired=int(was.sum()),
        retired_then=int(now.sum()),
        settled=int((now & ~was).sum()),
        reopened=int((was & ~now).sum()),
        reasons=dict(Counter(str(reason) for reason in reasons[now]).most_common()),
    )


def _posterior(workflow: Workflow, sums: Sums, evidence: Any) -> Any:
    """Vectorise `webapp.consensus.evidence.posterior_of`."""
    if workflow.method == Method.MAJORITY:
        return (sums.yes + PRIOR_VOTES * workflow.prior) / (sums.decided + PRIOR_VOTES)
    return certain_enough(expit(log_odds(workflow.prior) + evidence / NAT))
