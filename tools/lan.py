"""Trying Menkou on a phone: this machine's addresses, and a certificate it signs itself.

Outside the rooms; standard library and the openssl program.
"""

import shutil
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

from tools.step import Failed

DAYS = 30


class Certificate(NamedTuple):
    chain: Path
    key: Path  # PKCS#8, the only form the web server reads


def addresses() -> list[str]:
    """IPv4 addresses under which other machines may reach this one; the one that leads outside first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: picks the route, sends nothing
            found.append(probe.getsockname()[0])
        except OSError:
            pass  # no route: no network
    try:
        shown = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        shown = []  # macOS has no -I; the first one is enough
    found += [address for address in shown if ":" not in address]
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def certificate(folder: Path, names: list[str]) -> Certificate:
    """A certificate for these IPv4 addresses, kept in `folder` so that a phone need accept it only once.

    A new one when it is for other addresses or ends within a day. Raises Failed without openssl.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise Failed(
            "缺少 openssl，不能做 HTTPS 证书；请先安装 openssl · install openssl first: HTTPS needs a certificate"
        )

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = Certificate(folder / "certificate.pem", folder / "key.pem")
    made_for = folder / "addresses"
    wanted = ",".join(["DNS:localhost", "IP:127.0.0.1", *(f"IP:{name}" for name in names)])
    lasts = [openssl, "x509", "-noout", "-checkend", "86400", "-in", str(ours.chain)]
    if (
        made_for.exists()
        and made_for.read_text() == wanted
        and subprocess.run(lasts, capture_output=True).returncode == 0
    ):
        return ours

    made_for.unlink(missing_ok=True)  # written last: an interrupted one is made again
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", str(DAYS)]
    make += ["-subj", "/CN=Menkou", "-addext", f"subjectAltName={wanted}", "-addext", "extendedKeyUsage=serverAuth"]
    done = subprocess.run([*make, "-keyout", ours.key, "-out", ours.chain], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"openssl 没能做出证书 · openssl could not make a certificate: {done.stderr.strip()[-300:]}")
    made_for.write_text(wanted)
    return ours
