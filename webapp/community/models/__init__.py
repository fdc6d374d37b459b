from webapp.community.models.collection import Collection, CollectionItem
from webapp.community.models.comment import Comment
from webapp.community.models.discovery import Discovery
from webapp.community.models.favourite import Favourite
from webapp.community.models.notification import Notification
from webapp.community.models.profile import Credit, Profile

__all__ = ["Collection", "CollectionItem", "Comment", "Credit", "Discovery", "Favourite", "Notification", "Profile"]
