import hashlib

import pytest

from costproxy.settings import AppsSettings
from costproxy.settings.app_keys import APP_KEYS
from costproxy.settings.refusal import RefusedError

DIGEST = hashlib.sha256(b"the key").hexdigest()


@pytest.mark.parametrize("length", [16, 40, 64])
def test_a_key_is_found_by_the_beginning_of_its_digest(length):
    keys = APP_KEYS.read({f"sha256:{DIGEST[:length].upper()}": " shop ", "sha256:0123456789abcdef": "other"})
    apps = AppsSettings(keys=keys)

    assert apps.name_of(b"the key") == "shop"
    assert apps.name_of(b"the  key") is None
    assert AppsSettings().name_of(b"the key") is None


@pytest.mark.parametrize(
    "table",
    [
        "text",
        {DIGEST: "no prefix"},
        {f"sha256:{DIGEST[:15]}": "too short"},
        {f"sha256:{DIGEST}0": "too long"},
        {"sha256:xxxxxxxxxxxxxxxx": "no digits"},
        {f"sha256:{DIGEST}": ""},
        {f"sha256:{DIGEST}": 5},
        {f"sha256:{DIGEST}": "a\nb"},
        {f"sha256:{DIGEST}": "n" * 65},
        {f"sha256:{DIGEST}": "a", f"sha256:{DIGEST[:20]}": "b"},
    ],
)
def test_other_tables_are_refused(table):
    with pytest.raises(RefusedError):
        APP_KEYS.read(table)
