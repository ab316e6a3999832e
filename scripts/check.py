"""Checks what no compiler does: everything in the files check_*.py beside this one.

Run with a Python that has what requirements.txt names, from anywhere.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
names = sorted(file.stem for file in HERE.glob("check_*.py"))
problems = [problem for name in names for problem in importlib.import_module(name).problems(HERE.parent)]
for problem in problems:
    print(problem, file=sys.stderr)
print(f"checks: {len(names)}, problems: {len(problems)}")
sys.exit(1 if problems else 0)
