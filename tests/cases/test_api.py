"""Cases as JSON: filed, checked, listed, shown, stepped; what is wrong is said as the pages say it. Both databases."""

import json
import threading
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases.models import Case, CaseEvent, Draft, KeptOperation, State
from common.ids import new_id
from tests.cases.forms_typed import MATTER, SIGNED, WHO
from tests.conftest import NOW, on_sqlite
from tests.statements import statements_of

ANSWERS = WHO | MATTER | SIGNED | {"rloc_admdvs": "320100"}
FILING = {"item_no": 15, "answers": ANSWERS}


@pytest.fixture
def session(app):
    """To look with. Not within an application context: requests would share it, and with it who is signed in."""
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def station(loaded, make):
    return make.station("解放路街道医保工作站", items=(1, 2, 14, 15, 16, 18, 22), level="town")


@pytest.fixture
def clerk(app, make, station):
    return make.signed_in(app.test_client(), make.actor(Role.CLERK, station_code=station, name="孙丽"))


@pytest.fixture
def officer(app, make, station):
    return make.signed_in(app.test_client(), make.actor(Role.COUNTY_OFFICER, name="周海"))


def send(client, url, body, op=None, **more):
    headers = {"Idempotency-Key": op if op is not None else new_id()}
    return client.post(f"/api/v1{url}", json=body, headers=headers, **more)


def count(session, model):
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model))


# Filing


def test_a_filled_in_form_becomes_a_case_with_a_receipt(session, clerk):
    answer = send(clerk, "/cases", FILING)
    assert answer.status_code == 201, answer.json
    case = session.scalars(sa.select(Case)).one()
    assert answer.json == {
        "ref": case.ref,
        "code": answer.json["code"],
        "state": "accepted",
        "remarks": answer.json["remarks"],
    }
    assert len(answer.json["code"]) == 6
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_sent_again_it_is_the_same_receipt_and_no_second_case(session, clerk):
    op = str(uuid.uuid4())
    first = send(clerk, "/cases", FILING, op)
    again = send(clerk, "/cases", dict(reversed(FILING.items())), op.replace("-", "").upper())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert again.headers["X-Replayed"] == "1"
    assert "X-Replayed" not in first.headers
    assert count(session, Case) == 1


def test_the_same_operation_with_other_answers_is_refused(session, clerk):
    op = new_id()
    send(clerk, "/cases", FILING, op)
    answer = send(clerk, "/cases", FILING | {"channel": "assisted"}, op)
    assert answer.status_code == 409
    assert answer.json["message"] == "这份申请已经用别的内容交过，请到办件里看"
    assert count(session, Case) == 1


def test_an_operation_of_somebody_else_is_refused(app, make, station, clerk):
    op = new_id()
    send(clerk, "/cases", FILING, op)
    other = make.signed_in(app.test_client(), make.actor(Role.CLERK, station_code=station))
    assert send(other, "/cases", FILING, op).status_code == 409


def test_what_is_wrong_is_said_field_by_field_and_nothing_is_kept(session, clerk):
    answer = send(clerk, "/cases", FILING | {"answers": ANSWERS | {"certno": "379801195208170021", "mob": "12"}})
    assert answer.status_code == 422
    assert answer.json["errors"]["certno"] == "身份证号校验位不对，请逐位核对"
    assert set(answer.json["errors"]) == {"certno", "mob"}
    assert (count(session, Case), count(session, KeptOperation)) == (0, 0)


def test_a_warning_stands_in_the_way_until_it_is_confirmed(session, clerk):
    answers = ANSWERS | {"no_phone": "1", "contact_name": "王小军", "contact_tel": "15400000001", "mob": ""}
    found = send(clerk, "/cases/check", FILING | {"answers": answers}).json
    doubts = [one["field"] for one in found["remarks"] if one["level"] == "warn"]
    answer = send(clerk, "/cases", FILING | {"answers": answers})
    assert answer.status_code == (422 if doubts else 201)
    if doubts:
        confirmed = send(clerk, "/cases", FILING | {"answers": answers, "confirmed": doubts})
        assert confirmed.status_code == 201, confirmed.json


