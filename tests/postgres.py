"""A PostgreSQL of our own for the tests: made in a temporary folder, on a socket, gone afterwards."""

import functools
import glob
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl, newest version first."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    on_path = shutil.which("initdb")
    folders += [os.path.dirname(os.path.realpath(on_path))] if on_path else []
    return next((Path(folder) for folder in folders if Path(folder, "pg_ctl").exists()), None)


class Server:
    """`url("name")` is a database on it. As root it runs as the user postgres: PostgreSQL refuses root.

    durable    whether it waits for the disk, as a real one does; tests need not"""

    def __init__(self, binaries: Path, *, durable: bool = False):
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="menkou-pg-", dir="/tmp"))
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(self.folder, "postgres")
        self.data = self.folder / "data"
        self._run("initdb", "-D", self.data, "-U", "menkou", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = f"-c listen_addresses='' -k {self.folder}"
        if not durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
            options += (
                " -c wal_level=minimal -c max_wal_senders=0"  # a copied database writes itself into the log otherwise
            )
        self._run("pg_ctl", "-D", self.data, "-o", options, "-l", self.folder / "log", "-w", "start")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://menkou@/{name}?host={self.folder}"

    @functools.cached_property
    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="menkou", dbname="postgres", autocommit=True)

    def sql(self, words: str) -> None:
        self._connection.execute(words)

    def copy(self, template: str, name: str) -> str:
        """Make a database `name` as `template` stands; its URL. What was called so is gone."""
        named, from_ = sql.Identifier(name), sql.Identifier(template)
        self._connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
        self._connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(named, from_))
        return self.url(name)

    def stop(self) -> None:
        self._connection.close()
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, tool: str, *words: object) -> None:
        command = [*self.as_user, str(self.binaries / tool), *map(str, words)]
        subprocess.run(command, check=True, capture_output=True, cwd="/tmp", stdin=subprocess.DEVNULL)
