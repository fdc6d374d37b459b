"""Every route of the site, as the URL resolver has it, and who may use it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.integration.everything import CLASSIFICATION, DIGEST, KEY, NAME, TOKEN
from webapp.archive.models import Role

THIRD_PARTY = "accounts/"
"""allauth's own pages: everybody's, or about one's own account; its tests are in tests/integration/community."""
SITE = "administrator"
ACCOUNT = "stranger"
OWNER = "owner"
EVERYBODY = "nobody"

ARGUMENTS = {
    **dict.fromkeys(["pk", "subject", "tracklet"], KEY),
    **dict.fromkeys(["slug", "workflow", "survey", "name"], NAME),
    **dict.fromkeys(["checksum", "digest"], DIGEST),
    "number": 1,
    "language": "de",
    "role": "stamp",
    "kind": "help",
    "token": TOKEN,
    "show": "unidentified",
    "suffix": "csv",
    "act": "suspend",
    "version": "1",
}
OWN = {
    "api:export": {"name": "consensus.csv"},
    "api:catalogue": {"name": "candidates.csv"},
    "api:undo": {"pk": CLASSIFICATION},
    "api:follow-up": {"pk": CLASSIFICATION},
    "freeze": {"kind": "stamp"},
    "job-retry": {"kind": "training"},
    "model-file": {"name": "manifest.json"},
    "failure-dismiss": {"kind": "training"},
    "failure-take-back": {"kind": "training"},
    "report-file": {"kind": "psv"},
    "figure-csv": {"name": "subjects"},
    "export": {"name": "consensus.csv"},
}
"""Arguments that a route reads in its own way."""

ROUTES_BY_ROLE = {
    SITE: """
        alerts-test audit-log failure-dismiss failure-take-back failures-dismiss invitation-end invitation-new
        job-retry site-user site-user-act site-user-data site-user-erase site-user-reset site-user-role site-users
        status survey-from-bundle survey-new POST api:survey-list
    """,
    Role.ADMIN: """
        boards-change bundle-import compare-score dead-letters first-batch-retry freeze ingest ingest-cancel
        ingest-problems ingest-progress ingest-run ingest-runs ingest-start member-add member-change
        member-remove model-import promote report-settings retention retention-runs retention-start rollback score-again
        scorer-evaluate scorer-register scorer-revoke scorers streams streams-now survey-delete survey-settings
        training-cancel training-retry training-start translation translations workflow workflow-new workflow-queue
        workflows
        api:checkpoint-promote api:checkpoint-rollback api:ingestrun-cancel api:ingestrun-detail
        api:ingestrun-list api:ingestrun-problems api:survey-images api:trainingrun-cancel POST
        api:trainingrun-list POST api:workflow-list
    """,
    Role.SCIENTIST: """
        agreement-csv bulk bulk-undo bundle calibration calibration-csv case catalogue class-from-tag compare
        compare-changed compare-csv compare-points completeness-csv consensus consensus-browser consensus-csv
        desk-count desk-subject drift exchange exchange-workflow explanation explanation-start export figure-csv
        figures figures-data guide-image-add guide-preview guide-text guide-text-of guide-version
        guide-version-of guides histograms import-cancel import-inspect import-progress import-run import-start
        import-upload injected-movers injected-movers-csv injection-cancel injection-progress injection-start
        known-match-rule-out known-objects known-objects-csv known-objects-match learning learning-curve-csv lineage
        lines-csv linking linking-decide linking-reopen linking-start linking-take-back moc-upload model-file motion
        motion-csv neo-score nights nights-csv overview posterior-csv project-publish project-version quality-control
        quality-decide quality-scan reanalysis reanalysis-csv reanalysis-start reanalysis-versions report
        report-delete report-draft report-file report-remove report-sign reports review rule second-opinion
        story subject-votes tag-set throughput throughput-csv trail-distances-csv training training-epochs
        training-epochs-csv training-progress training-run training-runs verdict-history votes-csv withdraw
        api:case-bulk api:case-detail api:case-list api:catalogue api:checkpoint-detail api:checkpoint-list
        api:detection-detail api:detection-list api:export api:knownmatch-detail api:knownmatch-list
        api:report-candidate-list api:history
        api:label-studio-predict api:label-studio-setup api:label-studio-versions api:report-detail
        api:report-dry-run api:report-list api:report-obs80 api:report-psv api:report-xml api:ruling-bulk
        api:ruling-bulk-undo api:ruling-bulk-withdraw api:ruling-detail api:ruling-list
        api:ruling-second-opinion api:ruling-undo api:ruling-withdraw api:scores api:subject-fits
        api:subject-npy api:trainingrun-detail api:trainingrun-list
    """,
    Role.MODERATOR: "appeal-answer comment-remove moderation moderation-lift moderation-settle thread-change",
    OWNER: """
        api-token-revoke appeal collection collection-change collection-delete collection-editors
        collection-move collection-remove comment-edit group-change group-delete api:collection-add
        api:collection-add-editor api:collection-detail api:collection-make-set api:collection-move
        api:collection-remove api:collection-remove-editor api:follow-up api:group-detail api:group-link
        api:group-members api:group-remove-member api:undo
    """,
    ACCOUNT: """
        api-tokens block-end certificate collection-add collection-set collections comment-block
        comment-new comment-report comment-restore group-join group-leave groups leave profile safety
        tag-subject api:appeal-actions api:appeal-answer api:appeal-list api:collection-list api:group-join
        api:group-leave api:group-list api:subject-tag api:subject-within POST api:comment-detail POST
        api:comment-list POST api:thread-list
    """,
    EVERYBODY: """
        board classify classify-figures comment-history comment-picture favourites field-guide group group-csv
        guide-image heart help home invitation light-curve-csv mail-stop manifest notifications
        notifications-read own-data own-data-export picture pixels project recents service-worker set_language
        shared-statistics shared-statistics-csv similar skill skill-csv statistics statistics-csv subject
        subjects tag tags talk texts thread tutorial api:api-root api:board-detail api:board-list
        api:classifications api:comment-detail api:comment-list api:consensus-detail api:consensus-list api:docs
        api:favourite api:label-studio-health api:label-studio-webhook api:next api:schema api:statistics
        api:subject-detail api:subject-list api:survey-detail api:survey-list api:tags api:thread-detail
        api:thread-list api:token api:workflow-detail api:workflow-list api:workflow-progress
    """,
}
"""The least role for each route, by its name; `POST name` is for its writes. Whoever adds a route decides here."""
ROLE_OF = {
    " ".join(name.split()): role
    for role, text in ROUTES_BY_ROLE.items()
    for name in re.findall(r"(?:POST\s+)?\S+", text)
}