def test_no_case_is_needed_and_none_is_made(session, clerk):
    answer = send(clerk, "/cases", FILING | {"answers": ANSWERS | {"emergency": True}})
    assert answer.status_code == 422
    assert answer.json["errors"] == {}
    assert [one["level"] for one in answer.json["remarks"]] == ["exit"]
    assert count(session, Case) == 0


def test_a_draft_goes_with_its_filing_and_another_one_does_not(session, clerk):
    at = clerk.post("/work/drafts", data={"item": "15"}).location.split("?")[0].rsplit("/", 1)[1]
    wrong = send(clerk, "/cases", FILING | {"draft": at, "item_no": 18})
    assert (wrong.status_code, wrong.json["errors"]) == (422, {"form": "这份草稿是办别的事的"})
    assert send(clerk, "/cases", FILING | {"draft": "0" * 32}).status_code == 404
    looked = send(clerk, "/cases/check", FILING | {"draft": at})
    assert (looked.status_code, looked.json["errors"]) == (200, {})
    op = new_id()
    assert send(clerk, "/cases", FILING | {"draft": at}, op).status_code == 201
    assert send(clerk, "/cases", FILING | {"draft": at}, op).status_code == 200
    assert count(session, Draft) == 0


@pytest.mark.parametrize(
    ("body", "op", "field"),
    [
        (FILING, "", "Idempotency-Key"),
        (FILING, "12", "Idempotency-Key"),
        (FILING, "g" * 32, "Idempotency-Key"),
        ({"answers": {}}, None, "item_no"),
        ({"item_no": 15}, None, "answers"),
        (FILING | {"item_no": 99}, None, "item_no"),
        (FILING | {"item_no": 22}, None, "item_no"),
        (FILING | {"answers": [1]}, None, "answers"),
        (FILING | {"channel": "pigeon"}, None, "channel"),
        (FILING | {"confirmed": "certno"}, None, "confirmed"),
        (FILING | {"draft": "../1"}, None, "draft"),
    ],
)
@on_sqlite
def test_a_request_that_cannot_be_read_gets_one_sentence_per_field(session, clerk, body, op, field):
    answer = send(clerk, "/cases", body, op)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert count(session, Case) == 0


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"null", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"item_no": 15, "item_no": 18, "answers": {}}', "application/json", 400),
        (b'{"item_no": NaN, "answers": {}}', "application/json", 400),
        (b'{"a":' * 9000, "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"item_no": ' + b"9" * 5000 + b', "answers": {}}', "application/json", 400),
        (b'{"item_no": 15, "answers": {}}', "text/plain", 415),
        (b"item_no=15", "application/x-www-form-urlencoded", 415),
        (b'{"item_no": 15, "answers": {"x": "' + b"x" * 70_000 + b'"}}', "application/json", 413),
    ],
)
@on_sqlite
def test_a_body_that_is_no_json_object_gets_one_sentence(session, clerk, body, kind, status):
    headers = {"Idempotency-Key": new_id()}
    for url in ("/api/v1/cases", "/api/v1/cases/check", "/api/v1/cases/K7M24Q9P/steps"):
        answer = clerk.post(url, data=body, content_type=kind, headers=headers)
        assert (answer.status_code, set(answer.json)) == (status, {"error", "message"})
        assert answer.json["message"]
    assert count(session, Case) == 0


@on_sqlite
def test_halves_of_characters_in_json_are_no_failure(session, clerk):
    body = json.dumps(FILING | {"answers": ANSWERS | {"psn_name": "王\ud800玉兰", "\ud800": 1}})
    answer = clerk.post(
        "/api/v1/cases", data=body, content_type="application/json", headers={"Idempotency-Key": new_id()}
    )
    assert answer.status_code in {201, 422}


def test_a_page_of_another_site_files_nothing(session, clerk):
    answer = send(clerk, "/cases", FILING, environ_overrides={"HTTP_SEC_FETCH_SITE": "cross-site"})
    assert answer.status_code == 403
    assert count(session, Case) == 0


