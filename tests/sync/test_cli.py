"""What an operator types: how it stands, is the channel right, mend and go on. No secret and no person is on the screen."""

import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services_catalog.operations import load_shipped
from sync.channels import paused
from sync.models import OutboxEntry, OutState
from tests.conftest import NOW, make_app, make_keys_once, on_sqlite
from tests.sync.little_platform import channel_files


@pytest.fixture
def run(app, tmp_path, platform, database_url):
    """run("status"): the output of `flask sync status` with a channel to the little platform."""
    file, secrets = channel_files(tmp_path, platform)
    keys = tmp_path / "keys"
    keys.mkdir()
    for key in make_keys_once().iterdir():
        if key.is_file():
            (keys / key.name).write_bytes(key.read_bytes())
    secrets.rename(keys / "channel")
    theirs = make_app(database_url, tmp_path, channel=file, key_dir=keys)

    def act(*words, fails=False):
        with theirs.app_context():  # a session of the test may have opened another
            result = theirs.test_cli_runner().invoke(args=["sync", *words])
        assert (result.exit_code != 0) == fails, result.output
        assert "Traceback" not in result.output
        return result.output

    yield act
    theirs.extensions["db"].engine.dispose()


@pytest.fixture
def settled(owe, run, platform, hands):
    """One filing refused, its successor waiting, one arrived."""
    bad = owe("aa", 1)
    owe("aa", 2)
    owe("bb", 1)
    platform.refuse = {bad}
    run("work", "--once")
    return bad


def state_of(session, case, version):
    session.rollback()
    key = f"case_submit:{case.ljust(32, '0')}:{version}"
    return session.scalars(sa.select(OutboxEntry.state).where(OutboxEntry.key == key)).one()


def test_once_is_until_nothing_is_due(settled, session):
    assert [state_of(session, *of) for of in (("aa", 1), ("aa", 2), ("bb", 1))] == ["rejected", "pending", "acked"]


def test_status_counts_what_waits_what_arrived_and_what_was_refused(settled, run):
    said = run("status")
    assert "1 wait, the oldest for 0 min; 1 have arrived" in said
    assert "case_submit    rejected  business         1" in said
    assert "王玉兰" not in said


def test_what_was_mended_is_replayed_by_its_id_or_by_its_kind(settled, run, session, platform):
    entry = session.scalars(sa.select(OutboxEntry).where(OutboxEntry.state == OutState.REJECTED)).one()
    assert run("replay", "no-such-id") == "0 replayed\n"
    assert run("replay", entry.id) == "1 replayed\n"
    run("work", "--once")
    assert state_of(session, "aa", 1) == "rejected"
    platform.refuse = set()
    assert run("replay", "--kind", "business") == "1 replayed\n"
    run("work", "--once")
    assert [state_of(session, "aa", n) for n in (1, 2)] == ["acked", "acked"]


@pytest.mark.parametrize("words", [(), ("an-id", "--kind", "business"), ("--inbox", "--kind", "business")])
@on_sqlite
def test_replay_wants_to_know_what(run, words):
    assert run("replay", *words, fails=True) == "Say one of: an id, --kind, --inbox.\n"


def test_a_row_that_could_not_be_heard_is_seen_and_tried_again(run, platform):
    platform.lists["G203"] = lambda node: {"list": [{"rid": "c" * 32, "ver": 1, "stas": "approved"}], "more": False}
    run("work", "--once")
    assert "1 rows that the province told could not be heard" in run("status")
    assert run("replay", "--inbox") == "0 replayed\n"


def spoil(session, table, case):
    """Its body cannot be opened any more; the bytes before."""
    rid = case.ljust(32, "0")
    of = {"outbox": f"aggregate = 'case:{rid}'", "inbox": f"rid = '{rid}'"}[table]
    before = session.execute(sa.text(f"SELECT body FROM {table} WHERE {of}")).scalar_one()
    session.execute(sa.text(f"UPDATE {table} SET body = :junk WHERE {of}"), {"junk": b"\1" * 40})
    session.commit()
    return bytes(before)


def test_of_what_could_not_be_opened_that_is_replayed_which_opens_again(run, owe, session):
    for case in ("aa", "bb"):
        owe(case, 1)
    before = [spoil(session, "outbox", case) for case in ("aa", "bb")]
    run("work", "--once")
    assert [state_of(session, case, 1) for case in ("aa", "bb")] == ["rejected", "rejected"]
    mended = {"body": before[1], "case": "case:" + "bb".ljust(32, "0")}
    session.execute(sa.text("UPDATE outbox SET body = :body WHERE aggregate = :case"), mended)
    session.commit()
    said = run("replay", "--kind", "sealed")
    assert said == "1 replayed\n1 still cannot be opened: is the key that sealed them in the key folder?\n"
    run("work", "--once")
    assert [state_of(session, case, 1) for case in ("aa", "bb")] == ["rejected", "acked"]


