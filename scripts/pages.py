"""The commands of pages, for tests that run them as a user would paste them."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def block(page, start, token="", user=""):
    """The one block of shell in a page that begins like this, with a user's own words in it."""
    text = (ROOT / page).read_text()
    found = [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.M | re.S)]
    found = [block for block in found if block.startswith(start)]
    assert len(found) == 1, f"{page} has {len(found)} blocks that begin with: {start}"
    return found[0].replace("TOKEN FROM @BotFather", token).replace("YOUR-ID", str(user))


def row(page, start):
    """The commands in the one row of a table whose first cell is this."""
    (cells,) = re.findall(rf"^ *\| {re.escape(start)} \|(.*)\|$", (ROOT / page).read_text(), re.M)
    return re.findall(r"`([^`]+)`", cells)
