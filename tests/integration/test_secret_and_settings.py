"""The site's own secret is made once, and kept from others."""

import stat

from webapp.secret import secret_key


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first = secret_key(tmp_path)
    assert len(first) >= 50
    assert secret_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
