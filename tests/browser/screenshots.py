"""Pictures of the page over the sample estate, for people: `make screenshots`. No test compares them."""

import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from tests.support import ROOT
from tests.support.browser import BrowserUnavailable, chromium, tab
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

FOLDER = ROOT / "docs" / "screenshots"
VIEWS = {"overview": "", "waste": "waste", "table": "table?fqn={fqn}", "unlock": "unlock"}
# The one of the README stands alone; the others are of light and dark, wide and narrow.
SHAPES = {"": ("light", 1280), "-dark": ("dark", 1280), "-narrow": ("light", 320)}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    signer = Signer.generate()
    with tempfile.TemporaryDirectory(prefix="thirdeye-screenshots-") as folder, chromium() as browser:
        estate = PageEstate(Path(folder), signer, tables=300)
        try:
            fqn = quote(estate.names()[0])
            for suffix, (theme, width) in SHAPES.items():
                options = {"color_scheme": theme, "viewport": {"width": width, "height": 640}}
                with tab(browser, estate.base, signer.token(), **options) as page:
                    for name, address in VIEWS.items():
                        page.open(address.format(fqn=fqn))
                        page.page.evaluate("document.activeElement.blur()")
                        page.page.screenshot(path=FOLDER / f"{name}{suffix}.png", animations="disabled")
                        print(FOLDER / f"{name}{suffix}.png")
        finally:
            estate.stop()


if __name__ == "__main__":
    try:
        main()
    except BrowserUnavailable as reason:
        sys.exit(str(reason))
