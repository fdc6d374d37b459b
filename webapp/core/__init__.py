"""Shared foundations that know no other room: jobs, dispatch, raw SQL, caching, languages, middleware, health."""