def test_a_row_that_cannot_be_opened_any_more_holds_up_neither_its_newer_one_nor_the_replay(run, platform, session):
    rows = [{"rid": f"{case}".ljust(32, "0"), "ver": 1, "stas": "approved"} for case in ("aa", "bb")]
    platform.lists["G203"] = lambda node: {"list": rows, "more": False}
    run("work", "--once")
    spoil(session, "inbox", "aa")
    assert run("replay", "--inbox").startswith("0 replayed\n1 still cannot be opened")
    rows[0]["ver"] = 2
    run("pull", "case_status")
    run("work", "--once")
    assert "3 rows that the province told could not be heard" in run("status")


@on_sqlite
def test_without_the_key_of_the_sign_in_once_ends_with_a_sentence(run, owe, session):
    run("pause")
    session.execute(sa.text("UPDATE channel_state SET sign_no = :junk"), {"junk": b"\1" * 40})
    session.commit()
    assert run("work", "--once", fails=True).startswith("Something sealed cannot be opened")


def test_pause_and_resume(run, owe, session, platform):
    run("pause", "--reason", "省平台维护")
    assert paused(session, "province", NOW)
    session.rollback()
    owe("aa", 1)
    run("work", "--once")
    assert platform.calls == []
    assert "paused until somebody resumes it: 省平台维护" in run("status")
    run("resume")
    run("work", "--once")
    assert state_of(session, "aa", 1) == "acked"


def test_check_says_what_the_channel_is_and_no_secret(run, platform, tmp_path):
    platform.lists["G203"] = lambda node: {"list": []}
    said = run("check")
    assert "our signature verifies: yes" in said
    assert "case_status: done (ok)" in said
    assert "a-token-of-the-tests" not in said
    for key in (tmp_path / "keys" / "channel").iterdir():
        if "public" not in key.name:
            assert key.read_text().strip() not in said
    assert "the platform's clock is " in said
    platform.now += timedelta(minutes=4)
    assert "that is more than the 180 s it may be" in run("check", fails=True)
    platform.wrong = lambda infno, n: "500"
    assert "case_status: retry (http-500)" in run("check", fails=True)


@on_sqlite
def test_a_machine_that_cannot_sign_gets_one_sentence(run, owe, platform, monkeypatch):
    owe("aa", 1)
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    for words in (["check"], ["work", "--once"]):
        assert run(*words, fails=True).startswith("The channel signs (signing.on), and nothing on this machine can: ")
    assert platform.calls == []


def test_nothing_is_held_unless_it_is(run):
    assert run("release", "roster", fails=True) == "Nothing is held.\n"
    assert run("pull", "roster") == "roster is due now\n"
    assert run("release", "divisions", fails=True) == "Nothing is held.\n"


def test_status_names_what_of_a_list_a_person_must_see_and_what_is_held(run, make, platform, app):
    with app.extensions["db"].writing() as session:
        load_shipped(session, NOW)
        session.commit()
    make.division("370102", "历下区")
    rows = [{"code": f"{no:02}", "name": "换了名字", "vali_flag": "1"} for no in range(1, 30)]
    lists = {"G502": [{"code": "370102", "name": ""}], "G503": rows}
    for infno, told in lists.items():
        platform.lists[infno] = lambda node, told=told: {"list": told, "more": False, "full_flag": "1"}
    run("pull", "catalogue")
    run("pull", "divisions")
    run("work", "--once")
    said = run("status")
    assert "divisions      1 rows cannot be right; what we have stays as it is:\n    370102       区划名称不对" in said
    assert "catalogue      33 rows differ and do not change by themselves:\n    01           第 1 项省里叫" in said
    assert "and 13 more" in said


def test_production_without_a_channel_says_so(database_url, tmp_path):
    key_dir = tmp_path / "elsewhere"
    key_dir.mkdir()
    app = make_app(database_url, tmp_path / "data", mode="production", key_dir=key_dir)
    for words in (["sync", "work"], ["sync", "status"], ["sync", "check"]):
        result = app.test_cli_runner().invoke(args=words)
        assert result.exit_code == 1
        assert "There is no channel: MENKOU_CHANNEL" in result.output
    app.extensions["db"].engine.dispose()
