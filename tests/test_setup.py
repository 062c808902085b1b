"""tools/: what a bare machine is told, what a finished or interrupted set-up leaves behind, what the lock files hold."""

import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tools import lan, machine, run, setup
from tools.step import ROOT, Failed, step

# ---- which Python


def machine_with(folder: Path, **answers: str) -> dict[str, str]:
    """An environment whose only Pythons are these; each answers as tools/python.sh asks it to."""
    for name, answer in answers.items():
        program = folder / name.replace("_", ".")
        program.write_text(f'#!/bin/sh\necho "{answer}"\n')
        program.chmod(0o755)
    return {"PATH": str(folder)}


def ask_for_python(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    script = ROOT / "tools" / "python.sh"
    return subprocess.run(["/bin/sh", script], env=environment, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3": "3.12 ready"}, "python3"),
        ({"python3": "3.9 old", "python3_11": "3.11 ready"}, "python3.11"),
        ({"python3_14": "3.14 bare", "python3_11": "3.11 ready"}, "python3.11"),
        ({"python3_13": "3.13 ready", "python3_14": "3.14 ready", "python3": "3.11 ready"}, "python3.14"),
    ],
)
def test_the_newest_python_that_will_do_is_taken(pythons, chosen, tmp_path):
    found = ask_for_python(tmp_path, machine_with(tmp_path, **pythons))
    assert (found.returncode, found.stdout) == (0, f"{chosen}\n")


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ({}, "没有找到 Python"),
        ({"python3": "3.9 old"}, "需要 Python 3.11 或更新的版本，这里是 3.9"),
        ({"python3": "3.11 bare"}, "sudo apt-get install python3.11-venv"),
    ],
)
def test_an_unfit_machine_gets_one_sentence_that_says_what_is_missing(pythons, words, tmp_path):
    found = ask_for_python(tmp_path, machine_with(tmp_path, **pythons))
    assert (found.returncode, found.stdout) == (1, "")
    assert words in found.stderr


def test_the_question_is_one_that_a_real_python_understands(tmp_path):
    found = ask_for_python(tmp_path, {"PATH": "/nowhere", "PYTHON": sys.executable})
    assert found.stdout == f"{sys.executable}\n"


# ---- flask


