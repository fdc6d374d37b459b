"""Serializers of classifications: what volunteers send, and the response."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from ml.crowd.answer import Answer
from webapp.api.request_body import RequestBody
from webapp.classifications.line_marks import Line
from webapp.classifications.models import ANSWER_CHOICES, MOST_MARKS, Classification, Mark, Reason
from webapp.classify.feedback import feedback_on
from webapp.classify.record import Item, Recorded
from webapp.classify.submit import Submitted
from webapp.learning.scores import Opinion

MOST = 50
LARGEST_ID = 2**63 - 1


class WrittenUuidField(serializers.UUIDField):
    """A UUID as text: a number would be one that others choose, too."""

    def to_internal_value(self, data: Any) -> UUID:
        if isinstance(data, int):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class LineSerializer(RequestBody):
    """A line along a trail, in pixels: the centre of the lower left one is 0, 0; y points up."""

    frame = serializers.IntegerField(min_value=0, max_value=32767, default=0)
    x1 = serializers.FloatField()
    y1 = serializers.FloatField()
    x2 = serializers.FloatField()
    y2 = serializers.FloatField()


class MarkSerializer(serializers.ModelSerializer[Mark]):
    class Meta:
        model = Mark
        fields = ["frame", "x1", "y1", "x2", "y2", "ra1", "dec1", "ra2", "dec2"]


class AnswerSerializer(RequestBody):
    id = WrittenUuidField(help_text="chosen by the client: a replay returns what the first one made")
    workflow = serializers.SlugField(max_length=50)
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    lease = serializers.CharField(max_length=100, allow_blank=True, default="", help_text="as it came with the subject")
    answer = serializers.ChoiceField(ANSWER_CHOICES)
    follow_up = serializers.CharField(max_length=20, allow_blank=True, default="")
    started_at = serializers.DateTimeField(allow_null=True, default=None)
    finished_at = serializers.DateTimeField(allow_null=True, default=None)
    device = serializers.CharField(max_length=20, allow_blank=True, default="")
    viewport = serializers.CharField(max_length=20, allow_blank=True, default="")
    frames_seen = serializers.IntegerField(min_value=0, max_value=32767, allow_null=True, default=None)
    marks = serializers.ListSerializer[Any](
        child=LineSerializer(),
        max_length=MOST_MARKS,
        default=list,
        help_text="where the workflow asks for lines; a no has none",
    )


ANSWER = AnswerSerializer()
ANSWERS = serializers.ListSerializer[Any](child=AnswerSerializer(), allow_empty=False, max_length=MOST)


def check_answers(sent: Any) -> list[dict[str, Any]]:
    """Return the answers of a request, one or a list of 1 to `MOST`; raise ValidationError.

    Both serializers are made once: to make the fields anew takes longer than to check with them.
    """
    if isinstance(sent, list):
        return list(ANSWERS.run_validation(sent))
    return [ANSWER.run_validation(sent)]


class FeedbackSerializer(serializers.Serializer[Any]):
    truth = serializers.ChoiceField([("yes", "yes"), ("no", "no")])
    correct = serializers.BooleanField()
    gold_label = serializers.CharField(help_text="the fine class, or yes or no")
    reason = serializers.CharField(help_text="why it is so, in a sentence or two")
    circle = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="where it is in each frame: [x, y] in pixels, 0 in the centre of the first, row 0 at the bottom; "
        "empty if unknown",
    )
    radius = serializers.FloatField(help_text="of a circle around it, in pixels")


class AnsweredSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    workflow = serializers.SlugField()
    subject = serializers.IntegerField()
    answer = serializers.ChoiceField(ANSWER_CHOICES)
    follow_up = serializers.CharField(allow_blank=True)
    accepted = serializers.BooleanField(
        help_text="false where an earlier answer to the same subject stands, or it came too late"
    )
    replayed = serializers.BooleanField(help_text="this id had been stored before")
    withdrawn = serializers.BooleanField()
    reason = serializers.ChoiceField(
        Reason.choices, help_text="why the subject was shown; new where the model that ordered the queue is sure of it"
    )
    feedback = FeedbackSerializer(allow_null=True, help_text="for training subjects")
    votes = inline_serializer(
        "Votes",
        {answer.value: serializers.IntegerField() for answer in Answer},
        help_text="the votes on the subject that count already, and this one",
    )
    others = inline_serializer(
        "OtherVotes",
        {answer.value: serializers.IntegerField() for answer in Answer},
        help_text="the votes of other volunteers that count already",
    )
    p_real = serializers.FloatField(allow_null=True, help_text="what the model thinks, where the workflow tells it")
    model = serializers.IntegerField(allow_null=True, help_text="the number of that model")
    is_favourite = serializers.BooleanField(
        allow_null=True, help_text="whether the subject has your heart; null after undo and follow-up"
    )
    about = serializers.CharField(help_text="the path of the subject's page, where people talk about it")
    message = serializers.CharField(allow_blank=True)


class FollowUpSerializer(RequestBody):
    follow_up = serializers.CharField(max_length=20, allow_blank=True)


class OwnAnswerSerializer(serializers.ModelSerializer[Classification]):
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    reason = serializers.ChoiceField(Reason.choices, help_text="the rule that ordered the queue then")
    marks = MarkSerializer(many=True, read_only=True)

    class Meta:
        model = Classification
        fields = ["id", "workflow", "subject", "answer", "follow_up", "reason", "created_at", "withdrawn_at", "marks"]


def to_item(data: dict[str, Any]) -> Item:
    sent = {name: value for name, value in data.items() if name not in ("workflow", "lease", "marks")}
    return Item(**sent, marks=tuple(Line(**line) for line in data["marks"]))


def represent_submitted(
    submitted: Submitted, reason: str, opinion: Opinion | None = None, is_favourite: bool | None = None
) -> dict[str, Any]:
    """Return the result of an answer, the votes on its subject, why it was shown, and the model's opinion."""
    row, entry, consensus = submitted.recorded.classification, submitted.recorded.entry, submitted.consensus
    accepted = submitted.recorded.is_new or submitted.recorded.is_replay
    feedback = feedback_on(consensus.workflow, row) if entry.is_gold else None
    return {
        "id": row.pk,
        "workflow": consensus.workflow.slug,
        "subject": row.subject_id,
        "answer": row.answer,
        "follow_up": row.follow_up,
        "accepted": accepted,
        "replayed": submitted.recorded.is_replay,
        "withdrawn": row.withdrawn_at is not None,
        "reason": reason,
        "feedback": asdict(feedback) if feedback else None,
        "votes": submitted.votes,
        "others": submitted.others,
        "p_real": opinion and opinion.p_real,
        "model": opinion and opinion.model,
        "is_favourite": is_favourite,
        "about": reverse("subject", args=[consensus.workflow.survey.slug, row.subject_id]),
        "message": "" if accepted else _why_not(submitted.recorded),
    }


def _why_not(recorded: Recorded) -> str:
    if recorded.is_late:
        return _("This subject was retired before your answer arrived, so it wasn't counted. Thank you for looking.")
    return _("You've already answered this subject; your first answer counts.")
