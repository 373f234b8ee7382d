#!/usr/bin/env bash
# Makes a virtual environment: that of the Python contenders, or another one. Does nothing, quickly,
# where it is there already. Prints the path of its interpreter as the last line of stdout; what it does
# meanwhile goes to stderr.
#
#   setup.sh [FOLDER [FILE]]  default: target/bench/venv of the checkout, requirements.txt beside this
#   PYTHON=PROGRAM setup.sh   the Python to make it with (default: the first that is 3.10 to 3.13)
#
# A stamp in the folder holds the hash of the requirements and the version of Python. It is written
# last, so an environment that was left half made is made again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
	say "error: $*"
	exit 1
}

[ "$#" -le 2 ] || die "usage: setup.sh [FOLDER [FILE]]"
folder=${1:-$here/../../../target/bench/venv}
requirements=${2:-$here/requirements.txt}

# suitable PROGRAM: a Python for which every library of the requirements is ready-made.
suitable() {
	"$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

python=
if [ -n "${PYTHON:-}" ]; then
	suitable "$PYTHON" || die "PYTHON=$PYTHON is no Python 3.10 to 3.13"
	python=$PYTHON
else
	for program in python3 python3.13 python3.12 python3.11 python3.10; do
		if suitable "$program"; then
			python=$program
			break
		fi
	done
	[ -n "$python" ] ||
		die "no Python 3.10 to 3.13 in PATH: install python3 and python3-venv, or set PYTHON"
fi

mkdir -p "$folder" || die "cannot make the folder $folder"
folder=$(cd "$folder" && pwd)
interpreter=$folder/bin/python
stamp=$("$python" -c '
import hashlib, platform, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), platform.python_version())
' "$requirements")

if [ "$(cat "$folder/contenders.stamp" 2>/dev/null)" != "$stamp" ] || ! "$interpreter" -c '' 2>/dev/null; then
	# --clear empties the folder, so it must be one of ours.
	[ -e "$folder/pyvenv.cfg" ] || [ -z "$(ls -A "$folder")" ] ||
		die "$folder is not empty and no virtual environment: give another folder"
	"$python" -c 'import ensurepip, venv' 2>/dev/null ||
		die "$python cannot make virtual environments: install python3-venv (Debian, Ubuntu), then try again"
	say "installing $requirements in $folder"
	"$python" -m venv --clear "$folder" >&2 || die "cannot make a virtual environment in $folder"
	"$interpreter" -m pip install --quiet --disable-pip-version-check --no-input \
		--only-binary :all: --no-deps --requirement "$requirements" >&2 ||
		die "pip cannot install $requirements: is PyPI, or the index in pip's configuration, reachable?"
	"$interpreter" -m pip check --disable-pip-version-check >&2 ||
		die "$requirements lacks a library that another one needs"
	printf '%s\n' "$stamp" >"$folder/contenders.stamp"
fi

printf '%s\n' "$interpreter"
