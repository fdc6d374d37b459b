"""Community: Talk with boards and tags, news by mail, favourites, collections, discoveries, activity."""