@dataclass(frozen=True)
class Route:
    """A route by its name, with its namespace, and its arguments' names."""

    name: str
    arguments: tuple[str, ...]
    methods: tuple[str, ...]

    @property
    def address(self) -> str:
        return self.at()

    def at(self, **others: Any) -> str:
        """Return its address, with other values of some arguments."""
        values = ARGUMENTS | OWN.get(self.name, {}) | others
        return reverse(self.name, kwargs={name: values[name] for name in self.arguments})

    @property
    def key(self) -> str:
        """Return its name in the list of roles: two routes are called `figures`."""
        return "classify-figures" if (self.name, self.arguments) == ("figures", ("slug",)) else self.name

    def role(self, method: str) -> str:
        """Return the least role for a method."""
        reads = method == "get"
        return ROLE_OF[self.key] if reads else ROLE_OF.get(f"POST {self.key}", ROLE_OF[self.key])


def all_routes() -> list[Route]:
    return list(_routes(get_resolver()))


def _methods(view: Any) -> tuple[str, ...]:
    """Return the methods that a view of the API has; a page is asked by both that browsers have."""
    if hasattr(view, "actions"):
        return tuple(name for name in view.actions if name != "head")
    if hasattr(view, "cls"):
        return tuple(name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name))
    return ("get", "post")


def _routes(resolver: URLResolver, spaces: tuple[str, ...] = (), arguments: tuple[str, ...] = ()) -> Iterator[Route]:
    for each in resolver.url_patterns:
        if str(each.pattern).startswith(THIRD_PARTY) and not spaces:
            continue
        named = (*arguments, *each.pattern.converters, *each.pattern.regex.groupindex)
        if isinstance(each, URLPattern):
            yield Route(":".join((*spaces, each.name)), tuple(dict.fromkeys(named)), _methods(each.callback))
        else:
            yield from _routes(each, (*spaces, each.namespace) if each.namespace else spaces, named)
