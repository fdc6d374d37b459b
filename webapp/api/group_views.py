"""API of groups: open, change and delete one's own, join and leave, renew the link, manage members."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.account_rows import AccountRows
from webapp.api.permissions import checked
from webapp.api.request_body import EmptyBody, RequestBody, asked
from webapp.api.row_views import LARGEST_ID, refuse_unknown
from webapp.archive.access import person
from webapp.community import groups as rules
from webapp.community.group_models import Group, GroupMember
from webapp.community.person import name_in_talk
from webapp.volunteers.models import Volunteer


class GroupSerializer(RequestBody, serializers.ModelSerializer[Group]):
    class Meta:
        model = Group
        fields = ["id", "name", "description", "is_class", "created_at"]


class DaysSerializer(RequestBody):
    days = serializers.ChoiceField([0, *rules.DAYS], help_text="how long the link lasts; 0 ends it")


class LinkSerializer(serializers.Serializer[Any]):
    link = serializers.CharField(help_text="by which people join; empty for none")
    until = serializers.DateTimeField(allow_null=True)


class JoinSerializer(RequestBody):
    token = serializers.CharField(max_length=43, help_text="the last part of a group's link")


class MemberSerializer(serializers.ModelSerializer[GroupMember]):
    name = serializers.SerializerMethodField(help_text="the name in Talk")

    class Meta:
        model = GroupMember
        fields = ["id", "name", "joined_at"]

    def get_name(self, member: GroupMember) -> str:
        return name_in_talk(member.volunteer)


class RemoveMemberSerializer(RequestBody):
    member = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="id of a membership")


class GroupViewSet(AccountRows):
    """Groups that you see; only their owners change them."""

    queryset = Group.objects.select_related("owner")
    serializer_class = GroupSerializer
    pagination_class = None

    def rows_of(self, volunteer: Volunteer) -> QuerySet[Any]:
        return Group.objects.visible_to(volunteer) if self.detail else Group.objects.of(volunteer)

    @extend_schema(responses=GroupSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the groups that you own or belong to."""
        refuse_unknown(request, ())
        return Response(GroupSerializer(self.get_queryset(), many=True).data)

    @extend_schema(responses={201: GroupSerializer})
    def create(self, request: Request) -> Response:
        """Open a group."""
        group = checked(lambda: rules.open_group(user=person(request), **asked(GroupSerializer, request)))
        return Response(GroupSerializer(group).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a group of yours."""
        group: Group = self.get_object()
        texts: dict[str, Any] = {"name": group.name, "description": group.description, "is_class": group.is_class}
        texts |= asked(GroupSerializer, request, partial=True)
        checked(lambda: rules.change_group(user=person(request), group=group, **texts))
        return Response(GroupSerializer(group).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a group of yours; its members' classifications stay."""
        rules.delete_group(user=person(request), group=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=DaysSerializer, responses=LinkSerializer)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: str) -> Response:
        """Make a new link by which people join your group; the earlier one ends."""
        group: Group = self.get_object()
        days = asked(DaysSerializer, request)["days"]
        checked(lambda: rules.renew_link(user=person(request), group=group, days=days))
        link = request.build_absolute_uri(reverse("group-join", args=[group.token])) if group.token else ""
        return Response({"link": link, "until": group.token_until})

    @extend_schema(request=JoinSerializer, responses=GroupSerializer)
    @action(detail=False, methods=["post"])
    def join(self, request: Request) -> Response:
        """Join a group by its link. Repeating it is safe."""
        group = checked(lambda: rules.join(user=person(request), **asked(JoinSerializer, request)))
        return Response(GroupSerializer(group).data)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: str) -> Response:
        """Leave a group; what you classified in it still counts for it."""
        asked(EmptyBody, request)
        rules.leave(user=person(request), group=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=MemberSerializer(many=True))
    @action(detail=True)
    def members(self, request: Request, pk: str) -> Response:
        """List the members of your group."""
        rows = rules.members_for(user=person(request), group=self.get_object())
        return Response(MemberSerializer(rows, many=True).data)

    @extend_schema(request=RemoveMemberSerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="remove-member")
    def remove_member(self, request: Request, pk: str) -> Response:
        """End somebody's membership in your group."""
        member = asked(RemoveMemberSerializer, request)["member"]
        rules.remove_member(user=person(request), group=self.get_object(), member=member)
        return Response(status=status.HTTP_204_NO_CONTENT)
