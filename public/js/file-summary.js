import { h } from "./dom.js";
import { count, formatDuration } from "./measures.js";

/** @typedef {import("./files-api.js").Summary} Summary */

const SHOWN_CHAPTERS = 8;

/** What came of a file, in a line. @param {Summary | null} summary */
export function summaryLine(summary) {
  if (!summary) return "";
  const { chapter_count: chapters, words, duration_seconds: seconds, format, files } = summary;
  const parts = [
    chapters && count(chapters, "chapter"),
    words !== undefined && count(words, "word"),
    seconds !== undefined && formatDuration(seconds),
    format?.toUpperCase(),
    files !== undefined && count(files, "file"),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** What came of a file, at length: its chapters, or what a recording says of itself. @param {Summary | null} summary */
export function summaryAtLength(summary) {
  if (summary?.chapters?.length) return chapterList(summary.chapters, summary.chapter_count);
  const tags = Object.entries({ Title: summary?.title, Artist: summary?.artist, Album: summary?.album });
  const known = tags.filter(([, value]) => value);
  if (!known.length) return null;
  const pairs = known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h("dl", { class: "tags" }, ...pairs);
}

/**
 * @param {{ title: string, words: number }[]} chapters the first of them
 * @param {number} [total] how many there are
 */
function chapterList(chapters, total = chapters.length) {
  const rows = chapters.map(({ title, words }) =>
    h(
      "li",
      { class: "chapter" },
      h("span", { class: "chapter__title" }, title || "Untitled"),
      h("span", { class: "chapter__words" }, count(words, "word")),
    ),
  );
  const list = h("ol", { class: "chapters", role: "list", "aria-label": "Chapters" });
  if (total > rows.length)
    rows.push(h("li", { class: "chapter" }, `${count(total - rows.length, "more", "more")} in chapters.html`));
  list.append(...rows.slice(0, SHOWN_CHAPTERS));
  if (rows.length <= SHOWN_CHAPTERS) return list;
  const rest = rows.slice(SHOWN_CHAPTERS);
  const more = h("button", { class: "link", type: "button" }, `Show ${count(total - SHOWN_CHAPTERS, "more", "more")}`);
  more.addEventListener("click", () => {
    rest[0].setAttribute("tabindex", "-1");
    list.append(...rest);
    more.remove();
    rest[0].focus();
  });
  return h("div", {}, list, more);
}
