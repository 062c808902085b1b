"""The lines of the common blocks. The bank block is tried on a form of its own (item 0): no form of today pays money."""

from typing import Any

from cases.bank import BankAccount, bank_remarks, bank_rules
from cases.circumstances import About, Circumstances
from cases.filing import Checked
from cases.person import Person, person_facts, person_rules
from common.sheets import read_sheet
from tests.cases.enrol_lines import E1, NEVER
from tests.cases.lines import AGENT, BOY, DIVISIONS, GUARDIAN, VILLAGE, WANG, ZHAO, Line, at, insured
from tests.cases.remote_care_lines import R18


class Payment(Person, BankAccount):
    """Who, and where their money goes."""

    @classmethod
    def facts(cls, said: dict[str, Any], about: About) -> dict[str, str]:
        return person_facts(said, about)

    @classmethod
    def rules(cls, form, about):
        yield from person_rules(form, about)
        yield from bank_rules(form, form.said["psn_name"], frozenset({"6200000000000000018"}))


def check_payment(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    about = About(item_no, circumstances)
    form = read_sheet(Payment, typed, about)
    return Checked(form, tuple(bank_remarks(form, about)), {k: v for k, v in form.said.items() if v is not None})


PAY = WANG | {"ident_by": "original", "pay_to": "bank_card", "acctname": "王玉兰", "bankcode": "某银行"}


def account(number, again=None, to="bank_card"):
    """Where the money goes."""
    return PAY | {"pay_to": to, "bankacct": number, "bankacct_again": again or number}


def person(certno, kind="01", **more):
    """An enrolment with this number."""
    return E1 | {"psn_cert_type": kind, "certno": certno} | more


def x(case, typed, *, item=1, then=None, given=None, **expected):
    """One line: an enrolment unless said otherwise."""
    return Line(case, item, typed, given or at(known=insured()), errors=then or {}, **expected)


NO_SUCH_DAY = {"certno": "身份证号里的出生日期不存在，请逐位核对"}
ASKED = {"gend": "1", "brdy": "1990-01-01"}
NO_CONTACT = {"contact_name": "没有手机的请留一位联系人的姓名和电话"}
BY_AGENT = R18 | AGENT

MERGED = at(
    divisions=DIVISIONS | {"371302102": "银雀山街道", "371302101": "金雀山街道"},
    merged={"371302102": "371302101", "371311": "371302"},
)
LINES = [
    x("X-01", person("379801200002290020"), answers={"brdy": "2000-02-29", "gend": "2"}),
    x("X-02", person("379801190002290016"), then=NO_SUCH_DAY),
    x("X-03", person("379801202402300012"), then=NO_SUCH_DAY),
    x("X-04", person("37980120261124001X"), then={"certno": "身份证号里的出生日期还没到，请逐位核对"}),
    x("X-05", person("379801202611230014"), then={"grdn_name": "未满 18 周岁须由监护人办理，请填写监护人"}),
    x("X-05", person("379801202611230014") | GUARDIAN),
    x("X-06", person("379801189511240019")),
    x("X-07", person("379801189511230013"), then={"certno": "身份证号里的出生日期太早，请逐位核对"}),
    x("X-08", person("37980119921105004"), then={"certno": "身份证号应为 18 位"}),
    x("X-09", person("37980119921105O044"), then={"certno": "身份证号只能是数字，末位可以是 X"}),
    x("X-10", person("810000199904080018", "17"), answers={"psn_cert_type": "17", "brdy": "1999-04-08"}),
    x("X-11", person("820000200010120023", "17"), then={"certno": "居住证号校验位不对，请逐位核对"}),
    x("X-12", person("379801199211050044", "17"), then={"certno": "居住证号应以 810000、820000 或 830000 开头"}),
    x("X-13", person("93739219850615001X"), then={"certno": "这是外国人永久居留身份证号，请改选证件类型"}),
    x("X-14", person("937840199001010025", "07", nat_regn_code="USA"), answers={"brdy": "1990-01-01"}),
    x(
        "X-15",
        person("937840199001010026", "07", nat_regn_code="USA"),
        then={"certno": "永久居留证号校验位不对，请逐位核对"},
    ),
    x("X-16", person("ABC379801199001", "07", nat_regn_code="JPN", **ASKED), answers=ASKED),
    x(
        "X-16",
        person("ABC379801199001", "07", nat_regn_code="JPN"),
        then={"gend": "请选择性别", "brdy": "请填写出生日期"},
    ),
    x(
        "X-17",
        person("9378401990010100", "07", nat_regn_code="USA"),
        then={"certno": "永久居留证号应为 18 位，旧证为 3 个字母加 12 位数字"},
    ),
    x("X-18", person("m99999992", "permit", **ASKED), answers={"certno": "M99999992", "psn_cert_type": "05"}),
    x("X-19", person("H0900001", "permit", **ASKED), then={"certno": "通行证号是 H 或 M 加 8 位数字"}),
    x("X-20", person("0090001", "06", **ASKED), then={"certno": "台胞证号应为 8 位数字"}),
    x("X-21", person("X0000001", "08", **ASKED), then={"nat_regn_code": "请选择国籍"}),
    x("X-22", person("12345678", "16", **ASKED), then={"certno": "中国护照号应为 9 位，以字母开头"}),
    x(
        "X-23",
        person("91A00001", "91", **ASKED),
        given=at(station=VILLAGE),
        then={"psn_cert_type": "这种证件请到镇街或县医保窗口办理"},
    ),
    x("X-23", person("91A00001", "91", **ASKED), answers={"psn_cert_type": "91"}),
    x("X-24", E1 | {"psn_name": "测试•买买提"}, answers={"psn_name": "测试·买买提"}),
    x("X-25", E1 | {"psn_name": "王"}, then={"psn_name": "姓名至少 2 个字"}),
    x("X-26", E1 | {"psn_name": "王玉兰1"}, then={"psn_name": "姓名里有不能用的字符，请改一下"}),
    x("X-27", E1 | {"mob": "12900000001"}, then={"mob": "手机号应为 11 位，请逐位核对"}),
    x(
        "X-28",
        E1 | {"no_phone": "1", "contact_name": "王小军", "contact_tel": "1234567"},
        then={"contact_tel": "固定电话请带区号，例如 0539-1234567"},
    ),
    x("X-29", E1 | {"no_phone": "1"}, then=NO_CONTACT),
    x(
        "X-30",
        E1 | BOY | GUARDIAN | {"grdn_certno": BOY["certno"]},
        then={"grdn_certno": "监护人和被监护人不能是同一个证件号"},
    ),
    x("X-31", BY_AGENT | {"agnter_certno": R18["certno"]}, item=18, then={"agnter_certno": "代办人不能是参保人本人"}),
    x("X-32", BY_AGENT | {"agnter_certno": ZHAO["certno"]}, item=18, then={"agnter_certno": "代办人须年满 18 周岁"}),
    x(
        "X-33",
        BY_AGENT | {"auth_from": "2026-12-01", "auth_to": "2026-11-30"},
        item=18,
        then={"auth_from": "授权开始日期不能晚于结束日期"},
    ),
    x("X-34", BY_AGENT | {"auth_from": "2026-11-23", "auth_to": "2027-11-23"}, item=18),
    x(
        "X-35",
        BY_AGENT | {"auth_from": "2026-11-23", "auth_to": "2027-11-24"},
        item=18,
        then={"auth_to": "授权期限最长 1 年"},
    ),
    x(  # through the database: test_taken_back.py
        "X-36",
        BY_AGENT,
        item=18,
        given=at(authorisation_revoked=True),
        then={
            "form": "授权已撤销，不能继续代办",
            "auth_kind": "本人又愿意的，请本人重新签字，或拍新写的委托书",
        },
    ),
    x(
        "X-37",
        BY_AGENT | {"auth_kind": ""},
        item=18,
        then={"auth_kind": "请补一份授权依据：签字、书面照片或视频口头授权，任选一种"},
    ),
    x(
        "X-37",
        BY_AGENT | {"auth_kind": "written_photo"},
        item=18,
        then={"auth_kind": "请补一份授权依据：签字、书面照片或视频口头授权，任选一种"},
    ),
    x("X-37", BY_AGENT | {"auth_kind": "written_photo"}, item=18, given=at(papers=frozenset({"authorisation_photo"}))),
    x("X-38", account("6200000000000013"), item=0),
    x("X-39", account("620000000000001"), item=0, then={"bankacct": "银行卡号应为 16 至 19 位数字"}),
    x("X-40", account("1234567", to="passbook"), item=0, then={"bankacct": "存折账号应为 8 至 32 位数字"}),
    x(
        "X-41",
        account("6200000000000000125", "6200000000000023457"),
        item=0,
        then={"bankacct_again": "两次输入的账号不一样，请核对"},
    ),
    x("X-42", WANG | {"ident_by": "original", "pay_to": "linked_account"}, item=0, absent=("bankacct",)),
    x("X-43", E1 | {"notice_version": ""}, then={"notice_version": "请先阅读个人信息告知"}),
    x("X-44", E1),
    x(
        "X-45",
        R18,
        item=18,
        given=at(known=insured(died=True)),
        says=(("handup", "查到本人登记为已故，请交县医保局核实"),),
    ),
    x("X-46", E1 | {"live_division": "371300"}, then={"live_division": "请选择到县（市、区）"}),
    x("X-47", E1 | {"live_division": "371202"}, then={"live_division": "莱城区已并入莱芜区，请重新选择"}),
    *(
        x("X-47", E1 | {name: code}, given=MERGED, then={name: f"{old}已并入{new}，请重新选择"})
        for name, code, old, new in (
            ("live_division", "371302102", "银雀山街道", "金雀山街道"),
            ("live_division", "371302102001", "银雀山街道", "金雀山街道"),
            ("live_division", "371311001", "罗庄区", "兰山区"),
            ("insu_admdvs", "371311", "罗庄区", "兰山区"),
            ("insu_admdvs", "371202", "莱城区", "莱芜区"),
        )
    ),
    x(
        "X-48",
        E1 | {"insu_admdvs": "370102"},
        given=at(known=NEVER),
        then={"insu_admdvs": "本站只能办临沂市的参保业务，请改选参保地或换站点"},
    ),
]
ELSEWHERE: dict[str, str] = {}
