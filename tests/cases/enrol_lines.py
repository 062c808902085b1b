"""The lines of items 1 and 2."""

from cases.circumstances import Known
from tests.cases.lines import (
    ALWAYS,
    CHEN,
    HELPERS_PHONE,
    LIU,
    VILLAGE,
    WANG,
    WORKER,
    ZHANG,
    ZHAO,
    Line,
    at,
    day,
    insured,
    live,
    replace,
)

AT_VILLAGE = replace(VILLAGE, item_mode="direct")
NEVER = Known()  # the province knows nobody of this number
E1 = (
    ALWAYS
    | LIU
    | {
        "mob": "15400000004",
        "enrol_kind": "first",
        "insu_year": "2027",
        "hsreg_local": "yes",
        "resd_loc_admdvs": "371302",
        "other_insurance": "none",
        "naty": "01",
    }
)
TO_PAY = ("info", "登记成功，还没缴费；请在 2026-12-31 前通过税务渠道缴 2027 年度费用")
LATE = ("info", "已过集中缴费期，缴费后可能有待遇等待期，以参保地核定为准")
OFFLINE = ("info", "省平台暂时连不上，已收下并会自动核对，结果以回执为准")
NO_GUARDIAN = {"grdn_name": "未满 18 周岁须由监护人办理，请填写监护人"}
EMPLOYED = {"other_insurance": "正在参加职工医保的不能同时参加居民医保；已离职的请先由单位办停保"}
IN_JINAN = {"other_insurance": "查到本人已在济南市参加居民医保，请先办停保或转移"}
FILED = {"form": "“城乡居民参保登记”已经提交过，回执号 K7M2-4Q9P，不用重复办理"}
GAVE_BACK = {"form": "本站没有承接“城乡居民参保登记”，请到能办的站点办理"}
HELPED = insured(special_status="低保")
TAIWANESE = {"certno": "830000198506150032"}
NEW_YEAR = {"today": day(20270101)}

N2 = {
    "insu_admdvs": "371302",
    "ident_by": "original",
    "notice_version": "1",
    "psn_name": "张小满",
    "birth_cert_no": "T379900017",
    "gend": "1",
    "brdy": "2026-11-05",
    "naty": "01",
    "insu_years": ["2026", "2027"],
    "grdn_name": "刘芳",
    "grdn_certno": "379801199211050044",
    "grdn_mob": "15400000004",
    "grdn_relation": "mother",
    "grdn_consent": "1",
    "commit_mark": "spoken",
}
BORN = {"papers": frozenset({"birth_certificate"}), "known": NEVER}
NOBODY = {
    "grdn_name": "",
    "grdn_certno": "",
    "grdn_mob": "",
    "grdn_relation": "",
    "grdn_consent": "",
    "commit_mark": "",
}
GRANDMOTHER = {
    "grdn_name": "王秀英",
    "grdn_certno": "379802196601090028",
    "grdn_relation": "grandparent",
    "grdn_basis": "village_or_civil_affairs",
}
IN_SEASON = ("info", "集中缴费期出生的孩子，缴 2027 年度费用后即可享受待遇")
WITHIN = ("info", "临沂市规定出生 90 天内登记并缴费的从出生之日起享受待遇，最晚 2026-11-23")
UNKNOWN_DAY = ("info", "待遇从哪天算起以参保地核定为准")
TWINS = ("warn", "这位监护人已为同日出生的孩子办过，请确认是双胞胎或多胞胎")
TWIN = live(2, ref="B4X8-7R3T", key="2", same_person=False, birth_day=day(20261105))
SAME_CHILD = live(2, ref="B4X8-7R3T", key="2", birth_day=day(20261105))
SECOND = N2 | {"psn_name": "张小暑", "birth_cert_no": "T379900025", "multi_birth_no": "2"}

