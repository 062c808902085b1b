#!/bin/sh
# Prints the Python to work with; without one, a sentence that says what is missing, and exit 1.
# Plain sh, because it runs before any Python is known to be there. PYTHON=... names the only one to try.
ask='import sys
try:
    import ensurepip, venv
except ImportError:
    venv = None
print("%d.%d %s" % (sys.version_info[:2] + ("old" if sys.version_info < (3, 11) else "ready" if venv else "bare",)))'

old= bare=
for python in ${PYTHON:-.venv/bin/python python3.14 python3.13 python3.12 python3.11 python3}; do
    found=$("$python" -c "$ask" 2>/dev/null) || continue
    case $python:$found in
        *ready | .venv/*bare) echo "$python"; exit ;;  # an environment that is there needs no venv module any more
        *bare) bare=${bare:-${found% *}} ;;
        *old) old=${found% *} ;;
    esac
done

if [ "$bare" ]; then
    echo "Python $bare 缺少 venv 模块，请先安装（Debian/Ubuntu：sudo apt-get install python$bare-venv）。"
    echo "Python $bare lacks its venv module: install it first (Debian/Ubuntu: sudo apt-get install python$bare-venv)."
elif [ "$old" ]; then
    echo "需要 Python 3.11 或更新的版本，这里是 $old。可以用 PYTHON=/path/to/python3 make run 指定。"
    echo "Menkou needs Python 3.11 or newer; this is $old. PYTHON=/path/to/python3 make run names another."
else
    echo "没有找到 ${PYTHON:-Python}。需要 Python 3.11 或更新的版本。"
    echo "No ${PYTHON:-Python} found. Menkou needs Python 3.11 or newer."
fi >&2
exit 1