def test_strangers_get_401_and_other_posts_403(app, officer, station):
    assert send(app.test_client(), "/cases", FILING).status_code == 401
    assert send(officer, "/cases", FILING).status_code == 403
    assert app.test_client().get("/api/v1/cases").json["message"]


# Checking


def test_a_check_says_the_same_and_keeps_nothing(session, clerk):
    wrong = FILING | {"answers": ANSWERS | {"certno": "379801195208170021"}}
    checked, filed = send(clerk, "/cases/check", wrong), send(clerk, "/cases", wrong)
    assert (checked.status_code, checked.json["ok"]) == (200, False)
    assert checked.json["errors"] == filed.json["errors"]
    assert checked.json["remarks"] == filed.json["remarks"]
    assert send(clerk, "/cases/check", FILING).json["ok"] is True
    assert [count(session, model) for model in (Case, Draft, KeptOperation, CaseEvent)] == [0, 0, 0, 0]


# Looking


def test_the_desk_and_a_case_are_shown_masked(app, clerk):
    ref = send(clerk, "/cases", FILING).json["ref"]
    listed, shown = clerk.get("/api/v1/cases").json, clerk.get(f"/api/v1/cases/{ref}")
    assert [row["ref"] for row in listed["cases"]] == [ref]
    assert listed["counts"]["all"] == 1
    assert (shown.json["name"], shown.json["subject"]["number"]) == ("王*兰", "379801********0020")
    for personal in ("王玉兰", "379801195208170020", "15400000001", "南京市某路"):
        assert personal not in shown.text
    assert [event["step"] for event in shown.json["events"]] == ["submit"]
    assert "hand_up" in shown.json["steps"]


def test_a_case_costs_six_statements_and_the_desk_four(app, clerk):
    ref = send(clerk, "/cases", FILING).json["ref"]
    for url, most in ((f"/api/v1/cases/{ref}", 6), ("/api/v1/cases", 4)):
        clerk.get(url)
        with statements_of(app.extensions["db"].engine) as statements:
            assert clerk.get(url).status_code == 200
        assert len(statements) <= most, "\n".join(statements)


@pytest.mark.parametrize("ref", ["K7M24Q9P", "K7M2-4Q9P", "x", "0" * 32, "..", "%00"])
def test_what_is_not_there_is_404(clerk, ref):
    assert clerk.get(f"/api/v1/cases/{ref}").status_code == 404
    assert send(clerk, f"/cases/{ref}/steps", {"step": "accept", "version": 1}).status_code == 404


def test_a_case_of_another_town_is_as_if_it_were_not_there(app, make, clerk):
    far = make.actor(Role.CLERK, area="370202001", station_code=make.station("远站", county_code="370202"))
    ref = make.case(by=far)
    assert clerk.get(f"/api/v1/cases/{ref}").status_code == 404
    assert send(clerk, f"/cases/{ref}/steps", {"step": "accept", "version": 1}).status_code == 404
    assert ref not in clerk.get("/api/v1/cases").text


