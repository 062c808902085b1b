"""Policy answers: dated, sourced, and never shown as current once something newer stands."""

import csv
import io
from datetime import UTC, datetime

import pytest

from common.wordsearch import Index
from services_catalog import operations, queries, schema, shipped
from services_catalog.csv_file import BadFile

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FACTS = shipped.file("policy_facts.csv").decode()
SUPERSEDED = {row["id"]: row["superseded_by"] for row in csv.DictReader(io.StringIO(FACTS)) if row["superseded_by"]}


@pytest.fixture
def facts() -> tuple[schema.AnswerRow, ...]:
    return schema.read_answers(FACTS.encode())


def as_file(**cells: str) -> bytes:
    """The shipped answers with cells of the first one replaced or added."""
    rows = list(csv.DictReader(io.StringIO(FACTS)))
    rows[0] |= cells
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_answers_stand_by_topic_in_the_order_of_the_topics(loaded, read):
    answers = read(queries.answers)
    assert len(answers.by_id) == 163
    assert [topic.name for topic in answers.topics][:3] == ["基层站点", "视频上门自助", "线上办理"]
    assert len(answers.current) == 163 - len(SUPERSEDED)
    for topic in answers.topics:
        assert [answer.id for answer in topic.answers] == sorted(answer.id for answer in topic.answers)


def test_a_superseded_answer_is_in_no_list_and_in_no_search(loaded, read):
    answers = read(queries.answers)
    listed = {answer.id for topic in answers.topics for answer in topic.answers}
    searched = {entry.ref for entry in read(queries.search_entries) if entry.kind == "answer"}
    assert SUPERSEDED
    assert listed == searched
    assert not listed & set(SUPERSEDED)
    assert {id: answers.by_id[id].superseded_by for id in SUPERSEDED} == SUPERSEDED


def test_a_chain_of_answers_leads_to_the_one_that_stands(write, read, facts):
    chain = {"P001": "P002", "P002": "P003", "P003": None}
    rows = [row.model_copy(update={"superseded_by": chain.get(row.id)}) for row in facts]
    write(operations.import_answers, rows)
    answers = read(queries.answers)
    assert (answers.by_id["P001"].superseded_by, answers.by_id["P002"].superseded_by) == ("P003", "P003")
    assert answers.by_id["P003"].current


def test_an_unknown_answer_is_nothing(loaded, read):
    assert read(queries.answer, "P999") is None
    assert read(queries.answer, "P001").answer.startswith("到2025年11月")


def test_the_same_answers_change_nothing(loaded, write, facts):
    assert write(operations.import_answers, facts).empty


def test_the_diff_names_what_came_went_and_changed(loaded, write, read, facts):
    first, *rest = facts
    new = [first.model_copy(update={"id": "Q001"}), *rest[1:-1], rest[-1].model_copy(update={"caution": "先问清。"})]
    diff = write(operations.import_answers, new)
    assert [named.key for named in diff.added] == ["Q001"]
    assert [named.key for named in diff.removed] == ["P001", "P002"]
    assert [(change.key, change.field, change.new) for change in diff.changed] == [("P163", "caution", "先问清。")]
    assert read(queries.answer, "P001") is None
    assert read(queries.answer, "P163").caution == "先问清。"


def test_what_we_ship_does_not_touch_answers_an_operator_brought_in(write, read, facts):
    write(operations.import_answers, [facts[0]])
    assert write(operations.load_shipped, NOW).answers is None
    assert len(read(queries.answers).by_id) == 1


def test_a_new_topic_brings_its_own_name_and_order(write, read, facts):
    known = facts[0].model_copy(update={"topic": "新话题"})
    with pytest.raises(operations.Refused, match="主题“新话题”是新的"):
        write(operations.import_answers, [known])
    write(operations.import_answers, [known.model_copy(update={"topic_en": "Something new", "topic_order": 3})])
    assert [(topic.name_zh, topic.name_en) for topic in read(queries.answers).topics] == [("新话题", "Something new")]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"id": "../etc"}, "id：编号格式不对"),
        ({"id": "P002"}, "第 3 行：编号 P002 在第 2 行用过了"),
        ({"superseded_by": "P999"}, "第 2 行：替代它的 P999 不在文件里"),
        ({"superseded_by": "P001"}, "P001 绕了一圈又被自己替代"),
        ({"superseded_by": "P002"}, "P001 绕了一圈又被自己替代"),
        ({"valid_as_of": "去年"}, "valid_as_of：截至日期格式不对"),
        ({"valid_as_of": "2025-02-30"}, "截至日期不是有效日期"),
        ({"source": ""}, "source：请填写出处"),
        ({"answer_zh": "到2025年11月有3.6万家。"}, "答案里的 3.6 在“数字”一栏没有"),
        ({"figure": ""}, "答案里的 3.5 在“数字”一栏没有"),
        ({"question_en": ""}, "question_en：请填写问题英文"),
    ],
)
def test_each_mistake_is_one_sentence_with_its_line(cells, words):
    with pytest.raises(BadFile) as problem:
        schema.read_answers(as_file(**cells))
    assert words in str(problem.value)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_answers_are_read_in_the_encodings_offices_save(encoding, facts):
    assert schema.read_answers(FACTS.encode(encoding)) == facts


def test_an_answer_is_found_by_its_question(loaded, read):
    index = Index(read(queries.search_entries))
    assert ("answer", "P038") in [(hit.kind, hit.ref) for hit in index.find("孩子刚出生没上户口能办医保吗", 3)]


def test_answers_about_an_item_are_current_and_on_its_subject(loaded, read):
    def related(session, no):
        return queries.related_answers(session, queries.catalogue(session).items[no])

    assert "P108" in [answer.id for answer in read(related, 27)]
    for no in range(1, 34):
        found = read(related, no)
        assert len(found) <= queries.RELATED
        assert all(answer.current for answer in found)
