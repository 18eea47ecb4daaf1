import { h } from "./dom.js";

const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** A point in time, in the reader's language and time zone. @param {string} iso */
export function time(iso) {
  const date = new Date(iso);
  return h("time", { datetime: iso, title: long.format(date) }, short.format(date));
}
