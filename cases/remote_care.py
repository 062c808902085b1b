"""异地就医备案, items 14 to 18 (forms.md §8): a resident will be treated outside the place of insurance."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any

from cases.admission import admission_remarks, filed_already, known_rules
from cases.blocks import Blocks, block_facts, block_rules
from cases.circumstances import About, Circumstances, Live
from cases.days import add_months
from cases.filing import Checked, Family, Level, PaperNeed, Remark
from cases.guardian import guardian_papers, guardian_remarks
from cases.outcome import checked, identity_paper, person_answers, person_subject
from cases.person import INSURANCES, insurance_of, person_options
from cases.places import ABROAD, ABROAD_CHOICE, SHANDONG, care_places, place_name, pool_area
from cases.promise import broken_promise, promise_rules
from cases.sections import AGENT, GUARDIAN, PERSON, PROMISE, REACH
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import SheetForm, read_sheet

RETIRED, LONG_TERM, POSTED, REFERRED, TRIP = 14, 15, 16, 17, 18
LASTING = {RETIRED, LONG_TERM, POSTED}
REASONS = {
    RETIRED: ("retired_resettled", _l("异地安置退休人员备案"), "02"),
    LONG_TERM: ("long_resident", _l("异地长期居住人员备案"), "07"),
    POSTED: ("posted_worker", _l("常驻异地工作人员备案"), "07"),
    REFERRED: ("referral", _l("异地转诊人员备案"), "06"),
    TRIP: ("other_trip", _l("其他跨省临时外出就医人员备案"), None),  # no national rloc_rea is known
}
PROOFS = {  # kind of paper, its name on a list, how a sentence says it
    RETIRED: ("household_book", _l("户口簿首页和本人页"), _l("户口簿首页和本人页")),
    LONG_TERM: ("residence_proof", _l("居住证等长期居住材料"), _l("居住证等材料")),
    POSTED: ("work_proof", _l("异地工作证明材料"), _l("派出证明、单位证明或劳动合同")),
}
ACTS = (("new", _l("新备案")), ("change", _l("变更")), ("cancel", _l("取消")))
ROUTES = (("paper", _l("交材料")), ("commitment", _l("没有材料，用承诺代替")))
TRIPS = (
    ("work", _l("临时工作")),
    ("travel", _l("旅游")),
    ("visit", _l("探亲")),
    ("own_choice", _l("自行外出就医")),
)
CONTRACT = _l("派出证明、单位证明、劳动合同，任选一种")


def only(*items: int) -> When:
    """Asked for these items."""
    return When("item", tuple(str(item) for item in items))


FILED = When("filing_act", ("new", "change"))  # a cancelling says only whose filing ends


class RemoteCare(Blocks):
    """One filing. Names are those of the national table out_appy_d where it has one."""

    emergency: Annotated[bool, Ask(_l("正在急诊抢救"), widget="tick", secrecy="sen")] = False
    paid_already: Annotated[bool, Ask(_l("已经出院并自己付清了"), widget="tick", secrecy="sen")] = False
    insutype: Annotated[
        str | None,
        Ask(_l("参加哪种医保"), widget="choice", options=INSURANCES, must=True, when=(When("offline", ("1",)),)),
    ] = None
    filing_act: Annotated[str | None, Ask(_l("要办什么"), widget="choice", options=ACTS, must=True)] = "new"
    reason: Annotated[
        str | None,
        Ask(
            _l("备案类型"),
            widget="choice",
            options=tuple((code, words) for code, words, _rea in REASONS.values()),
            wrong=_l("请选择备案类型"),
        ),
    ] = None
    rloc_admdvs: Annotated[
        str | None,
        Ask(
            _l("就医地"),
            _l("选到市一级，不用选医院"),
            widget="region",
            clean="number",
            pattern="[0-9]{6}([0-9]{3}){0,2}|ABROAD",
            must=True,
            when=(FILED,),
        ),
    ] = None
    in_hospital: Annotated[bool, Ask(_l("已经住院还没出院"), widget="tick", when=(FILED,), secrecy="sen")] = False
    admit_date: Annotated[
        date | None,
        Ask(_l("入院日期"), widget="date", must=True, when=(When("in_hospital", ("1",)),), secrecy="sen"),
    ] = None
    begndate: Annotated[date | None, Ask(_l("开始日期"), _l("一般填今天"), widget="date", must=True, when=(FILED,))] = (
        None
    )
    enddate: Annotated[
        date | None,
        Ask(_l("结束日期"), _l("长期的可以不填"), widget="date", when=(FILED, only(*LASTING))),
    ] = None
    live_since: Annotated[
        date | None, Ask(_l("居住开始日期"), widget="date", when=(FILED, only(RETIRED, LONG_TERM)))
    ] = None
    resout_addr: Annotated[str | None, Ask(_l("那里的地址"), must=True, when=(FILED, only(RETIRED, LONG_TERM)))] = None
    resd_loc_admdvs: Annotated[
        str | None,
        Ask(
            _l("户口所在地"),
            widget="region",
            clean="number",
            pattern="[0-9]{6}",
            must=True,
            when=(FILED, only(RETIRED)),
        ),
    ] = None
    retr_flag: Annotated[
        bool, Ask(_l("已退休"), widget="tick", when=(FILED, only(RETIRED), When("offline", ("1",))))
    ] = False
    hsreg_moved: Annotated[bool, Ask(_l("户口已迁过去"), widget="tick", when=(FILED, only(RETIRED)))] = False
    emp_name: Annotated[str | None, Ask(_l("派出单位"), must=True, when=(FILED, only(POSTED)))] = None
    posted_until: Annotated[date | None, Ask(_l("预计到哪天"), widget="date", when=(FILED, only(POSTED)))] = None
    trafout_fixmedins_name: Annotated[
        str | None,
        Ask(
            _l("转出医院"),
            must=True,
            missing=_l("请选择开转诊证明的医院"),
            when=(FILED, only(REFERRED)),
            secrecy="sen",
        ),
    ] = None
    refl_date: Annotated[
        date | None, Ask(_l("转诊日期"), widget="date", must=True, when=(FILED, only(REFERRED)), secrecy="sen")
    ] = None
    diag_name: Annotated[
        str | None, Ask(_l("诊断"), _l("可以不填，看证明"), when=(FILED, only(REFERRED)), secrecy="sen")
    ] = None
    trip_reason: Annotated[
        str | None, Ask(_l("外出原因"), widget="choice", options=TRIPS, must=True, when=(FILED, only(TRIP)))
    ] = None
    proof_route: Annotated[
        str | None,
        Ask(_l("材料怎么交"), _l("没有材料可以承诺"), widget="choice", options=ROUTES, when=(FILED, only(*LASTING))),
    ] = None

    @classmethod
    def facts(cls, said: dict[str, Any], about: About) -> dict[str, str]:
        promised = about.item_no in LASTING and said["proof_route"] == "commitment" and said["filing_act"] != "cancel"
        return block_facts(said, about, promised=promised)

    @classmethod
    def options(cls, name: str, about: About) -> tuple[tuple[str, Any], ...] | None:
        if name == "reason" and about:  # the item says which; the others are other items
            return (REASONS[about.item_no][:2],)
        return person_options(name)

    @classmethod
    def rules(cls, form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
        yield from block_rules(form, about)
        yield from _who_may(form, about)
        yield from _place(form, about)
        yield from _dates(form, about)
        yield from _proof(form, about)
        yield from _earlier_filing(form, about)
        yield from promise_rules(form, about)


def check(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    """What is wrong with a filing of this item, what to say of it, what to keep."""
    about = About(item_no, circumstances)
    form = read_sheet(RemoteCare, typed, about)
    insurance = insurance_of(form.said, about)
    reason, _words, national = REASONS[item_no]
    filed = form.said["filing_act"] != "cancel"
    starts, ends = form.said["begndate"], _ends_on(form.said, about)
    derived = person_answers(form, about) | {
        "reason": reason,
        "rloc_rea": national if filed else None,
        "enddate": ends,
        "insutype": insurance.insutype if insurance else None,
        "psn_type": (insurance.psn_type or None) if insurance else None,
    }
    place = form.said["rloc_admdvs"] or ""
    return checked(
        form,
        about,
        sections=REMOTE_CARE.sections,
        subject=person_subject(form, about),
        remarks=_remarks(form, about, ends),
        papers=_papers(form, about),
        derived=derived,
        live_key=f"remote:{place}" if circumstances.rules.multi_target and place else "remote",
        starts_on=starts,
        ends_on=ends,
    )


def _ends_on(said: dict[str, Any], about: About) -> date | None:
    """None: long-term. Only the lasting kinds let people say it themselves."""
    starts: date | None = said["begndate"]
    if starts is None:
        return None
    if about.item_no not in LASTING:
        return add_months(starts, about.at.rules.validity_months)
    ends: date | None = said["enddate"]
    months = about.at.rules.commitment_valid_months
    if about.item_no == LONG_TERM and said["proof_route"] == "commitment" and months:
        last = add_months(starts, months)
        return min(ends, last) if ends else last
    return ends


def _who_may(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """Which of the five kinds is this person's."""
    said, item = form.said, about.item_no
    insurance = insurance_of(said, about)
    if "certno" not in form.errors:
        yield from known_rules(about, insurance.status if insurance else None)
    if said["filing_act"] == "cancel" or not insurance:
        return
    if item == RETIRED and insurance.insutype == "390":
        yield "reason", _("居民医保参保人请选“异地长期居住人员备案”")
    elif item == RETIRED and not _retired(said, insurance.psn_type):
        asked = "retr_flag" if form.shown("retr_flag") else "reason"  # the province knows, or somebody has to say
        yield asked, _("还在工作的请选“常驻异地工作人员备案”或“异地长期居住人员备案”")
    elif item == RETIRED and not said["hsreg_moved"]:
        yield "hsreg_moved", _("户口没有迁过去的请选“异地长期居住人员备案”")
    if item == POSTED and (insurance.insutype == "390" or insurance.flexible):
        yield "reason", _("没有派出单位的请选“异地长期居住人员备案”")


