"""The lines of items 14 to 18."""

from tests.cases.lines import (
    AGENT,
    ALWAYS,
    BOY,
    GUARDIAN,
    LI,
    LIU,
    PROMISE,
    RESIDENT,
    RETIREE,
    SUN,
    TOWN,
    VILLAGE,
    WANG,
    WORKER,
    ZHAO,
    Line,
    at,
    day,
    insured,
    live,
    replace,
)

FROM_TODAY = {"begndate": "2026-11-23", "filing_act": "new"}
R14 = (
    ALWAYS
    | LI
    | FROM_TODAY
    | {
        "mob": "15400000002",
        "rloc_admdvs": "310000",
        "resd_loc_admdvs": "310000",
        "hsreg_moved": "1",
        "resout_addr": "上海市某路 1 号",
        "proof_route": "paper",
    }
)
R15 = (
    ALWAYS
    | WANG
    | FROM_TODAY
    | {
        "no_phone": "1",
        "contact_name": "王小军",
        "contact_tel": "15400000001",
        "rloc_admdvs": "320100",
        "live_since": "2025-03-01",
        "resout_addr": "南京市某路 1 号",
        "proof_route": "paper",
    }
)
R16 = (
    ALWAYS
    | SUN
    | FROM_TODAY
    | {
        "mob": "15400000006",
        "rloc_admdvs": "610100",
        "emp_name": "某建筑公司",
        "proof_route": "paper",
    }
)
R17 = (
    ALWAYS
    | WANG
    | FROM_TODAY
    | {
        "mob": "15400000001",
        "rloc_admdvs": "110000",
        "trafout_fixmedins_name": "某县人民医院",
        "refl_date": "2026-11-22",
    }
)
R18 = (
    ALWAYS
    | LIU
    | {
        "filing_act": "new",
        "mob": "15400000004",
        "rloc_admdvs": "350200",
        "begndate": "2026-12-01",
        "trip_reason": "visit",
    }
)
RETIRED = {"known": RETIREE, "papers": frozenset({"household_book"})}
HOME = {"papers": frozenset({"residence_proof"})}
POSTED = {"known": WORKER, "papers": frozenset({"work_proof"})}
REFERRED = {"papers": frozenset({"referral_proof"})}
BARE = {"papers": frozenset()}

IN_SHANDONG = ("exit", "山东省内就医一般不用备案，持医保码直接就医；有特殊规定的以参保地为准")
EMERGENCY = ("exit", "急诊抢救视同已备案，不用办理，请直接持医保码或社保卡住院结算")
PAID = ("exit", "已经出院结清的不用备案，请办“住院费用报销”")
NO_NUMBER = ("info", "报销比例可能和在本地不同，以参保地核定为准")
IN_HOSPITAL = ("info", "出院结算前备案成功的，医院应当直接结算")
ABROAD = {"rloc_admdvs": "港澳台和国外就医不能备案"}
TO_THE_CITY = {"rloc_admdvs": "就医地选到市就行，不用选县区或医院"}
TOO_LATE = {"begndate": "开始日期最晚 2027-02-21"}
NOT_BY_HELPER = {"commit_by": "承诺须由本人或监护人确认，帮办人不能代替勾选"}
TO_LONG_TERM = {"reason": "没有派出单位的请选“异地长期居住人员备案”"}
NEW_BREACH = insured("310", "12", breach_on=day(20241124))
OLD_BREACH = insured("310", "12", breach_on=day(20241123))

