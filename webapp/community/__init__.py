"""Community: Talk, favourites, collections, discoveries, activity."""