@pytest.mark.parametrize("asked", ["tab=old", "item=0", "item=x", "page=0", "page=51", "page=-1"])
@on_sqlite
def test_a_wrong_question_to_the_desk_gets_one_sentence(clerk, asked):
    answer = clerk.get(f"/api/v1/cases?{asked}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [asked.split("=")[0]])


# Steps


def test_town_and_county_handle_a_case(session, clerk, officer):
    ref = send(clerk, "/cases", FILING).json["ref"]
    up = send(clerk, f"/cases/{ref}/steps", {"step": "hand_up", "version": 1})
    assert up.json == {"ref": ref, "state": "in_review", "desk": "county", "version": 2}
    done = send(officer, f"/cases/{ref}/steps", {"step": "approve", "version": 2})
    assert (done.json["state"], done.json["desk"]) == ("approved", None)


def test_a_step_sent_twice_is_one_step(session, clerk):
    ref, op = send(clerk, "/cases", FILING).json["ref"], new_id()
    first = send(clerk, f"/cases/{ref}/steps", {"step": "hand_up", "version": 1}, op)
    again = send(clerk, f"/cases/{ref}/steps", {"step": "hand_up", "version": 1}, op)
    assert again.json == first.json
    assert again.headers["X-Replayed"] == "1"
    assert send(clerk, f"/cases/{ref}/steps", {"step": "withdraw", "version": 2}, op).status_code == 409
    assert session.scalars(sa.select(CaseEvent.step).order_by(CaseEvent.seq)).all() == ["submit", "hand_up"]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"step": "hand_up", "version": 7}, 409),
        ({"step": "supply", "version": 1}, 409),
        ({"step": "ask", "version": 1}, 422),
        ({"step": "hand_over", "version": 1}, 422),
        ({"step": "confirm", "version": 1}, 422),
        ({"step": "hand_up"}, 422),
        ({"step": "withdraw", "version": 1, "words": "x" * 301}, 422),
    ],
)
def test_a_step_that_cannot_be_taken_gets_one_sentence(session, clerk, step, status):
    ref = send(clerk, "/cases", FILING).json["ref"]
    answer = send(clerk, f"/cases/{ref}/steps", step)
    assert answer.status_code == status, answer.json
    assert answer.json["message"] if status == 409 else answer.json["errors"]
    assert session.scalars(sa.select(Case)).one().state == State.ACCEPTED


def test_what_is_missing_is_asked_for_by_kind_and_in_words_of_ones_own(clerk):
    ref = send(clerk, "/cases", FILING).json["ref"]
    asked = {"step": "ask", "version": 1, "asked": ["id", "nonsense"], "other": "村里的证明", "words": "请带来"}
    assert send(clerk, f"/cases/{ref}/steps", asked).json["state"] == "needs_supplement"
    last = clerk.get(f"/api/v1/cases/{ref}").json["events"][-1]
    assert last["asked"] == ["本人有效身份证件", "村里的证明"]


# Forms


def test_the_rules_of_every_form_travel_as_data(app, station):
    client = app.test_client()
    listed = client.get("/api/v1/forms").json["forms"]
    assert [row["item_no"] for row in listed] == [1, 2, 4, 14, 15, 16, 17, 18]
    for row in listed:
        rules = client.get(f"/api/v1/forms/{row['item_no']}").json
        assert (rules["name"], rules["item"]) == (row["family"], row["item_no"])
        assert rules["fields"]["psn_name"]["must"]
    assert client.get("/api/v1/forms/3").status_code == 404


# What a person would have seen


def test_an_impatient_finger_gets_one_receipt_though_the_first_tap_takes_the_draft_along(app, make, station, session):
    actor = make.actor(Role.CLERK, station_code=station)
    client = make.signed_in(app.test_client(), actor)
    at = client.post("/work/drafts", data={"item": "15"}).location.split("?")[0].rsplit("/", 1)[1]
    op, answers = new_id(), []
    taps = [make.signed_in(app.test_client(), actor) for _ in range(8)]

    def tap(one):
        answers.append(send(one, "/cases", FILING | {"draft": at}, op))

    threads = [threading.Thread(target=tap, args=(one,)) for one in taps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json["ref"] for answer in answers}) == 1
    assert count(session, Case) == 1


def test_the_receipt_of_an_hour_ago_is_shown_though_a_step_was_just_taken(app, session, clerk):
    ref = send(clerk, "/cases", FILING).json["ref"]
    session.execute(sa.update(KeptOperation).values(at=NOW.replace(hour=0)))
    session.commit()
    send(clerk, f"/cases/{ref}/steps", {"step": "hand_up", "version": 1})
    assert clerk.get(f"/cases/{ref}/receipt").status_code == 200


def test_a_form_handed_in_with_the_number_of_a_step_is_gone_and_no_failure(clerk):
    ref, op = send(clerk, "/cases", FILING).json["ref"], new_id()
    send(clerk, f"/cases/{ref}/steps", {"step": "hand_up", "version": 1}, op)
    answer = clerk.post(f"/work/drafts/{'0' * 32}?step=4", data={"op": op, "seen": "0" * 16})
    assert answer.status_code == 404
