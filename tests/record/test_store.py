"""Records on disk: whole or not at all, in the order in which patients are seen."""

import os

import pytest

from vaidya.errors import DataError
from vaidya.record.store import RecordStore
from vaidya.schema import Tier


def with_tier(record, tier):
    return record.model_copy(update={"decision": record.decision.model_copy(update={"tier": tier})})


def test_a_record_comes_back_as_it_was(tmp_path, record):
    store = RecordStore(tmp_path / "records")
    key = store.save(record)
    assert store.load(key) == record
    assert store.load(record.record_id) == record
    assert list(store) == [record]


def test_the_same_record_saved_twice_is_kept_once(tmp_path, record):
    store = RecordStore(tmp_path)
    assert store.save(record) == store.save(record)
    assert len(store.keys()) == 1


def test_two_patients_with_one_id_are_both_kept(tmp_path, record, made_at):
    store = RecordStore(tmp_path)
    later = made_at(record, "2026-01-05T08:00:01+00:00")
    store.save(record)
    store.save(later)
    assert len(store.worklist()) == 2
    assert store.load(record.record_id) == later


def test_the_most_severe_is_seen_first_and_then_whoever_waits_longest(tmp_path, record, made_at):
    store = RecordStore(tmp_path)
    arrivals = [
        (Tier.ROUTINE, "2026-01-05T07:00:00+00:00"),
        (Tier.EMERGENCY, "2026-01-05T09:00:00+00:00"),
        (Tier.URGENT, "2026-01-05T08:30:00+00:00"),
        # 13:45 in India is 08:15 UTC: times are compared, not their text.
        (Tier.URGENT, "2026-01-05T13:45:00+05:30"),
        (Tier.EMERGENCY, "2026-01-05T08:59:00+00:00"),
        (Tier.SEMI_URGENT, "2026-01-05T06:00:00+00:00"),
    ]
    for tier, at in arrivals:
        store.save(made_at(with_tier(record, tier), at))
    order = [(r.decision.tier, r.provenance.created_at) for r in store.worklist()]
    assert order == [arrivals[i] for i in (4, 1, 3, 2, 5, 0)]


def test_a_failed_write_leaves_the_old_record_and_no_rubbish(tmp_path, record, monkeypatch):
    store = RecordStore(tmp_path)
    key = store.save(record)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save(record)
    assert store.load(key) == record
    assert [p.name for p in tmp_path.iterdir()] == [f"{key}.json"]


@pytest.mark.parametrize("key", ["../secret", "a/b", "", ".hidden", "x" * 200, "*"])
def test_a_key_is_never_a_path(tmp_path, key):
    with pytest.raises(DataError):
        RecordStore(tmp_path).load(key)


def test_an_unknown_and_a_damaged_record_are_coded_errors(tmp_path, record):
    store = RecordStore(tmp_path)
    key = store.save(record)
    with pytest.raises(DataError, match="no record"):
        store.load("missing")
    (tmp_path / f"{key}.json").write_text("{}")
    with pytest.raises(DataError, match="does not follow the schema"):
        store.load(key)


def test_only_the_owner_can_read_a_record(tmp_path, record):
    store = RecordStore(tmp_path / "records")
    key = store.save(record)
    assert (tmp_path / "records" / f"{key}.json").stat().st_mode & 0o077 == 0
