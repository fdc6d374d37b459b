"""Shared foundations, independent of other rooms: jobs, dispatch, raw SQL, caching, languages, middleware, health."""