def _retired(said: dict[str, Any], psn_type: str) -> bool:
    return psn_type.startswith("12") if psn_type else bool(said["retr_flag"])


def _place(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    code, insured = form.said["rloc_admdvs"], form.said["insu_admdvs"]
    if not code:
        return
    if code == ABROAD_CHOICE.upper() or code.startswith(ABROAD):
        yield "rloc_admdvs", _("港澳台和国外就医不能备案")
    elif code not in care_places() and place_name(code):
        yield "rloc_admdvs", _("就医地选到市就行，不用选县区或医院")
    elif code not in care_places():
        yield "rloc_admdvs", _("%(label)s没有这一种，请重新选", label=_("就医地"))
    elif insured and pool_area(code) == pool_area(insured):
        yield "rloc_admdvs", _("就医地不能就是参保地")


def _stays_home(said: dict[str, Any], about: About) -> bool:
    """Within Shandong nothing is filed, unless the city wants it; "cross-province" (item 18) never."""
    inside = bool(said["rloc_admdvs"]) and said["rloc_admdvs"].startswith(SHANDONG)  # home itself was refused before
    return inside and (about.item_no == TRIP or not about.at.rules.in_province_filing_required)


def _dates(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    said, today, rules = form.said, about.at.today, about.at.rules
    for name in ("admit_date", "live_since", "refl_date"):
        if said[name] and said[name] > today:
            yield name, _("%(label)s不能晚于今天", label=str(form.ask(name).label))
    start, latest = said["begndate"], today + timedelta(days=rules.future_start_days)
    if start and said["in_hospital"]:
        if said["admit_date"] and start < said["admit_date"]:
            yield "begndate", _("开始日期不能早于入院日期")
    elif start and start < today - timedelta(days=rules.back_date_days):
        yield "begndate", _("开始日期不能早于今天")
    elif start and said["refl_date"] and start < said["refl_date"]:
        yield "begndate", _("开始日期不能早于转诊日期")
    if start and start > latest:
        yield "begndate", _("开始日期最晚 %(day)s", day=latest.isoformat())
    start = said["begndate"]
    if start and said["enddate"] and said["enddate"] < start:
        yield "enddate", _("结束日期不能早于开始日期")
    if start and said["posted_until"] and said["posted_until"] < start:
        yield "posted_until", _("预计结束日期不能早于开始日期")


def _live(about: About) -> list[Live]:
    """The person's filings that hold today."""
    today = about.at.today
    return [
        one
        for one in about.at.live
        if one.item_no in REASONS and one.same_person and not (one.ends_on and one.ends_on < today)
    ]


def _earlier_filing(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """One filing at a time, unless the city allows several; a lasting one stays for half a year. What is not decided yet,
    at a desk or by the province, is mended or taken back there: a second filing about it would be decided apart from it,
    and could not name it to the province."""
    said, live = form.said, _live(about)
    several = about.at.rules.multi_target
    if said["filing_act"] == "new":
        for one in live:
            if one.item_no == about.item_no and one.place == said["rloc_admdvs"] and one.starts_on == said["begndate"]:
                yield "form", filed_already(about, one)
            elif one.under_way and (not several or one.place in {None, said["rloc_admdvs"]}):
                yield "filing_act", _under_way(one)
            elif not several or one.place == said["rloc_admdvs"]:
                yield (
                    "filing_act",
                    _("本人在%(place)s已有有效备案，请选“变更”或“取消”", place=place_name(one.place) or _("外地")),
                )
    elif said["filing_act"] and not live:
        if about.at.by_staff:  # at home nothing is looked up
            yield "filing_act", _("没有查到有效备案，不用变更或取消")
    elif said["filing_act"] and any(one.under_way for one in live):
        yield "filing_act", _under_way(next(one for one in live if one.under_way))
    elif said["filing_act"]:
        free = _free_on(about)
        if free and not _proof_here(about):
            yield (
                "filing_act",
                _("现有备案 %(day)s 起才能变更；确需提前的请交材料由县医保局核实", day=free.isoformat()),
            )


def _under_way(one: Live) -> str:
    return _("本人的备案还在办，回执号 %(ref)s；要改或不办了，请在那一件里办", ref=one.ref)


def _free_on(about: About) -> date | None:
    """From when the filing that holds may be changed, where that is still to come."""
    months = about.at.rules.min_change_months
    days = [add_months(one.starts_on, months) for one in _live(about) if one.item_no in LASTING and one.starts_on]
    return max((day for day in days if day > about.at.today), default=None)


def _proof_here(about: About) -> bool:
    kinds = {kind for kind, _name, _words in PROOFS.values()} | {"change_proof"}
    return bool(kinds & about.at.papers)


def _proof(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """Paper, or a promise where one may stand for it."""
    if form.said["filing_act"] == "cancel":
        return
    if about.item_no == REFERRED and form.typed.get("proof_route") == "commitment":
        yield "proof_route", _("转诊转院证明不能用承诺代替")
    if about.item_no not in LASTING or "proof_route" in form.errors:
        return
    kind, _name, words = PROOFS[about.item_no]
    until = broken_promise(about)
    if form.said["proof_route"] == "commitment":
        if until:
            yield (
                "proof_route",
                _("有承诺失信记录，%(day)s 前不能用承诺代替，请交%(papers)s", day=until.isoformat(), papers=str(words)),
            )
    elif form.said["proof_route"] is None or (about.at.station and kind not in about.at.papers):
        yield "proof_route", _("请交%(papers)s，或选择用承诺代替", papers=str(words))


def _papers(form: SheetForm[Any], about: About) -> Iterator[PaperNeed]:
    yield from identity_paper(form, about)
    act = form.typed.get("filing_act")  # as typed: it is wrong, and says nothing, until the paper is here
    if act in {"change", "cancel"} and _free_on(about):
        yield PaperNeed("change_proof", _("提前变更的材料"))
    if act != "cancel":
        if about.item_no in LASTING and form.said["proof_route"] != "commitment":
            kind, name, _words = PROOFS[about.item_no]
            yield PaperNeed(kind, str(name), instead=str(CONTRACT) if about.item_no == POSTED else "")
        known = about.at.known
        if about.item_no == REFERRED and not (known and known.referral_shown):
            yield PaperNeed("referral_proof", _("转诊转院证明"), by_later=True, due=about.at.supplement_day())
    if form.facts["guardian_needed"] == "1":
        yield from guardian_papers(form.said, about)


def _remarks(form: SheetForm[Any], about: About, ends: date | None) -> Iterator[Remark]:
    said, rules = form.said, about.at.rules
    if said["emergency"]:
        yield Remark(Level.EXIT, "emergency", _("急诊抢救视同已备案，不用办理，请直接持医保码或社保卡住院结算"))
    elif said["paid_already"]:
        yield Remark(Level.EXIT, "paid_already", _("已经出院结清的不用备案，请办“住院费用报销”"))
    elif _stays_home(said, about):
        yield Remark(
            Level.EXIT, "rloc_admdvs", _("山东省内就医一般不用备案，持医保码直接就医；有特殊规定的以参保地为准")
        )
    yield from admission_remarks(about)
    yield from guardian_remarks(form, about)
    if said["in_hospital"]:
        yield Remark(Level.INFO, "in_hospital", _("出院结算前备案成功的，医院应当直接结算"))
    oldest = about.at.today - timedelta(days=rules.inpatient_back_days)
    if said["admit_date"] and said["admit_date"] < oldest:
        yield Remark(Level.HANDUP, "admit_date", _("入院时间较早，由县医保局核实"))
    free = _free_on(about)
    if said["filing_act"] in {"change", "cancel"} and free:
        yield Remark(
            Level.HANDUP,
            "filing_act",
            _("现有备案 %(day)s 起才能变更；已交材料的由县医保局核实", day=free.isoformat()),
        )
    held = _live(about)
    if said["filing_act"] in {"change", "cancel"} and len(held) > 1:  # in a city that allows several: all of them end
        places = _("、").join(place_name(one.place) or _("外地") for one in held)
        yield Remark(Level.WARN, "filing_act", _("%(places)s的备案都会不再有效，请确认", places=places))
    if about.item_no == LONG_TERM and said["proof_route"] == "commitment" and rules.commitment_valid_months and ends:
        yield Remark(Level.INFO, "enddate", _("用承诺备案的有效到 %(day)s，到期前请补交材料", day=ends.isoformat()))
    yield Remark(Level.INFO, "form", _("报销比例可能和在本地不同，以参保地核定为准"))


REMOTE_CARE = Family(
    name="remote_care",
    items=frozenset(REASONS),
    version=1,
    shape=RemoteCare,
    check=check,
    sections=(
        (_l("先看要不要备案"), ("emergency", "paid_already")),
        (_l("谁要备案"), (*PERSON, "insutype", "insu_admdvs", *REACH, *GUARDIAN, *AGENT)),
        (
            _l("去哪里看病"),
            (
                "filing_act",
                "reason",
                "rloc_admdvs",
                "in_hospital",
                "admit_date",
                "begndate",
                "enddate",
                "live_since",
                "resout_addr",
                "resd_loc_admdvs",
                "retr_flag",
                "hsreg_moved",
                "emp_name",
                "posted_until",
                "trafout_fixmedins_name",
                "refl_date",
                "diag_name",
                "trip_reason",
            ),
        ),
        (_l("材料"), ("proof_route",)),
        (_l("确认"), PROMISE),
    ),
)
