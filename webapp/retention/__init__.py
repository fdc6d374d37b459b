"""Retention of pixels: a survey drops those of retired bogus subjects after some days; rows stay for ever.

May import every room whose rows rest on pixels: learning, review, reports, linking, community, consensus.
"""
