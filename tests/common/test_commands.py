"""What commands print."""

import click
from click.testing import CliRunner

from common.commands import say


def test_words_of_a_file_cannot_steer_the_terminal():
    """Escape sequences clear a screen or set its title, direction marks turn what follows; lines and emoji stay."""

    @click.command()
    def show() -> None:
        say("站\x1b[2J\x1b]0;title\x07\u202e名\n门口😀　完")

    assert CliRunner().invoke(show).output == "站�[2J�]0;title��名\n门口😀　完\n"
