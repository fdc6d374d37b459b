"""Steps of scientists that leave the desk: reports, and links between tracklets."""

from contextlib import nullcontext

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.integration.desk.oracle import Oracle
from tests.integration.desk.small_survey import LATE, SmallSurvey
from tests.integration.reports.reporting import contents
from webapp.archive.models import Subject
from webapp.linking import linked_objects
from webapp.linking.decisions import decide, reopen
from webapp.linking.models import Decision, Proposal
from webapp.reports.drafts import candidates, delete_draft, draft_report, remove_tracklet
from webapp.reports.models import Report, ReportedTracklet
from webapp.reports.sign_off import sign_off

numbers = st.integers(0, LATE)
pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])
which = st.integers(0, 1)
places = st.integers(0, 3)


class ReportSteps:
    world: SmallSurvey

    @rule(several=st.lists(numbers, min_size=1, max_size=3, unique=True), who=which)
    def draft(self, several, who):
        wanted = [self.world.subjects[number].pk for number in several]
        found = set(candidates(self.world.survey).filter(pk__in=wanted).values_list("pk", flat=True))
        wanted = [pk for pk in wanted if pk in found] or wanted
        try:
            report = draft_report(survey=self.world.workflow(0).survey, by=self.world.scientists[who], subjects=wanted)
        except ValidationError:
            assert found != set(wanted)
            return
        names = dict(report.tracklets.values_list("subject", "trk_sub"))
        groups = dict(Subject.objects.filter(pk__in=wanted).values_list("pk", "object_group"))
        assert len(set(names.values())) == len({(groups[pk], names[pk]) for pk in wanted}) == len(set(groups.values()))

    @rule(place=places)
    def take_out(self, place):
        rows = list(ReportedTracklet.objects.filter(report__signed_at=None).order_by("pk"))
        if not rows:
            return
        row = rows[place % len(rows)]
        remove_tracklet(report=row.report, tracklet=row.pk)

    @rule(place=places)
    def drop_draft(self, place):
        rows = list(Report.objects.order_by("pk"))
        if not rows:
            return
        report = rows[place % len(rows)]
        try:
            delete_draft(report=report)
        except ValidationError:
            assert report.signed_at

    @rule(place=places, who=which)
    def sign(self, place, who):
        rows = list(Report.objects.filter(signed_at=None).order_by("pk"))
        if not rows:
            return
        report = rows[place % len(rows)]
        oracle, inside = Oracle(self.world), set(report.tracklets.values_list("subject", flat=True))
        new = {key for key in oracle.movers() & set(oracle.newest) if (c := oracle.checks.get(key)) and c.unmatched}
        try:
            seen = contents(report).digest
            signed = sign_off(report=report, by=self.world.scientists[who], name="S. Scientist", seen=seen)
        except ValidationError:
            return
        assert inside
        assert inside <= new, "every tracklet is confirmed and unidentified"
        self.world.signed[signed.pk] = (signed.psv, "S. Scientist")

    @rule(pair=pairs)
    def propose(self, pair):
        members = [self.world.fresh(number) for number in pair]
        if members[0].object_group == members[1].object_group or any(row.duplicate_of_id for row in members):
            return
        place = {"mjd": 60000.0, "ra": 1.0, "dec": 1.0, "rate": 1.0, "position_angle": 1.0, "misfit": 1.0}
        Proposal.objects.create(run=self.world.links, **place).members.set(members)

    @rule(
        keys=st.lists(st.integers(0, 5), min_size=1, max_size=3),
        does=st.sampled_from(["confirm", "reject", "reopen", "take back"]),
    )
    def decide(self, keys, does):
        rows = list(Proposal.objects.order_by("pk"))
        if not rows:
            return
        chosen = [rows[key % len(rows)].pk for key in keys]
        survey, by = self.world.survey, self.world.scientists[0]
        if does == "reopen":
            reopen(survey=survey, proposal=chosen[0], by=by)
        elif does == "take back":
            try:
                linked_objects.take_back(survey=survey, proposal=chosen[0], by=by, reason="no")
            except ValidationError:
                assert Proposal.objects.get(pk=chosen[0]).decision != Decision.CONFIRMED
        else:
            to = Decision.CONFIRMED if does == "confirm" else Decision.REJECTED
            are_open = Proposal.objects.filter(pk__in=chosen, decision=Decision.OPEN).exists()
            with nullcontext() if are_open else pytest.raises(ValidationError, match="decided on these links already"):
                decide(survey=survey, proposals=chosen, by=by, decision=to)
