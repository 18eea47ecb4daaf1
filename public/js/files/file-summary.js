import { h } from "../lib/dom.js";
import { formatDuration } from "../lib/measures.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").Summary} Summary */

const SHOWN_CHAPTERS = 8;

/** What came of a file, in a line. @param {Summary | null} summary */
export function summaryLine(summary) {
  if (!summary) return "";
  const { chapter_count: chapters, words, duration_seconds: seconds, format, files } = summary;
  const parts = [
    chapters && t("chapters", { n: chapters }),
    words !== undefined && t("words", { n: words }),
    seconds !== undefined && formatDuration(seconds),
    format?.toUpperCase(),
    files !== undefined && t("files", { n: files }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** What came of a file, at length: its chapters, or what a recording says of itself. @param {Summary | null} summary */
export function summaryAtLength(summary) {
  if (summary?.chapters?.length) return chapterList(summary.chapters, summary.chapter_count);
  const tags = Object.entries({ title: summary?.title, artist: summary?.artist, album: summary?.album });
  const known = tags.filter(([, value]) => value);
  if (!known.length) return null;
  const pairs = known.map(([name, value]) => h("div", {}, h("dt", {}, t(`tag.${name}`)), h("dd", {}, value)));
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
      h("span", { class: "chapter__title" }, title || t("file.untitled")),
      h("span", { class: "chapter__words" }, t("words", { n: words })),
    ),
  );
  const list = h("ol", { class: "chapters", role: "list", "aria-label": t("file.chapters") });
  if (total > rows.length) {
    const text = t("file.more_in_file", { n: total - rows.length, name: "chapters.html" });
    rows.push(h("li", { class: "chapter" }, text));
  }
  list.append(...rows.slice(0, SHOWN_CHAPTERS));
  if (rows.length <= SHOWN_CHAPTERS) return list;
  const rest = rows.slice(SHOWN_CHAPTERS);
  const label = t("file.show_more", { n: total - SHOWN_CHAPTERS });
  const more = h("button", { class: "link", type: "button" }, label);
  more.addEventListener("click", () => {
    rest[0].setAttribute("tabindex", "-1");
    list.append(...rest);
    more.remove();
    rest[0].focus();
  });
  return h("div", {}, list, more);
}
