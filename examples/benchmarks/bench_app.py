"""Time the answers of the page of examples/app in a browser, from the end of a stroke to the new text.

``python bench_app.py 1 10``  (numbers of sessions at once)

Needs the extras app and test, and Chromium. Each session draws 24 digits in a window of its own and waits one
to three seconds after each stroke. The browser runs on the same cores as the page.
"""

import asyncio
import random
import shutil
import sys
from pathlib import Path

import numpy as np
from playwright.async_api import async_playwright

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from servers import start_app
from strokes import STROKES

N_DIGITS, PAUSE = 24, 2.0
# Collects the milliseconds from each release of the pointer to the first frame after the text has changed.
WATCH = """() => {
  window.waits = [];
  let released = null;
  document.addEventListener("pointerup", () => { released = performance.now(); }, true);
  new MutationObserver(() => {
    if (released === null || !document.querySelector(".reading-text")) return;
    const start = released;
    released = null;
    requestAnimationFrame(() => waits.push(performance.now() - start));
  }).observe(document.querySelector(".stMain"), { subtree: true, childList: true, characterData: true });
}"""


async def draw_in_session(browser, address, seed):
    """Draw digits in a window of its own, and return the waits in milliseconds."""
    rng = random.Random(seed)
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.goto(address)
    await page.locator("canvas").wait_for(timeout=120_000)
    await page.wait_for_timeout(2000)
    await page.evaluate(WATCH)
    box = await page.locator("canvas").bounding_box()
    for number in range(N_DIGITS):
        for stroke in STROKES[rng.randrange(10)]:
            left = box["x"] + 20 + 150 * (number % 4)
            points = [(left + 120 * x, box["y"] + 40 + 170 * y) for x, y in stroke]
            await page.mouse.move(*points[0])
            await page.mouse.down()
            for point in points[1:]:
                await page.mouse.move(*point)
            await page.mouse.up()
            await page.wait_for_timeout(1000 * PAUSE * rng.uniform(0.5, 1.5))
        if number % 4 == 3:
            await page.get_by_role("button", name="Clear").click()
            await page.wait_for_timeout(1000)
    waits = await page.evaluate("waits")
    await context.close()
    return waits


async def measure(address, n_sessions):
    """Print the median and the 95th percentile of the waits of some sessions at once."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        sessions = [draw_in_session(browser, address, seed) for seed in range(n_sessions)]
        waits = np.concatenate(await asyncio.gather(*sessions))
        print(
            f"{n_sessions} sessions: {len(waits)} answers, median {np.median(waits):.0f} ms, "
            f"95th percentile {np.percentile(waits, 95):.0f} ms, slowest {waits.max():.0f} ms",
            flush=True,
        )
        await browser.close()


def main():
    """Start the page, and measure it with each number of sessions."""
    server, address = start_app()
    try:
        for n_sessions in map(int, sys.argv[1:] or ["1", "10"]):
            asyncio.run(measure(address, n_sessions))
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
