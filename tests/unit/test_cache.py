"""The cache: entries are whole, and a damaged one is never used."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.cache import user_cache_root
from lmkd_core.base.errors import CacheDamaged


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def make(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "image").write_text("kernel")


def test_an_entry_that_was_never_built_is_not_found(cache: Cache) -> None:
    assert cache.find("kernel", "k") is None


def test_a_built_entry_is_found_and_not_built_again(cache: Cache) -> None:
    entry = cache.build("kernel", "k", make)
    assert cache.find("kernel", "k") == entry
    assert cache.build("kernel", "k", lambda _: pytest.fail("built twice")) == entry


@pytest.mark.parametrize("name", ["sub/image", "SHA256SUMS"])
@pytest.mark.parametrize(
    "damage", [lambda p: p.write_text("other"), lambda p: p.unlink(), lambda p: p.write_text("")]
)
def test_a_damaged_entry_is_named_and_built_again(cache: Cache, name: str, damage) -> None:
    entry = cache.build("kernel", "k", make)
    damage(entry / name)
    with pytest.raises(CacheDamaged, match=r"delete .* and run the command again"):
        cache.find("kernel", "k")
    assert (cache.build("kernel", "k", make) / "sub" / "image").read_text() == "kernel"


def test_a_build_that_fails_leaves_nothing(cache: Cache) -> None:
    def fail(folder: Path) -> None:
        make(folder)
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError):
        cache.build("kernel", "k", fail)
    assert cache.find("kernel", "k") is None
    assert [path.name for path in (cache.root / "kernel").iterdir()] == ["k.lock"]


def test_the_key_tells_where_one_part_ends() -> None:
    assert content_key([b"ab", b"c"]) != content_key([b"a", b"bc"])


def test_the_cache_follows_the_xdg_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert user_cache_root() == Path("/somewhere/pytest-lmkd")
