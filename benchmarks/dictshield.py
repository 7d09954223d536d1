"""A document of ten fields, made, validated and written as JSON: brubeck.dictshield beside those who came before.

    python benchmarks/dictshield.py --dictshield PYTHON2.7 [--dictshield-path FOLDER] --schematics PYTHON

Each arm is a process of its own, under the interpreter that has the library: DictShield 0.4.4 on Python 2.7,
schematics 2.1.1, and under this interpreter brubeck.dictshield and pydantic-core alone (the engine with no
document around it). All wait for a word to run one round; the rounds go A B C D, A B C D. Quoted are the
median of an arm's rounds, and the median of the ratios by round with the least and the greatest. An arm whose
interpreter is not given or lacks the library is left out.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

ROUNDS = 15
BARS = {  # ours at most this part of theirs
    ("dictshield", "validate"): 1 / 8,
    ("schematics", "validate"): 1 / 35,
    ("dictshield", "to_json"): 1 / 5,
}

VALUES = """
v = dict(username=u'j2d2', name=u'James', bio=u'Python, Erlang and guitars!', city=u'New York',
         email=u'jd@example.com', url=u'http://example.com/about?x=1', age=31, visits=12345, score=3.5,
         is_active=True)
"""

DOCUMENT = """
class D(Document):
    username = StringField(max_length=30, required=True)
    name = StringField(max_length=50)
    bio = StringField(max_length=100)
    city = StringField(min_length=1)
    email = EmailField(max_length=100)
    url = URLField()
    age = IntField(min_value=0, max_value=150)
    visits = LongField()
    score = FloatField()
    is_active = BooleanField(default=False)
d = D(**v)
def validate(): D(**v).validate()
to_json = d.to_json
"""

ARMS = {
    "brubeck": "from brubeck.dictshield import *\n" + DOCUMENT,
    "dictshield": "from dictshield.document import Document\nfrom dictshield.fields import *\n" + DOCUMENT,
    "schematics": """
from schematics.models import Model
from schematics.types import *
import json
class D(Model):
    username = StringType(max_length=30, required=True)
    name = StringType(max_length=50)
    bio = StringType(max_length=100)
    city = StringType(min_length=1)
    email = EmailType(max_length=100)
    url = URLType()
    age = IntType(min_value=0, max_value=150)
    visits = LongType()
    score = FloatType()
    is_active = BooleanType(default=False)
d = D(v)
def validate(): D(v).validate()
def to_json(): return json.dumps(d.to_primitive())
""",
    "pydantic": """
from brubeck.dictshield.fields.text import EMAIL, URL, anchored
from pydantic_core import SchemaValidator, core_schema as cs, to_json as dump
def text(**options): return cs.str_schema(strict=True, **options)
members = dict(
    username=text(max_length=30, min_length=1), name=text(max_length=50), bio=text(max_length=100),
    city=text(min_length=1), email=text(max_length=100, pattern=anchored(EMAIL)), url=text(pattern=anchored(URL)),
    age=cs.int_schema(strict=True, ge=0, le=150), visits=cs.int_schema(strict=True),
    score=cs.float_schema(strict=True), is_active=cs.bool_schema(strict=True),
)
engine = cs.typed_dict_schema({name: cs.typed_dict_field(schema) for name, schema in members.items()})
accept = SchemaValidator(engine).validate_python
def validate(): accept(v)
def to_json(): return dump(v)
""",
}

# One round for each line that comes in; valid in Python 2 and 3.
LOOP = """
import sys, timeit
def cost(task):
    return min(timeit.repeat(task, number=2000, repeat=5)) / 2000 * 1e6
while sys.stdin.readline():
    sys.stdout.write('%r %r\\n' % (cost(validate), cost(to_json)))
    sys.stdout.flush()
"""


def start(name: str, python: str, folder: str | None) -> subprocess.Popen[str]:
    path = f"import sys; sys.path.insert(0, {folder!r})\n" if folder else ""
    program = path + VALUES + ARMS[name] + LOOP
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [python, "-c", program], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )


def run_round(arm: subprocess.Popen[str]) -> tuple[float, float] | None:
    try:
        arm.stdin.write("go\n")
        arm.stdin.flush()
        validate, to_json = arm.stdout.readline().split()
    except (OSError, ValueError):
        return None
    return float(validate), float(to_json)


def start_all(options: argparse.Namespace) -> dict[str, subprocess.Popen[str]]:
    pythons = {
        "brubeck": sys.executable,
        "dictshield": options.dictshield,
        "schematics": options.schematics,
        "pydantic": sys.executable,
    }
    arms = {}
    for name, python in pythons.items():
        folder = options.dictshield_path if name == "dictshield" else None
        arm = start(name, python, folder) if python else None
        if arm is not None and run_round(arm) is not None:  # a warm-up
            arms[name] = arm
        else:
            print(f"{name:10} left out: give --{name} an interpreter that has it")
    return arms


def report(rounds: dict[str, list[tuple[float, float]]]) -> bool:
    good = True
    for index, task in enumerate(("validate", "to_json")):
        ours = [figures[index] for figures in rounds["brubeck"]]
        for name, measured in rounds.items():
            theirs = [figures[index] for figures in measured]
            ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
            line = f"{task:9} {name:10} {statistics.median(theirs):8.2f} µs"
            bar = BARS.get((name, task))
            if name != "brubeck":
                line += f"   {statistics.median(ratios):6.2f} x ours ({min(ratios):.2f}-{max(ratios):.2f})"
            if bar is not None:
                reached = statistics.median(ratios) >= 1 / bar
                good = good and reached
                line += f"   at least {1 / bar:.0f}: {'reached' if reached else 'MISSED'}"
            print(line)
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dictshield", help="a Python 2.7")
    parser.add_argument("--dictshield-path", help="where DictShield 0.4.4 is, if not in its site-packages")
    parser.add_argument("--schematics", help="a Python with schematics 2.1.1")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    arms = start_all(options)
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for _ in range(options.rounds):
        for name, arm in arms.items():
            rounds[name].append(run_round(arm))
    for arm in arms.values():
        arm.stdin.close()
        arm.wait(10)
    sys.exit(0 if report(rounds) else 1)


if __name__ == "__main__":
    main()
