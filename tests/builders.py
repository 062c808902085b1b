"""Builders with defaults: a test names only what it is about."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from accounts.models import Account, Post, SignInSession
from accounts.policy import Actor, Role
from cases import receipts
from cases.filing import Subject
from cases.masks import sealed_subject
from cases.models import OPEN_STATES, Case, CaseEvent, Desk, State
from common import clock, editions
from common.db import Database
from common.ids import new_id
from common.pinyin import initials, syllables
from common.sealing import fingerprint, keys_of
from maps.place import Place, pixel_of
from stations import door_links
from stations.models import Division, Host, HoursException, Level, OpeningHours, Station
from stations.queries import station
from stations.week import read_week, write_week

SQUARE = Place(36.6512, 117.1201)  # 泉城广场, Jinan
WOMAN = Subject("王玉兰", "01", "379801195208170020", "2", date(1952, 8, 17), "15400000001")
OFFICE_HOURS = "Mo-Fr 08:30-12:00,13:30-17:30; PH off"


def door_link(database: Database, code: str, *, now: datetime, days: int = 30, secret: str = "t" * 40) -> str:
    """The token of a new link to the door of a station; negative days: one that has ended."""
    with database.writing() as session:
        link = door_links.make(session, station(session, code), now=now, days=1)
        link.ends_at = now + timedelta(days=days)
        session.commit()
        return door_links.sign(secret, link.id)


class Make:
    def __init__(self, database: Database, now: datetime):
        self.database = database
        self.now = now
        self.numbers = count(1)
        self.tokens: dict[str, str] = {}

    def division(self, code: str, name: str, place: Place | None = None) -> str:
        parent = {6: code[:4] + "00" if code[4:] != "00" else "370000", 9: code[:6], 12: code[:9]}[len(code)]
        level = {6: 3 if code[4:] != "00" else 2, 9: 4, 12: 5}[len(code)]
        with self.database.writing() as session:
            session.merge(
                Division(
                    code=code,
                    parent_code=None if code == "370000" else parent,
                    level=1 if code == "370000" else level,
                    name=name,
                    pinyin="".join(syllables(name))[:120],
                    initials=initials(name)[:120],
                    lat=place.lat if place else None,
                    lon=place.lon if place else None,
                    place_source="test" if place else None,
                )
            )
            editions.bump(session, "divisions")
            session.commit()
        return code

    def station(
        self,
        name: str = "大桥村医保工作站",
        place: Place = SQUARE,
        *,
        items: Iterable[int] = (1, 7, 18),
        assist: Iterable[int] = (),
        consult: Iterable[int] = (),
        hours: str | None = OFFICE_HOURS,
        exceptions: dict | None = None,
        **facts,
    ) -> str:
        """A station at `place`, open on weekdays; returns its code. `items` are done there, in mode direct."""
        number = next(self.numbers)
        county = facts.pop("county_code", "370102")
        town = facts.pop("town_code", county + "001")
        for code, said in (
            ("370000", "山东省"),
            (county[:4] + "00", "济南市"),
            (county, "历下区"),
            (town, "解放路街道"),
        ):
            self._division_if_missing(code, said)
        with self.database.writing() as session:
            pixel = pixel_of(place)
            station = Station(
                code=facts.pop("code", f"{town}{number:03}Z1"),
                name=name,
                pinyin="".join(syllables(name))[:120],
                initials=initials(name)[:120],
                level=facts.pop("level", Level.VILLAGE),
                host=facts.pop("host", Host.VILLAGE_CENTRE),
                county_code=county,
                town_code=town,
                lat=place.lat,
                lon=place.lon,
                mx=pixel.mx,
                my=pixel.my,
                datum="wgs84",
                place_source="test",
                source="test",
                hours_id=self._hours(session, hours) if hours else None,
                direct_mask=sum(1 << no for no in items),
                assist_mask=sum(1 << no for no in assist),
                consult_mask=sum(1 << no for no in consult),
                channels=facts.pop("channels", 1),
                access=facts.pop("access", 0),
                open=facts.pop("open", True),
                synthetic=facts.pop("synthetic", False),
                updated_at=self.now,
                **facts,
            )
            session.add(station)
            session.flush()
            for date, spans in (exceptions or {}).items():
                session.add(HoursException(county_code=county, station_id=station.id, date=date, spans=spans or None))
            session.commit()
            return station.code

    def _division_if_missing(self, code: str, name: str) -> None:
        with self.database.writing() as session:
            known = session.get(Division, code) is not None
        if not known:
            self.division(code, name)

    def _hours(self, session, text: str) -> str:
        week = write_week(read_week(text))
        known = session.query(OpeningHours).filter_by(week=week).one_or_none()
        if known is None:
            known = OpeningHours(week=week)
            session.add(known)
            session.flush()
            editions.bump(session, "hours")
        return known.id

    # Staff and cases

    def actor(
        self,
        role: Role = Role.HELPER,
        *,
        area: str | None = None,
        station_code: str | None = None,
        name: str = "赵敏",
    ) -> Actor:
        """Somebody who works here, at one post, signed in on a device: `make.signed_in(client, actor)` opens pages so.

        Without area: county 370102, town 370102001 for helpers and clerks, 37 for whoever sits above a county."""
        local = role in {Role.HELPER, Role.CLERK}
        area = area or ("370102001" if local else "370102" if role is Role.COUNTY_OFFICER else "37")
        token = f"token-{new_id()}"
        with self.database.writing() as session:
            account = Account(
                name=f"staff{new_id()[-12:]}",
                staff_name=name,
                password_hash="not-a-hash",
                must_change=False,
                totp_on=False,
                active=True,
                made_at=self.now,
                password_at=self.now,
            )
            session.add(account)
            session.flush()
            post = Post(
                account_id=account.id,
                role=role,
                area=area,
                county_code=area[:6].ljust(6, "0"),
                station_code=station_code,
                station_name="大桥村医保工作站" if station_code else None,
                starts_on=clock.local_date(self.now) - timedelta(days=30),
            )
            session.add(post)
            session.flush()
            signed_in = SignInSession(
                token_hash=sha256(token.encode()).hexdigest(),
                account_id=account.id,
                post_id=post.id,
                device="Chrome·Android",
                made_at=self.now,
                seen_at=self.now,
                second_passed=True,
            )
            session.add(signed_in)
            session.flush()
            actor = Actor(
                account_id=account.id,
                name=name,
                role=role,
                post_id=post.id,
                area=area,
                station_code=station_code,
                station_name=post.station_name,
                session_id=signed_in.id,
            )
            session.commit()
        self.tokens[actor.account_id] = token
        return actor

    def signed_in(self, client: FlaskClient, actor: Actor) -> FlaskClient:
        """This client with the actor's cookie."""
        with client.session_transaction() as cookie:
            cookie.clear()
            cookie["_user_id"] = self.tokens[actor.account_id]
        return client

    def case(
        self,
        *,
        by: Actor | None = None,
        subject: Subject = WOMAN,
        answers: dict[str, Any] | None = None,
        state: State = State.SUBMITTED,
        desk: Desk | None = Desk.TOWN,
        code: str = "204817",
        **facts: Any,
    ) -> str:
        """A case as it stands after it was submitted; returns its receipt number. `code` follows it. Every case is of
        another subject matter, so one person may have many."""
        if state not in OPEN_STATES:
            desk = None
        station_code, town = facts.pop("station_code", None), facts.pop("town_code", None)
        station_code = station_code or (by.station_code if by and by.station_code else self.station())
        filer = by.account_id if by else "0" * 32
        today = clock.local_date(self.now)
        with self.database.writing() as session:
            keys, ref = keys_of(session), facts.pop("ref", None) or receipts.new_ref()
            said = {"psn_name": subject.name, "certno": subject.certno, "mob": subject.mobile} | (answers or {})
            case = Case(
                county_code=facts.pop("county_code", station_code[:6]),
                ref=ref,
                item_no=facts.pop("item_no", 15),
                family=facts.pop("family", "remote_care"),
                form_version=1,
                station_code=station_code,
                town_code=town or station_code[:9],
                channel="window",
                state=state,
                desk=desk,
                live=state not in {State.REFUSED, State.WITHDRAWN},
                live_key=facts.pop("live_key", new_id()),
                version=1,
                person_index=keys.index(subject.certno or new_id(), "certno"),
                phone_index=keys.index(subject.mobile, "phone") if subject.mobile else None,
                subject=sealed_subject(subject),
                answers=said,
                answers_sha256=fingerprint(said),
                identity_how="original",
                identity_checked_by=filer,
                filed_by=filer,
                filed_at=facts.pop("filed_at", self.now),
                state_at=facts.pop("state_at", self.now),
                due_on=facts.pop("due_on", today + timedelta(days=1)),
                statutory_due_on=facts.pop("statutory_due_on", None),
                due_estimated=facts.pop("due_estimated", False),
                to_county=facts.pop("to_county", False),
                follow_hash=receipts.follow_hash(keys, ref, code),
                **facts,
            )
            session.add(case)
            session.flush()
            session.add(
                CaseEvent(
                    county_code=case.county_code,
                    case_id=case.id,
                    seq=1,
                    step="submit",
                    state=state,
                    desk=desk,
                    at=case.filed_at,
                    actor_id=by.account_id if by else None,
                    actor_role=str(by.role) if by else "helper",
                    actor_name=by.name if by else "赵敏",
                    station_code=station_code,
                    details={},
                )
            )
            session.commit()
            return ref
