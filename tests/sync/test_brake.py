"""What is not a case's fault stops the channel, not the cases: an envelope that is wrong, a platform that asks for time."""

from sync.channels import state_of
from sync.models import OutState
from sync.verdicts import Judged
from sync.worker import reason_of
from tests.conftest import on_sqlite
from tests.sync.little_platform import channel_to
from tests.sync.working import settle


def told(session):
    session.rollback()
    state = state_of(session, "province")
    found = (state.reason, state.paused_until)
    session.rollback()
    return found


def refusing(platform, words):
    """Every filing is refused with these words; how often one was sent."""
    reply = platform.reply
    platform.wrong = lambda infno, n: None
    platform.reply = lambda code, output, said="成功", **more: reply(
        *((-2, {}, words) if code == 0 else (code, output, said))
    )


@on_sqlite
def test_words_about_the_envelope_send_no_filing_back(new_worker, owe, box, platform, hands, session):
    for number in range(12):
        owe(f"{number:02x}", 1)
    refusing(platform, "mdtrtarea_admvs 已撤并，现为 370115")
    worker = new_worker(burst_s=60)
    assert worker.step() == 1
    assert {entry.state for entry in box()} == {OutState.PENDING}
    assert told(session)[0] == "pause: -2"
    del platform.reply
    hands.turn(minutes=1)
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert set(platform.effects.values()) == {2, 1}  # the first was done by this little platform before it refused


@on_sqlite
def test_refused_cancellings_pause_nothing(new_worker, owe, box, platform, hands, session):
    for number in range(7):
        owe(f"{number:02x}", 1, "case_cancel", trt_dcla_detl_sn="T1", psn_no="", memo="不去了")
    refusing(platform, "data 缺少 psn_no")
    assert new_worker(burst_s=60).step() == 7
    assert {(entry.state, entry.error_kind) for entry in box()} == {(OutState.REJECTED, "business")}
    assert told(session) == (None, None)


@on_sqlite
def test_the_same_refusal_of_five_cases_pauses_and_then_one_is_tried_at_a_time_ever_later(
    new_worker, owe, box, platform, hands, session
):
    for number in range(20):
        owe(f"{number:02x}", 1)
    platform.refuse = {entry.aggregate[5:] for entry in box()}
    worker = new_worker(burst_s=60)
    assert worker.step() == 5
    sent, lengths = [], []
    for _ in range(4):
        reason, until = told(session)
        assert reason == "business: -2"
        lengths.append((until - hands()).total_seconds())
        hands.at = until
        sent.append(worker.step())
    assert (sent, lengths) == ([1] * 4, [30, 60, 120, 240])
    platform.refuse.clear()
    settle(worker, hands)
    assert [entry.state for entry in box()].count(OutState.REJECTED) == 9
    assert worker.brake.last == {}


@on_sqlite
def test_work_orders_that_are_refused_row_by_row_pause_too_and_then_go_one_at_a_time(
    new_worker, owe, box, platform, hands, session
):
    for number in range(70):
        owe(f"{number:02x}", 1, logical="work_order")
    platform.refuse = {entry.aggregate[5:] for entry in box()}
    worker = new_worker(burst_s=60)
    sent, lengths = [worker.step()], []
    for _ in range(3):
        reason, until = told(session)
        assert reason == "business: -2"
        lengths.append((until - hands()).total_seconds())
        hands.at = until
        sent.append(worker.step())
    assert (sent, lengths) == ([50, 1, 1, 1], [30, 60, 120])
    platform.refuse.clear()
    settle(worker, hands)
    assert [entry.state for entry in box()].count(OutState.REJECTED) == 53
    assert worker.brake.last == {}


@on_sqlite
def test_a_batch_of_which_some_arrive_pauses_nothing(new_worker, owe, box, platform, hands, session):
    for number in range(20):
        owe(f"{number:02x}", 1, logical="work_order")
    platform.refuse = {entry.aggregate[5:] for entry in box()[:-1]}
    settle(new_worker(burst_s=60), hands)
    assert told(session) == (None, None)


@on_sqlite
def test_refusals_between_which_some_arrive_pause_nothing(new_worker, owe, box, platform, hands, session):
    for number in range(9):
        owe(f"{number:02x}", 1)
    platform.refuse = {entry.aggregate[5:] for entry in box()[::2]}
    settle(new_worker(burst_s=60), hands)
    assert told(session) == (None, None)


@on_sqlite
def test_refusals_of_one_case_pause_nothing(new_worker, owe, box, platform, hands, session):
    for version in range(1, 10):  # a refused work order holds up none after it
        platform.refuse = {owe("aa", version, logical="work_order")}
    settle(new_worker(burst_s=60), hands)
    assert [entry.state for entry in box()] == [OutState.REJECTED] * 9
    assert told(session) == (None, None)


@on_sqlite
def test_refusals_in_other_words_begin_anew(new_worker, owe, box, platform, hands, session):
    worker = new_worker(burst_s=60)
    for part, words in enumerate(("参保地区划不存在", "经办机构不存在")):
        for number in range(4):
            owe(f"{part}{number}", 1)
        refusing(platform, words)
        settle(worker, hands)
        del platform.reply
    assert [entry.state for entry in box()] == [OutState.REJECTED] * 8
    assert told(session) == (None, None)
    owe("ff", 1)
    refusing(platform, words)  # the fifth in these
    worker.step()
    assert told(session)[0] == "business: -2"


@on_sqlite
def test_a_platform_that_asks_for_time_gets_it_from_the_whole_channel(
    tmp_path, new_worker, owe, box, platform, hands, session
):
    for number in range(20):
        owe(f"{number:02x}", 1)
    platform.wrong = lambda infno, n: "429"
    worker = new_worker(channel_to(tmp_path, platform, longest_s="60"), burst_s=60)
    assert worker.step() == 1
    assert worker.step() == 0
    assert told(session)[0] == "busy: HTTP 429"
    assert (told(session)[1] - hands.at).total_seconds() == 7
    platform.wrong = lambda infno, n: None
    hands.turn(seconds=7)
    assert worker.step() == 10
    assert told(session) == (None, None)
    assert {entry.attempts for entry in box()} == {0, 1}


def test_the_reason_of_a_pause_quotes_nobody():
    said = "验签失败：王玉兰，电话 138-0013-8000"
    assert reason_of(Judged("pause", "pause", said, "-1")) == "pause: -1"
    assert reason_of(Judged("pause", "address", "HTTP 404")) == "address: HTTP 404"
    assert reason_of(Judged("pause", "answer-signature", said, "0")) == "answer-signature"
    assert reason_of(Judged("pause", "pause", said, "王玉兰")) == "pause"
