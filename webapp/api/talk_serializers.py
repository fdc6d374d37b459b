"""Serializers of Talk: boards, threads and comments."""

from typing import Any

from rest_framework import serializers

from webapp.archive.models import Subject
from webapp.community.models import LONGEST, Board, Comment, Thread
from webapp.community.person import name_in_talk

NUMBER = serializers.IntegerField()
"""Reads keys: without it, an endless number is a server error."""


class BoardSerializer(serializers.ModelSerializer[Board]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Board
        fields = ["id", "survey", "name", "description"]


class ThreadSerializer(serializers.ModelSerializer[Thread]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, source="board.survey")

    class Meta:
        model = Thread
        fields = ["id", "survey", "board", "title", "is_pinned", "is_locked", "created_at", "latest_at"]


class CommentSerializer(serializers.ModelSerializer[Comment]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    author = serializers.SerializerMethodField(help_text="the name in Talk; empty for a deleted account")
    text = serializers.CharField(help_text="Markdown")

    class Meta:
        model = Comment
        fields = ["id", "survey", "subject", "thread", "author", "text", "created_at", "edited_at"]

    def get_author(self, comment: Comment) -> str:
        return name_in_talk(comment.author)


class TextSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=LONGEST, help_text="Markdown; #tags and @names are links")


class SaySerializer(TextSerializer):
    """A new comment, on a subject or in a thread."""

    subject = serializers.PrimaryKeyRelatedField(
        queryset=Subject.objects.select_related("survey"),
        pk_field=NUMBER,
        required=False,
        allow_null=True,
        default=None,
    )
    thread = serializers.PrimaryKeyRelatedField(
        queryset=Thread.objects.select_related("board__survey"),
        pk_field=NUMBER,
        required=False,
        allow_null=True,
        default=None,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["subject"] is None) == (attrs["thread"] is None):
            raise serializers.ValidationError("Give a subject or a thread, not both.")
        return attrs


class OpenThreadSerializer(TextSerializer):
    """A new thread with its first comment."""

    board = serializers.PrimaryKeyRelatedField(queryset=Board.objects.select_related("survey"), pk_field=NUMBER)
    title = serializers.CharField(max_length=120)


class RemoveSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=200, required=False, default="", help_text="a moderator's reason")
