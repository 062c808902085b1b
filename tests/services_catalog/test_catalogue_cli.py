"""flask catalogue …: what an operator sees, and that nothing is kept when something is wrong."""

from datetime import date

import pytest
from click.testing import Result

from services_catalog import queries, shipped
from services_catalog.cli import catalogue_cli

LIST = shipped.file("catalogue.csv").decode()


@pytest.fixture
def run(app):
    """run("versions") → the result of `flask catalogue versions`."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["catalogue", *map(str, words)])


@pytest.fixture
def new_list(tmp_path):
    """new_list(("old", "new"), …) writes the shipped list with words replaced."""

    def write(*pairs, encoding="utf-8"):
        text = LIST
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "list.csv"
        file.write_bytes(text.encode(encoding))
        return file

    return write


def fails(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


def test_a_list_is_brought_in_and_shown_among_the_versions(run, new_list):
    result = run("import", new_list(encoding="gbk"), "--source", "省局 2026", "--effective-on", "2026-01-01")
    assert result.exit_code == 0
    assert "新增 45，去掉 0，改动 0 处。\n第 1 版，2026-01-01 起用。" in result.output
    assert run("versions").output == "第 1 版  2026-01-01  33 项  省局 2026  现行\n"


def test_without_a_date_it_is_in_force_today(run, new_list, read):
    run("import", new_list(), "--source", "省局")
    assert read(queries.catalogue).effective_on == date(2026, 11, 23)


def test_a_dry_run_shows_the_diff_and_keeps_nothing(loaded, run, new_list, read):
    changed = new_list(("备案成功，有效期按参保地规定（原则上不少于6个月）", "备案成功"))
    result = run("import", changed, "--source", "省局", "--dry-run")
    assert "改动 17 result：备案成功，有效期按参保地规定（原则上不少于6个月） → 备案成功" in result.output
    assert "第 2 版，2026-11-23 起用。（试运行，什么都没有改）" in result.output
    assert read(queries.catalogue).number == 1


def test_a_new_name_for_a_number_and_a_number_that_goes_are_said_loudly(loaded, run, new_list):
    line = next(line for line in LIST.splitlines() if line.startswith("12,") and ",33," in line)
    result = run(
        "import", new_list(("其他跨省临时外出就医人员备案", "别的备案"), (line + "\n", "")), "--source", "省局"
    )
    assert "注意：编号 18 换了事项：其他跨省临时外出就医人员备案 → 别的备案。站点按编号承办" in result.stderr
    assert "注意：编号 33 不再列出。站点原来选的编号还留着" in result.stderr


def test_a_plan_that_will_never_begin_is_named(loaded, run, new_list):
    run("import", new_list(("医保码激活成功", "激活成功")), "--source", "甲", "--effective-on", "2027-01-01")
    result = run("import", new_list(("医保码激活成功", "激活好了")), "--source", "乙")
    assert "注意：第 2 版原定以后起用，会被这一版盖住" in result.stderr


def test_the_same_list_again_makes_no_version(loaded, run, new_list):
    assert run("import", new_list(), "--source", "省局").output == "和现行清单一样，没有新建版本。\n"


def test_a_wrong_list_is_refused_with_its_lines_and_nothing_is_kept(loaded, run, new_list, read):
    said = fails(
        run(
            "import", new_list(("direct,direct,window;assisted;self", "dirct,x,window;assisted;self")), "--source", "省"
        )
    )
    assert "list.csv\n第 8 行：village_mode：“dirct”没有这一种" not in said  # line 8 has door-to-door
    assert "village_mode：“dirct”没有这一种，只能写 direct / assist / consult / none。 town_mode：“x”没有这一种" in said
    assert read(queries.catalogue).number == 1


def test_a_spreadsheet_is_not_a_csv(run, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(b"PK\x03\x04 not a table")
    assert "请在表格软件里另存为 CSV" in fails(run("import", file, "--source", "省"))


def test_a_huge_file_is_refused_unread(run, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(b"x" * (6 * 1024 * 1024))
    assert "文件超过 5 MB" in fails(run("import", file, "--source", "省"))


def test_going_back_takes_the_version_in_force(loaded, run, new_list):
    run("import", new_list(("医保码激活成功", "激活成功")), "--source", "甲")
    assert run("rollback").output == "撤回了第 2 版，现在用第 1 版。\n"
    assert run("versions").output.splitlines()[1].endswith("已撤回")
    assert "就没有清单可用了" in fails(run("rollback"))
    assert "已经撤回了" in fails(run("rollback", 2))


def test_going_back_without_any_list_is_refused(run):
    assert "没有第 0 版清单" in fails(run("rollback"))
    assert run("versions").output == "还没有清单。\n"


def test_answers_are_brought_in_once(run, read):
    file = shipped.DATA / "policy_facts.csv"
    assert "新增 163" in run("answers", file, "--dry-run").output
    assert not read(queries.answers).by_id
    assert "新增 163，去掉 0，改动 0 处。" in run("answers", file).output
    assert run("answers", file).output == "和现在的政策问答一样。\n"
    assert len(read(queries.answers).by_id) == 163


def test_wrong_answers_are_refused(run, tmp_path):
    file = tmp_path / "facts.csv"
    file.write_bytes(shipped.file("policy_facts.csv").replace(b"P001,", b"P003,", 1))
    assert "第 4 行：编号 P003 在第 2 行用过了。" in fails(run("answers", file))


def test_a_regional_difference_is_set_listed_and_ended(loaded, run):
    said = ("370102", 18, "promised_limit_wd")
    assert run("override", *said, "3", "--source", "文件").output == "记下了。\n"
    assert run("override", *said, "3", "--source", "文件").output == "本来就是这样。\n"
    assert "2026-11-23  370102 370102  第 18 项  promised_limit_wd：3  出处：文件" in run("overrides").output
    ended = run("override-end", *said, "--source", "文件", "--effective-on", "2027-01-01")
    assert ended.output == "2027-01-01 起和别处一样。\n"
    assert "promised_limit_wd：和别处一样" in run("overrides").output


def test_a_difference_that_makes_no_sense_is_refused(loaded, run):
    for words, said in (
        (("110101", 18, "promised_limit_wd", "3"), "区划代码格式不对"),
        (("370102", 18, "promised_limit_wd", "很快"), "承诺时限请写工作日数"),
        (("370102", 18, "caution", "先问清。"), "请把英文也写上（--value-en）"),
        (("370102", 60, "promised_limit_wd", "3"), "清单里没有第 60 项"),
        (("370102", 99, "promised_limit_wd", "3"), "事项编号超出了范围"),
    ):
        assert said in fails(run("override", *words, "--source", "文件"))


@pytest.fixture
def differences(tmp_path):
    """differences("370102,18,…", …) writes a file of regional differences."""

    def write(*lines, encoding="utf-8"):
        file = tmp_path / "differences.csv"
        head = "division_code,item_no,field,value_zh,value_en,source,effective_on"
        file.write_bytes("\n".join([head, *lines]).encode(encoding))
        return file

    return write


def test_regional_differences_come_in_as_a_file(loaded, run, differences):
    file = differences(
        "370102,18,promised_limit_wd,3,,区局,2026-12-01", "370102,18,village_mode,,,区局,2027-01-01", encoding="gb18030"
    )
    line = "2026-12-01  370102  第 18 项  promised_limit_wd：3  出处：区局"
    tried = run("overrides", file, "--dry-run").output
    assert line in tried
    assert "改动 2 条，没变 0 条。（试运行，什么都没有改）" in tried
    assert "区局" not in run("overrides").output
    assert run("overrides", file).output.endswith("village_mode：和别处一样  出处：区局\n改动 2 条，没变 0 条。\n")
    assert run("overrides", file).output == "改动 0 条，没变 2 条。\n"
    assert "第 18 项  promised_limit_wd：3  出处：区局" in run("overrides").output


def test_the_differences_we_ship_can_be_brought_in_where_there_is_no_demo(run, new_list):
    run("import", new_list(), "--source", "省局")
    assert run("overrides", shipped.DATA / "item_overrides.csv").output.endswith("改动 1 条，没变 0 条。\n")


def test_wrong_differences_are_refused_with_their_lines_and_nothing_is_kept(loaded, run, differences):
    before = run("overrides").output
    good = "370102,18,promised_limit_wd,3,,区局,2026-12-01"
    for lines, said in (
        ((good, good), "第 3 行：和第 2 行说的是同一处，请只留一行。"),
        ((good, "110101,18,promised_limit_wd,3,,区局,2026-12-01"), "第 3 行：division_code：区划代码"),
        ((good, "370102,18,price,3,,区局,2026-12-01"), "第 3 行：field：“price”"),
        ((good, "370102,60,promised_limit_wd,3,,区局,2026-12-01"), "清单里没有第 60 项。"),
        ((good, "370102,18,promised_limit_wd,3,,区局,明天"), "第 3 行：effective_on：生效日期"),
    ):
        assert said in fails(run("overrides", differences(*lines)))
        assert run("overrides").output == before


def test_every_command_says_what_it_does():
    assert all(command.help for command in catalogue_cli.commands.values())
