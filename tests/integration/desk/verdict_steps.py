"""Steps of scientists and volunteers: verdicts, second opinions, cases, votes."""

from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.integration.desk.small_survey import LATE, SmallSurvey, answer, hand
from tests.integration.world import recount
from webapp.community.models import Discovery
from webapp.consensus.models import Consensus
from webapp.consensus.recompute import catch_up_all
from webapp.known_objects.models import OrbitCatalogue
from webapp.queue.models import QueueEntry
from webapp.reports.models import ReportedTracklet
from webapp.review.bulk import give_verdicts
from webapp.review.bulk_undo import done_by, remember, undo_last
from webapp.review.cases import change_case
from webapp.review.models import Ruling, SecondOpinion
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict
from webapp.review.rulings import SubjectVerdict

numbers = st.sampled_from([0, 0, 3, 3, *range(1, LATE + 1)])
which = st.integers(0, 1)
said = st.sampled_from([("yes", ""), ("yes", "AST"), ("yes", "COMET"), ("no", ""), ("no", "CR")])


class VerdictSteps:
    world: SmallSurvey

    @rule(number=numbers, workflow=which, who=which, verdict=said, overrules=st.booleans())
    def give(self, number, workflow, who, verdict, overrules):
        row, of = self.world.fresh(number), self.world.workflow(workflow)
        given = {"subject": row, "workflow": of, "scientist": self.world.scientists[who]}
        before = Ruling.objects.filter(subject=row, workflow=of, withdrawn_at=None).first()
        try:
            result = give_verdict(**given, verdict=verdict[0], label=verdict[1], overrules=overrules)
        except ValidationError:
            assert row.duplicate_of_id or row.pixels_dropped_at or self.contradicts(*verdict)
            return
        is_second = before is not None and before.scientist_id != self.world.scientists[who].pk and not overrules
        assert isinstance(result, SecondOpinion if is_second else Ruling)

    def contradicts(self, verdict, label):
        survey = self.world.workflow(0).survey
        return bool(label) and (label not in survey.classes or (label in survey.positive) != (verdict == "yes"))

    @rule(number=numbers, workflow=which, who=which, is_undo=st.booleans())
    def withdraw(self, number, workflow, who, is_undo):
        row, of, by = self.world.fresh(number), self.world.workflow(workflow), self.world.scientists[who]
        withdraw_verdict(subject=row, workflow=of, scientist=by, is_undo=is_undo)
        if not is_undo:
            standing = Ruling.objects.filter(subject=row, workflow=of, withdrawn_at=None)
            assert not standing.filter(scientist=by).exists() or standing.filter(opinions__scientist=by).exists()

    @rule(number=numbers, workflow=which, who=which, verdict=said, overrules=st.booleans())
    def give_and_undo(self, number, workflow, who, verdict, overrules):
        row, of, by = self.world.fresh(number), self.world.workflow(workflow), self.world.scientists[who]
        if row.duplicate_of_id or row.pixels_dropped_at or self.contradicts(*verdict) or row.pk in self.public():
            return
        self.settle()
        before = self.case_of(row)
        if any(is_gold for _, is_gold, _, _ in before["queue"]) and before["gold"][1] == "ruling":
            return  # a workflow that began with the verdict
        give_verdict(subject=row, workflow=of, scientist=by, verdict=verdict[0], label=verdict[1], overrules=overrules)
        withdraw_verdict(subject=row, workflow=of, scientist=by, is_undo=True)
        self.settle()
        after = self.case_of(row)
        assert after == before, {key: (before[key], after[key]) for key in before if before[key] != after[key]}

    def public(self):
        return set(ReportedTracklet.objects.filter(report__signed_at__isnull=False).values_list("subject", flat=True))

    def settle(self):
        catch_up_all()
        if OrbitCatalogue.objects.exists():
            self.compare()

    def case_of(self, row):
        row.refresh_from_db()
        opinions = SecondOpinion.objects.filter(ruling__subject=row, ruling__withdrawn_at=None, withdrawn_at=None)
        standing = Ruling.objects.filter(subject=row, withdrawn_at=None)
        return {
            "gold": (row.gold_label, row.gold_source),
            "rulings": sorted(standing.values_list("pk", "second_asked_by")),
            "opinions": sorted(opinions.values_list("ruling", "scientist", "verdict", "label")),
            "queue": sorted(
                QueueEntry.objects.filter(subject=row).values_list("workflow", "is_gold", "is_retired", "open_slots")
            ),
            "consensus": sorted(
                Consensus.objects.filter(subject=row).values_list(
                    "workflow", "votes_yes", "votes_no", "posterior", "is_retired", "retired_reason"
                )
            ),
            "credits": sorted(Discovery.objects.filter(subject=row).values_list("workflow", "volunteer")),
        }

    @rule(several=st.lists(numbers, min_size=1, max_size=4, unique=True), workflow=which, who=which, verdict=said)
    def give_several(self, several, workflow, who, verdict):
        of, by = self.world.workflow(workflow), self.world.scientists[who]
        verdicts = [SubjectVerdict(self.world.subjects[number].pk, *verdict) for number in several]
        try:
            done = give_verdicts(of, verdicts, scientist=by)
        except ValidationError:
            rows = [self.world.fresh(number) for number in several]
            assert self.contradicts(*verdict) or any(row.duplicate_of_id or row.pixels_dropped_at for row in rows)
            return
        remember(of, done_by(done), by=by)

    @rule(workflow=which, who=which)
    def undo_several(self, workflow, who):
        undo_last(self.world.workflow(workflow), by=self.world.scientists[who])

    @rule(number=numbers, workflow=which, who=which, is_wanted=st.booleans())
    def ask(self, number, workflow, who, is_wanted):
        row, of = self.world.fresh(number), self.world.workflow(workflow)
        try:
            ask_second_opinion(subject=row, workflow=of, by=self.world.scientists[who], is_wanted=is_wanted)
        except ValidationError:
            assert not Ruling.objects.filter(subject=row, workflow=of, withdrawn_at=None).exists()

    @rule(number=numbers, action=st.sampled_from(["hold", "release"]))
    def hold(self, number, action):
        change_case(subject=self.world.fresh(number), by=self.world.scientists[0], action=action)

    @rule(number=numbers, workflow=which, answers=st.lists(st.sampled_from(["yes", "no", "unsure"]), max_size=3))
    def vote(self, number, workflow, answers):
        for volunteer, said in zip(self.world.volunteers, answers, strict=False):
            answer(volunteer, self.world.workflow(workflow), self.world.fresh(number), said)

    @rule(number=numbers, workflow=which, who=st.integers(0, 2))
    def hand_out(self, number, workflow, who):
        """Show a subject to a volunteer, who answers later, perhaps after a verdict."""
        hand(self.world.volunteers[who], self.world.workflow(workflow), self.world.fresh(number))

    @rule(workflow=which)
    def count_again(self, workflow):
        catch_up_all()
        before = list(Consensus.objects.order_by("pk").values("subject", "workflow", "posterior", "is_retired"))
        recount(self.world.workflow(workflow))
        assert before == list(Consensus.objects.order_by("pk").values("subject", "workflow", "posterior", "is_retired"))
