"""What a page must be on a phone, asked of the browser itself: each function gives what is wrong, in words."""

import functools
import json
from pathlib import Path

from playwright.sync_api import CDPSession, Page

from common.assets import NODE_MODULES

# Not target-size: SMALL_TARGETS asks for more, and axe takes what lies under the bottom bar for too small for ever.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOTS = Path("var/shots")

# Targets of at least 44 × 44 CSS px, but for links that stand in a sentence and controls whose label is the target.
SMALL_TARGETS = """() => {
  const found = [];
  for (const target of document.querySelectorAll('a[href], button, input, select, textarea, summary, label.opt, .seg label')) {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    if (target.type === 'hidden' || !target.getClientRects().length || style.visibility === 'hidden') continue;
    if (box.right < 0 || box.bottom < 0) continue;                                  // the skip link, until it has the focus
    if (['radio', 'checkbox'].includes(target.type) && target.closest('label')) continue;
    if (target.type === 'file' && target.labels.length) continue;                          // its label is the target
    const around = target.closest('p, li, dd, small');
    const links = around ? [...around.querySelectorAll('a, button')].map(link => link.textContent).join('') : '';
    if (around && style.display.startsWith('inline') && around.textContent.replace(/\\s/g, '').length > links.replace(/\\s/g, '').length) continue;
    if (box.height < 43.5 || box.width < 43.5) {
      const words = (target.textContent.trim() || target.name || target.type || '').replace(/\\s+/g, ' ').slice(0, 20);
      found.push(`${target.localName}.${target.className} “${words}” is ${Math.round(box.width)}×${Math.round(box.height)}`);
    }
  }
  return found;
}"""

# Words that stick out of the screen or out of a box that cuts them off. A map does so by its nature.
CUT_OFF = """() => {
  const found = [], edge = document.documentElement.clientWidth;
  for (const box of document.querySelectorAll('body *')) {
    if (box.closest('svg') !== box && box.closest('svg') || !box.getClientRects().length) continue;
    if (box.closest('.x, .skip, .folium-map, details:not([open]) > :not(summary)')) continue;
    const style = getComputedStyle(box), rect = box.getBoundingClientRect();
    const words = box.textContent.trim().replace(/\\s+/g, ' ').slice(0, 20), name = `${box.localName}.${box.getAttribute('class') || ''}`;
    const cuts = style.overflowX !== 'visible' && !['INPUT', 'SELECT', 'TEXTAREA', 'svg'].includes(box.tagName);
    if (cuts && box.scrollWidth > box.clientWidth + 1) found.push(`${name} cuts “${words}”`);
    const shows = ['A', 'BUTTON', 'INPUT', 'SELECT', 'TEXTAREA', 'svg'].includes(box.tagName)
      || [...box.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (shows && rect.width > 1 && rect.left >= 0 && rect.right > edge + 1) found.push(`${name} “${words}” ends at ${Math.round(rect.right)} px`);
  }
  return [...new Set(found)].slice(0, 8);
}"""

# Texts that lie on one another: two leaf texts whose boxes overlap by more than a hair.
OVERLAPS = """() => {
  const leaves = [];
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest('svg, .x, .folium-map, select, textarea, details:not([open]) > :not(summary)')) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    for (const rect of range.getClientRects()) if (rect.width > 2 && rect.height > 2) leaves.push([rect, node.data.trim().slice(0, 12), parent]);
  }
  const found = [];
  for (let i = 0; i < leaves.length; i++) for (let j = i + 1; j < leaves.length; j++) {
    const [a, words, one] = leaves[i], [b, others, other] = leaves[j];
    if (one === other) continue;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 3 && high > 0.35 * Math.min(a.height, b.height)) found.push(`“${words}” lies on “${others}”`);
  }
  return [...new Set(found)].slice(0, 5);
}"""


@functools.cache
def _axe() -> str:
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def axe_faults(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """Violations of WCAG 2.2 A and AA and of good practice, as axe-core sees them. `rules`: only these."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found = page.evaluate(
        f"() => axe.run(document, {{runOnly: {json.dumps(only)}, rules: {{'target-size': {{enabled: false}}}}}})"
    )
    return [
        f"axe {violation['id']}: {node['target']} {node.get('failureSummary', '').splitlines()[1:2]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


def layout_faults(page: Page) -> list[str]:
    """Nothing scrolls sideways, nothing is cut off or lies on something else, and every target fits a thumb."""
    width = page.evaluate("() => document.documentElement.scrollWidth")
    sideways = [f"{width} px wide on {page.viewport_size['width']} px"] if width > page.viewport_size["width"] else []
    return sideways + page.evaluate(SMALL_TARGETS) + page.evaluate(CUT_OFF) + page.evaluate(OVERLAPS)


def font_faults(page: Page, devtools: CDPSession) -> list[str]:
    """The heading is really drawn with a Chinese font, not with boxes."""
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    heading = devtools.send("DOM.querySelector", {"nodeId": root, "selector": "h1"})["nodeId"]
    fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": heading})["fonts"]
    chinese = page.evaluate("() => /[\\u4e00-\\u9fff]/.test(document.querySelector('h1').textContent)")
    names = {font["familyName"] for font in fonts}
    return [f"Chinese is drawn with {names}"] if chinese and not any("CJK SC" in name for name in names) else []


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """Pictures for people to look at: var/shots/<name>.png, and -whole.png beside it."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
    if whole:
        page.evaluate("() => document.querySelectorAll('.bar').forEach(bar => { bar.style.position = 'static'; })")
        page.screenshot(path=SHOTS / f"{name}-whole.png", full_page=True)