LINES = [
    Line(
        "E1-01",
        1,
        E1,
        at(known=NEVER, station=AT_VILLAGE, by_role="helper"),
        says=(TO_PAY,),
        papers=("id",),
        answers={"insu_year": 2027, "enrol_kind": "first", "psn_type": "1501", "ident_by": "original"},
    ),
    Line(
        "E1-02",
        1,
        E1 | ZHANG | {"certno": "３７９８０１１９９００５１２００３ｘ"},
        at(),
        answers={"certno": "37980119900512003X", "gend": "1", "brdy": "1990-05-12"},
    ),
    Line(
        "E1-03",
        1,
        E1 | {"certno": "379801630715002"},
        at(),
        errors={"certno": "这是 15 位旧号，请填现在的 18 位身份证号"},
    ),
    Line("E1-04", 1, E1 | {"certno": "379801199211050045"}, at(), errors={"certno": "身份证号校验位不对，请逐位核对"}),
    Line(
        "E1-05",
        1,
        E1 | {"certno": "379801199902290012"},
        at(),
        errors={"certno": "身份证号里的出生日期不存在，请逐位核对"},
    ),
    Line("E1-06", 1, E1 | ZHAO, at(), errors=NO_GUARDIAN),
    Line("E1-07", 1, E1 | CHEN, at()),
    Line("E1-08", 1, E1 | ZHANG, at(known=WORKER), errors=EMPLOYED),
    Line("E1-08", 1, E1 | ZHANG | {"other_insurance": "active"}, at(known=NEVER), errors=EMPLOYED),
    Line("E1-09", 1, E1, at(known=insured(admdvs="370102")), errors=IN_JINAN),
    Line("E1-10", 1, E1 | {"insu_year": "2028"}, at(), errors={"insu_year": "2028 年度现在不能登记，可选 2026、2027"}),
    Line("E1-11", 1, E1 | {"enrol_kind": "resume"}, at(**NEW_YEAR), says=(LATE,)),
    Line("E1-11", 1, E1 | {"enrol_kind": "resume"}, at(today=day(20261231)), silent=(LATE[1],)),
    Line(
        "E1-12",
        1,
        E1 | {"enrol_kind": "resume", "sp_psn_type": "low_income"},
        at(**NEW_YEAR, known=HELPED),
        silent=(LATE[1],),
        papers=(),
    ),
    Line("E1-13", 1, E1 | TAIWANESE, at(), errors={"certno": "这是港澳台居民居住证号，请改选证件类型"}),
    Line("E1-13", 1, E1 | TAIWANESE | {"psn_cert_type": "17"}, at(), answers={"psn_cert_type": "17", "gend": "1"}),
    Line(
        "E1-14",
        1,
        E1 | {"hsreg_local": "no", "resd_loc_admdvs": "320100", "live_proof": "later"},
        at(),
        papers=("living_proof",),
        missing=("living_proof",),
        says=(("warn", "先受理，证明请在 2026-12-07 前补来"),),
    ),
    Line("E1-15", 1, E1, at(live=(live(1, ref="K7M2-4Q9P", key="1:2027"),)), errors=FILED),
    Line(
        "E1-16",
        1,
        E1 | {"mob": HELPERS_PHONE},
        at(),
        errors={"mob": "联系电话不能填帮办人的手机号；本人没有手机请勾选“没有手机”"},
    ),
    Line(
        "E1-17",
        1,
        E1 | WANG | {"mob": "", "no_phone": "1", "contact_name": "王小军", "contact_tel": "15400000001"},
        at(),
        answers={"contact_name": "王小军", "psn_type": "1601"},
        absent=("mob",),
    ),
    Line(
        "E1-18",
        1,
        E1 | WANG | {"dis_cert_no": "37980119900512003X11"},
        at(),
        errors={"dis_cert_no": "残疾证号前 18 位应和身份证号一样"},
    ),
    Line("E1-19", 1, E1, at(known=None, unreachable=True), says=(OFFLINE,)),
    Line("E1-20", 1, E1, at(station=replace(AT_VILLAGE, item_mode=None)), errors=GAVE_BACK),
    Line(
        "N2-01",
        2,
        N2,
        at(**BORN),
        says=(IN_SEASON,),
        silent=(UNKNOWN_DAY[1],),
        papers=("birth_certificate",),
        answers={"nwb_flag": "1", "insu_years": [2026, 2027]},
    ),
    Line("N2-02", 2, N2 | {"birth_cert_no": "t379900017 "}, at(**BORN), answers={"birth_cert_no": "T379900017"}),
    Line(
        "N2-03",
        2,
        N2 | {"birth_cert_no": "T37990001"},
        at(**BORN),
        errors={"birth_cert_no": "出生医学证明编号是 1 个字母加 9 位数字"},
    ),
    Line("N2-04", 2, N2 | NOBODY, at(**BORN), errors=NO_GUARDIAN),
    Line(
        "N2-05",
        2,
        N2 | {"grdn_consent": ""},
        at(**BORN),
        errors={"grdn_consent": "请监护人同意处理孩子的个人信息后再提交"},
    ),
    Line("N2-06", 2, N2 | {"brdy": "2026-11-23"}, at(**BORN)),
    Line("N2-07", 2, N2 | {"brdy": "2026-11-24"}, at(**BORN), errors={"brdy": "出生日期不能晚于今天"}),
    Line("N2-08", 2, N2 | {"brdy": "2025-11-24"}, at(**BORN)),
    Line(
        "N2-09", 2, N2 | {"brdy": "2025-11-23"}, at(**BORN), errors={"brdy": "孩子已满 1 周岁，请办“城乡居民参保登记”"}
    ),
    Line("N2-10", 2, N2 | {"brdy": "2026-08-25"}, at(**BORN, rules={"newborn_window_days": 90}), says=(WITHIN,)),
    Line(
        "N2-11",
        2,
        N2 | {"brdy": "2026-08-24"},
        at(**BORN, rules={"newborn_window_days": 90}),
        says=(UNKNOWN_DAY,),
        silent=(WITHIN[1],),
    ),
    Line("N2-12", 2, SECOND, at(**BORN, live=(TWIN,)), says=(TWINS,), answers={"multi_birth_no": 2}),
    Line("N2-12", 2, SECOND, at(**BORN, live=(TWIN,), confirmed=frozenset({"birth_cert_no"})), silent=(TWINS[1],)),
    Line(
        "N2-13",
        2,
        N2,
        at(**BORN, live=(SAME_CHILD,)),
        errors={"form": "“城乡居民参保登记（新生儿）”已经提交过，回执号 B4X8-7R3T，不用重复办理"},
    ),
    Line(
        "N2-14",
        2,
        N2 | {"certno": "379802202611060015"},
        at(**BORN),
        errors={"certno": "孩子的身份证号和出生日期对不上"},
    ),
    Line("N2-15", 2, N2 | {"insu_years": [2025]}, at(**BORN), errors={"insu_years": "孩子 2025 年还没出生，不能选"}),
    Line(
        "N2-16",
        2,
        N2 | GRANDMOTHER,
        at(**BORN),
        papers=("birth_certificate", "guardianship_proof"),
        missing=("guardianship_proof",),
        says=(("info", "不是父母的监护人，请交监护关系材料"), ("info", "还缺监护关系材料，请在 2026-12-07 前补来")),
    ),
    Line(
        "N2-17",
        2,
        N2 | {"grdn_certno": "379802200905010022"},
        at(**BORN),
        says=(("handup", "监护人未满 18 周岁，请再请一位成年监护人或交县医保局办理"),),
    ),
    Line("N2-18", 2, N2, at(**BORN, station=VILLAGE, by_role="helper"), answers={"grdn_mob": "15400000004"}),
]
ELSEWHERE = {"N2-19": "whether an operation was done already only the database knows"}
