"""Serializers of Talk: boards, threads and comments."""

from typing import Any

from rest_framework import serializers

from webapp.api.request_body import RequestBody
from webapp.archive.models import Subject
from webapp.community.models import LONGEST, Board, Comment, CommentPicture, Thread
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
    picture = serializers.SerializerMethodField(help_text="its address, and what it shows")

    class Meta:
        model = Comment
        fields = ["id", "survey", "subject", "thread", "author", "text", "picture", "created_at", "edited_at"]

    def get_author(self, comment: Comment) -> str:
        return name_in_talk(comment.author)

    def get_picture(self, comment: Comment) -> dict[str, str] | None:
        picture: CommentPicture | None = getattr(comment, "picture", None)
        return {"address": picture.get_absolute_url(), "alt": picture.alt} if picture else None


class TextSerializer(RequestBody):
    text = serializers.CharField(max_length=LONGEST, help_text="Markdown; #tags and @names are links")


class WithPictureSerializer(TextSerializer):
    """A text that may come with a picture, as multipart/form-data."""

    picture = serializers.FileField(required=False, default=None, help_text="PNG, JPEG or WebP, up to 2 MB")
    alt = serializers.CharField(required=False, default="", help_text="what the picture shows, in words")


class SaySerializer(WithPictureSerializer):
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


class OpenThreadSerializer(WithPictureSerializer):
    """A new thread with its first comment."""

    board = serializers.PrimaryKeyRelatedField(queryset=Board.objects.select_related("survey"), pk_field=NUMBER)
    title = serializers.CharField(max_length=120)


class RemoveSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=200, required=False, default="", help_text="a moderator's reason")