@pytest.mark.parametrize(
    ("env", "code"), [("MENKOU_HOTLINE=热线", 0), ("\ufeffMENKOU_HOTLINE=12393", 0), ("# 测".encode("gbk"), 1)]
)
def test_flask_says_in_a_sentence_that_env_is_no_utf_8_text(env, code, tmp_path, monkeypatch):
    script = tmp_path / "venv" / "bin" / "flask"
    script.parent.mkdir(parents=True)
    shutil.copy(Path(sys.executable).with_name("flask"), script)
    monkeypatch.setattr(setup, "VENV", tmp_path / "venv")
    for _ in range(2):
        setup.guard_flask()
    assert script.read_text().count("find_dotenv") == 2
    (tmp_path / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
    ours = {"PATH": "/nowhere", "PYTHONUTF8": "1"}
    ran = subprocess.run([sys.executable, script, "--help"], env=ours, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr
    if code:
        assert ran.stderr == ".env 应是 UTF-8 文本，请另存为 UTF-8 · save .env as UTF-8 text\n"


# ---- stamps


def test_a_stamp_is_known_again_until_its_lock_file_changes(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("flask==3\n")
    setup.stamp(tmp_path, {setup.mark(lock)})
    assert setup.mark(lock) in setup.stamped(tmp_path)

    lock.write_text("flask==4\n")
    assert setup.mark(lock) not in setup.stamped(tmp_path)


def test_an_interrupted_set_up_fits_no_lock_file(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("flask==3\n")
    setup.stamp(tmp_path, {setup.UNFINISHED})
    assert setup.stamped(tmp_path) == {setup.UNFINISHED}
    assert setup.mark(lock) not in setup.stamped(tmp_path)


def test_a_folder_that_is_gone_claims_nothing(tmp_path):
    assert setup.stamped(tmp_path / "gone") == set()


def test_a_step_that_fails_shows_what_it_said_and_raises_our_sentence(capsys):
    with pytest.raises(Failed, match="没有网络"):
        step("试一试 · try", ["sh", "-c", "echo no route; exit 3"], "没有网络 · no network")
    shown = capsys.readouterr()
    assert "试一试" in shown.out
    assert "no route" in shown.err


# ---- what the tests need from the system


@pytest.mark.parametrize(
    ("missing", "scripts", "in_ci", "code", "words"),
    [
        ((), True, True, 0, []),
        (("Chromium",), True, False, 0, ["缺 Chromium", "the pages in a browser"]),
        (("PostgreSQL",), True, True, 1, ["缺 PostgreSQL", "anything on PostgreSQL", "CI"]),
        ((), False, False, 0, ["node_modules"]),
        ((), False, True, 1, ["node_modules", "CI"]),
    ],
)
def test_what_is_not_tested_is_named_and_only_ci_insists(missing, scripts, in_ci, code, words):
    needs = [need for need in machine.NEEDS if need.name in missing]
    lines, exit_code = machine.verdict(needs, scripts=scripts, in_ci=in_ci)
    assert exit_code == code
    assert all(word in "\n".join(lines) for word in words)
    assert bool(lines) == bool(words)


# ---- starting


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "80a", "８０００", "8000.0"])
def test_a_wrong_port_is_refused_by_the_name_of_its_setting(text):
    with pytest.raises(Failed, match="PORT"):
        run.read_port("PORT", text)


def test_a_taken_port_is_said_before_anything_starts():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Failed, match=f"端口 {port} 已被占用（PORT）"):
            run.check_free("127.0.0.1", port, "PORT")
    run.check_free("127.0.0.1", port, "PORT")


@pytest.mark.parametrize(
    ("url", "safe", "processes"),
    [
        ("sqlite:////var/menkou.sqlite3", True, 2),
        ("sqlite:////var/menkou.sqlite3", False, 1),
        ("postgresql+psycopg://menkou@/menkou", False, 2),
    ],
)
def test_only_an_old_sqlite_is_served_by_one_process(url, safe, processes, capsys):
    assert run.workers(url, safe) == processes
    assert ("PostgreSQL" in capsys.readouterr().out) == (processes == 1)


def test_the_certificate_for_a_phone_can_be_served_and_is_kept_until_the_address_changes(tmp_path):
    first = lan.certificate(tmp_path, ["192.0.2.7"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(first.chain, first.key)
    assert first.key.read_text().startswith("-----BEGIN PRIVATE KEY-----")  # PKCS#8
    assert first.key.stat().st_mode & 0o077 == 0
    before = first.chain.read_bytes()

    assert lan.certificate(tmp_path, ["192.0.2.7"]).chain.read_bytes() == before
    assert lan.certificate(tmp_path, ["192.0.2.8"]).chain.read_bytes() != before


def test_without_openssl_the_phone_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failed, match="openssl"):
        lan.certificate(tmp_path / "lan", [])


# ---- what is checked in


def pins(lock: str) -> set[tuple[str, str]]:
    """Package → versions. Markers may differ: what a tool of ours wants everywhere, people may get on some systems only."""
    lines = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {(name, version) for name, version in lines}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"])
def test_a_lock_file_has_a_hash_for_everything_and_names_no_host(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    for package in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9-]+==\S+", package), package
        assert "--hash=sha256:" in package, package


def test_tests_run_on_the_versions_that_people_get():
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_the_npm_lock_file_names_no_host():
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_make_help_shows_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^ +make (\S+) +\S", shown, re.MULTILINE)) == targets


def test_sentences_are_collected_from_rooms_and_templates_and_from_nowhere_else(tmp_path):
    sentences = {
        "maps/words.py": "_l('近'); ngettext('一站', '%(num)d 站', 2)",
        "app.py": "_('门口')",
        "templates/a/page.html": "{{ _('页') }}{% trans %}整句{% endtrans %}",
        "tests/test_a.py": "_('测试')",
        "node_modules/a/b.py": "_('别人')",
    }
    for name, words in sentences.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)
    shutil.copy(ROOT / "babel.cfg", tmp_path)
    makefile = (ROOT / "Makefile").read_text()
    options = re.findall(r"extract (.*) -o", makefile)[0].split()
    pybabel = Path(sys.executable).parent / "pybabel"
    subprocess.run(
        [pybabel, "-q", "extract", *options, "-o", "all.pot", "."], cwd=tmp_path, check=True, capture_output=True
    )
    found = re.findall(r'^msgid "(.+)"', (tmp_path / "all.pot").read_text(), re.MULTILINE)
    assert sorted(found) == sorted(["近", "一站", "门口", "页", "整句"])
