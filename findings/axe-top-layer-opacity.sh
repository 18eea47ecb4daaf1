#!/usr/bin/env bash
# axe-core 4.14.1 in Chromium 153 (@sparticuz/chromium 153.0.0, playwright-core 1.65.1): the contrast of an open
# modal dialog, or of a popover, in a part of the page that is dimmed with opacity.
# Expected: both are in the top layer, where an ancestor's opacity does not reach, so the text is black on white
#           and color-contrast passes. axe knows the top layer: it skips what lies behind a modal dialog.
# Seen: the screen shows black on white and axe reports a contrast of 1.6 with the colour #cccccc. It multiplies
#       the ancestor's opacity into the text. The other way round there is a gap: `filter: opacity(20%)` on
#       the ancestor of a plain paragraph dims it on the screen, and axe says 21.
# So: measure such text on a screenshot before its colours are changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts \
    axe-core@4.14.1 playwright-core@1.65.1 @sparticuz/chromium@153.0.0
cat > contrast.mjs <<'JS'
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import chromium from "@sparticuz/chromium";
import { chromium as driver } from "playwright-core";

const STYLE = "color: black; background: white; border: 0; outline: 0; padding: 1em; font: bold 40px monospace";
const cases = {
  "modal dialog, opacity": `<div style="opacity: 20%"><dialog id="text" style="${STYLE}">Some bold text</dialog></div>`,
  "popover, opacity": `<div style="opacity: 20%"><p popover id="text" style="${STYLE}">Some bold text</p></div>`,
  "paragraph, opacity": `<div style="opacity: 20%"><p id="text" style="${STYLE}">Some bold text</p></div>`,
  "paragraph, filter": `<div style="filter: opacity(20%)"><p id="text" style="${STYLE}">Some bold text</p></div>`,
};
const axe = await readFile("node_modules/axe-core/axe.min.js", "utf8");
const browser = await driver.launch({ executablePath: await chromium.executablePath(), args: ["--no-sandbox"] });
const seen = {};
try {
  console.log("Chromium", browser.version());
  for (const [name, html] of Object.entries(cases)) {
    const page = await browser.newPage();
    await page.setContent(`<!doctype html><html lang="en"><title>Contrast</title><body>${html}`);
    await page.evaluate(axe);
    await page.evaluate(() => {
      const text = document.querySelector("#text");
      if (text instanceof HTMLDialogElement) text.showModal();
      else if (text.popover) text.showPopover();
    });
    const image = (await page.locator("#text").screenshot()).toString("base64");
    seen[name] = await page.evaluate(async (image) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${image}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const darkest = data.filter((_, at) => at % 4 === 0).reduce((one, other) => Math.min(one, other));
      const { violations, passes } = await axe.run({ runOnly: "color-contrast" });
      const [rule] = [...violations, ...passes];
      const { fgColor, contrastRatio } = rule.nodes[0].any[0].data;
      const result = violations.length ? "fails" : "passes";
      return { screen: darkest < 50 ? "black" : "dimmed", axe: [result, fgColor, contrastRatio] };
    }, image);
    console.log(`${name}: ${seen[name].screen} on the screen; axe`, ...seen[name].axe);
    await page.close();
  }
} finally {
  await browser.close();
}
assert.deepEqual(seen, {
  "modal dialog, opacity": { screen: "black", axe: ["fails", "#cccccc", 1.6] },
  "popover, opacity": { screen: "black", axe: ["fails", "#cccccc", 1.6] },
  "paragraph, opacity": { screen: "dimmed", axe: ["fails", "#cccccc", 1.6] },
  "paragraph, filter": { screen: "dimmed", axe: ["passes", "#000000", 21] },
});
JS
TMPDIR=$work node contrast.mjs