LINES = [
    Line(
        "R14-01",
        14,
        R14,
        at(**RETIRED),
        papers=("household_book",),
        ends=None,
        says=(NO_NUMBER,),
        answers={"rloc_admdvs": "310000", "begndate": "2026-11-23", "rloc_rea": "02", "reason": "retired_resettled"},
    ),
    Line("R14-02", 14, R14 | PROMISE, at(**RETIRED | BARE), papers=(), answers={"promise": True}),
    Line(
        "R14-03",
        14,
        R14 | PROMISE | {"commit_by": "helper"},
        at(**RETIRED | {"station": VILLAGE, "by_role": "helper"}),
        errors=NOT_BY_HELPER,
    ),
    Line(
        "R14-03",
        14,
        R14 | PROMISE | {"commit_mark": ""},
        at(**RETIRED | {"station": VILLAGE, "by_role": "helper"}),
        errors={"commit_mark": "承诺须由本人或监护人确认，帮办人不能代替勾选"},
    ),
    Line(
        "R14-04",
        14,
        R14 | WANG,
        at(**RETIRED | {"known": RESIDENT}),
        errors={"reason": "居民医保参保人请选“异地长期居住人员备案”"},
    ),
    Line("R14-05", 14, R14 | {"rloc_admdvs": "371300"}, at(**RETIRED), errors={"rloc_admdvs": "就医地不能就是参保地"}),
    Line("R14-06", 14, R14 | {"rloc_admdvs": "370100"}, at(**RETIRED), says=(IN_SHANDONG,)),
    Line("R14-07", 14, R14 | {"rloc_admdvs": "310115"}, at(**RETIRED), errors=TO_THE_CITY),
    Line("R14-08", 14, R14 | {"begndate": "2026-11-22"}, at(**RETIRED), errors={"begndate": "开始日期不能早于今天"}),
    Line("R14-09", 14, R14 | {"begndate": "2027-02-21"}, at(**RETIRED)),
    Line("R14-10", 14, R14 | {"begndate": "2027-02-22"}, at(**RETIRED), errors=TOO_LATE),
    Line(
        "R14-11",
        14,
        R14,
        at(**RETIRED | {"known": WORKER}),
        errors={"reason": "还在工作的请选“常驻异地工作人员备案”或“异地长期居住人员备案”"},
    ),
    Line("R14-12", 14, R14 | {"filing_act": "change"}, at(**RETIRED, live=(live(14, "110000", 20260523),))),
    Line(
        "R14-13",
        14,
        R14 | PROMISE | {"filing_act": "change"},
        at(**RETIRED | BARE, live=(live(14, "110000", 20260524),)),
        papers=("change_proof",),
        errors={"filing_act": "现有备案 2026-11-24 起才能变更；确需提前的请交材料由县医保局核实"},
    ),
    Line(
        "R14-14",
        14,
        R14,
        at(**RETIRED, live=(live(14, "110000", 20260101),)),
        errors={"filing_act": "本人在北京市已有有效备案，请选“变更”或“取消”"},
    ),
    Line(
        "R14-15",
        14,
        R14 | PROMISE,
        at(**RETIRED | BARE | {"known": NEW_BREACH}),
        errors={"proof_route": "有承诺失信记录，2026-11-24 前不能用承诺代替，请交户口簿首页和本人页"},
    ),
    Line("R14-15", 14, R14 | PROMISE, at(**RETIRED | BARE | {"known": OLD_BREACH})),
    Line(
        "R15-01",
        15,
        R15,
        at(**HOME, station=VILLAGE, by_role="helper", channel="assisted"),
        papers=("residence_proof",),
        answers={"contact_tel": "15400000001", "live_since": "2025-03-01"},
        absent=("mob",),
    ),
    Line("R15-02", 15, R15 | PROMISE, at(), papers=()),
    Line("R15-03", 15, R15 | {"proof_route": ""}, at(), errors={"proof_route": "请交居住证等材料，或选择用承诺代替"}),
    Line("R15-03", 15, R15, at(), errors={"proof_route": "请交居住证等材料，或选择用承诺代替"}),
    Line(
        "R15-04", 15, R15 | {"live_since": "2026-11-24"}, at(**HOME), errors={"live_since": "居住开始日期不能晚于今天"}
    ),
    Line(
        "R15-05",
        15,
        R15 | {"in_hospital": "1", "admit_date": "2026-11-20", "begndate": "2026-11-20"},
        at(**HOME),
        says=(IN_HOSPITAL,),
    ),
    Line(
        "R15-06",
        15,
        R15 | {"in_hospital": "1", "admit_date": "2026-05-26", "begndate": "2026-05-26"},
        at(**HOME),
        says=(("handup", "入院时间较早，由县医保局核实"),),
    ),
    Line(
        "R15-06",
        15,
        R15 | {"in_hospital": "1", "admit_date": "2026-05-27", "begndate": "2026-05-27"},
        at(**HOME),
        silent=("入院时间较早，由县医保局核实",),
    ),
    Line("R15-07", 15, R15 | {"paid_already": "1"}, at(), says=(PAID,)),
    Line("R15-08", 15, R15 | BOY | GUARDIAN, at(**HOME), answers={"grdn_consent": True}),
    Line(
        "R15-09",
        15,
        R15 | AGENT | {"auth_items": ["1"]},
        at(**HOME),
        errors={"auth_items": "授权不包含“异地长期居住人员备案”，请重新授权"},
    ),
    Line(
        "R15-10",
        15,
        R15 | AGENT | {"auth_from": "2026-11-01", "auth_to": "2026-11-22"},
        at(**HOME),
        errors={"auth_to": "授权已于 2026-11-22 到期，请重新授权"},
    ),
    Line("R15-11", 15, R15 | {"rloc_admdvs": "810000"}, at(**HOME), errors=ABROAD),
    Line("R15-12", 15, R15 | {"rloc_admdvs": "500000"}, at(**HOME)),
    Line(
        "R15-13",
        15,
        R15,
        at(**HOME, known=insured(status="2")),
        errors={"form": "查到本人目前没有正常参保，请先办参保或补缴"},
    ),
    Line(
        "R15-14",
        15,
        R15 | {"filing_act": "cancel"},
        at(live=(live(15, "320100", 20260823),)),
        papers=("change_proof",),
        errors={"filing_act": "现有备案 2027-02-23 起才能变更；确需提前的请交材料由县医保局核实"},
    ),
    Line(
        "R15-14",
        15,
        R15 | {"filing_act": "cancel"},
        at(live=(live(15, "320100", 20260823),), papers=frozenset({"change_proof"})),
        papers=("change_proof",),
        says=(("handup", "现有备案 2027-02-23 起才能变更；已交材料的由县医保局核实"),),
    ),
    Line(
        "R15-15",
        15,
        R15 | PROMISE,
        at(rules={"commitment_valid_months": 6}),
        ends=day(20270523),
        answers={"enddate": "2027-05-23"},
        says=(("info", "用承诺备案的有效到 2027-05-23，到期前请补交材料"),),
    ),
    Line("R16-01", 16, R16, at(**POSTED), papers=("work_proof",), answers={"emp_name": "某建筑公司"}),
    Line("R16-02", 16, R16, at(**POSTED), papers=("work_proof",)),
    Line("R16-03", 16, R16 | PROMISE, at(**POSTED | BARE), papers=()),
    Line("R16-04", 16, R16 | {"emp_name": ""}, at(**POSTED), errors={"emp_name": "请填写派出单位"}),
    Line("R16-05", 16, R16, at(**POSTED | {"known": RESIDENT}), errors=TO_LONG_TERM),
    Line("R16-06", 16, R16, at(**POSTED | {"known": insured("310", "11", flexible=True)}), errors=TO_LONG_TERM),
    Line(
        "R16-07",
        16,
        R16 | {"posted_until": "2026-11-22"},
        at(**POSTED),
        errors={"posted_until": "预计结束日期不能早于开始日期"},
    ),
    Line("R16-08", 16, R16 | {"posted_until": "2026-11-23"}, at(**POSTED)),
    Line(
        "R16-09",
        16,
        R16,
        at(**POSTED, channel="door_to_door", station=replace(TOWN, channels=TOWN.channels - {"door_to_door"})),
        errors={"form": "“常驻异地工作人员备案”不支持上门办，请换一种办理方式"},
    ),
    Line(
        "R16-10",
        16,
        R16 | {"filing_act": "change", "rloc_admdvs": "500000"},
        at(**POSTED, live=(live(16, "610100", 20260801),)),
        says=(("handup", "现有备案 2027-02-01 起才能变更；已交材料的由县医保局核实"),),
    ),
    Line("R16-11", 16, R16 | {"enddate": "2026-11-20"}, at(**POSTED), errors={"enddate": "结束日期不能早于开始日期"}),
    Line("R17-01", 17, R17, at(**REFERRED), ends=day(20270523), answers={"enddate": "2027-05-23"}),
    Line("R17-02", 17, R17, at(known=insured(referral_shown=True)), papers=()),
    Line(
        "R17-03",
        17,
        R17,
        at(),
        papers=("referral_proof",),
        missing=("referral_proof",),
        says=(("info", "还缺转诊转院证明，请在 2026-12-07 前补来"),),
    ),
    Line(
        "R17-04",
        17,
        R17 | {"proof_route": "commitment"},
        at(**REFERRED),
        errors={"proof_route": "转诊转院证明不能用承诺代替"},
    ),
    Line("R17-05", 17, R17 | {"refl_date": "2026-11-24"}, at(**REFERRED), errors={"refl_date": "转诊日期不能晚于今天"}),
    Line("R17-06", 17, R17 | {"refl_date": "2026-11-23"}, at(**REFERRED)),
    Line(
        "R17-07",
        17,
        R17 | {"begndate": "2026-11-21"},
        at(**REFERRED, rules={"back_date_days": 3}),
        errors={"begndate": "开始日期不能早于转诊日期"},
    ),
    Line(
        "R17-08",
        17,
        R17 | {"trafout_fixmedins_name": ""},
        at(**REFERRED),
        errors={"trafout_fixmedins_name": "请选择开转诊证明的医院"},
    ),
    Line("R17-09", 17, R17, at(**REFERRED, station=VILLAGE, by_role="helper")),
    Line(
        "R17-10",
        17,
        R17 | {"in_hospital": "1", "admit_date": "2026-08-31", "begndate": "2026-08-31"},
        at(**REFERRED),
        ends=day(20270228),
        says=(IN_HOSPITAL,),
    ),
    Line(
        "R17-11",
        17,
        R17,
        at(**REFERRED, channel="self_service", station=replace(TOWN, channels=TOWN.channels - {"self_service"})),
        errors={"form": "“异地转诊人员备案”不支持自助办，请换一种办理方式"},
    ),
    Line("R17-12", 17, R17 | {"rloc_admdvs": "370200"}, at(**REFERRED), says=(IN_SHANDONG,)),
    Line(
        "R17-13",
        17,
        R17,
        at(**REFERRED, live=(live(18, "310000", 20260901, 20270301),)),
        errors={"filing_act": "本人在上海市已有有效备案，请选“变更”或“取消”"},
    ),
    Line("R17-13", 17, R17 | {"filing_act": "change"}, at(**REFERRED, live=(live(18, "310000", 20260901, 20270301),))),
    Line("R18-01", 18, R18, at(), ends=day(20270601), papers=(), absent=("promise", "proof_route")),
    Line("R18-02", 18, R18 | {"ident_by": "e_code"}, at(), papers=()),
    Line("R18-03", 18, R18 | {"emergency": "1"}, at(), says=(EMERGENCY,)),
    Line("R18-03", 18, {"emergency": "1"}, at(), says=(EMERGENCY,)),
    Line(
        "R18-04",
        18,
        R18 | {"rloc_admdvs": "370600"},
        at(rules={"in_province_filing_required": True}),
        says=(IN_SHANDONG,),
    ),
    Line("R18-05", 18, R18 | {"paid_already": "1"}, at(), says=(PAID,)),
    Line(
        "R18-06",
        18,
        R18 | {"in_hospital": "1", "admit_date": "2026-11-22", "begndate": "2026-11-22"},
        at(),
        says=(IN_HOSPITAL,),
    ),
    Line("R18-07", 18, R18 | {"rloc_admdvs": "350203"}, at(), errors=TO_THE_CITY),
    Line("R18-08", 18, R18 | {"begndate": "2027-02-22"}, at(), errors=TOO_LATE),
    Line("R18-09", 18, R18 | {"trip_reason": ""}, at(), errors={"trip_reason": "请选择外出原因"}),
    Line("R18-10", 18, R18 | ZHAO, at(), errors={"grdn_name": "未满 18 周岁须由监护人办理，请填写监护人"}),
    Line("R18-11", 18, R18 | {"rloc_admdvs": "abroad"}, at(), errors=ABROAD),
    Line("R18-12", 18, R18 | {"filing_act": "cancel"}, at(live=(live(18, "350200", 20261121, 20270521),)), ends=None),
    Line("R18-13", 18, R18, at(), says=(NO_NUMBER,)),
]
ELSEWHERE = {
    "R16-12": "the province's answer is the case's story, not the form's",
    "R16-13": "only the saving transaction knows of two editors",
}
