"""``results/latest`` points to the newest run of the default results folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_lmkd.run.latest import link_latest


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run_in(name: str) -> Path:
    folder = Path(name)
    folder.mkdir(parents=True)
    link_latest(folder)
    return folder


def test_the_link_follows_the_newest_run() -> None:
    for name in ("20260101T000000Z", "mine"):
        run = run_in(f"results/{name}")
        assert Path("results/latest").readlink() == Path(name)
        assert Path("results/latest").samefile(run)
    assert {path.name for path in Path("results").iterdir()} == {"20260101T000000Z", "mine", "latest"}


def test_the_folder_may_be_moved_with_its_link() -> None:
    run_in("results/one")
    moved = Path("results").rename("kept")
    assert (moved / "latest").is_dir()


@pytest.mark.parametrize("name", ["out", "other/run", "results/deeper/run"])
def test_other_folders_get_no_link(name: str) -> None:
    run = run_in(name)
    assert not list(Path().rglob("latest")), run


def test_a_folder_of_the_users_own_of_that_name_stays() -> None:
    run_in("results/latest")
    run_in("results/one")
    assert not Path("results/latest").is_symlink()


def test_a_link_to_a_run_that_was_deleted_is_replaced() -> None:
    run_in("results/one").rmdir()
    run_in("results/two")
    assert Path("results/latest").readlink() == Path("two")
