import { h } from "./dom.js";
import { once } from "./once.js";
import { locale, t } from "./texts.js";

const short = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }));
const exact = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "long" }));
const long = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }));
/** @param {Intl.DateTimeFormatOptions} more */
const dayFormat = (more) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...more });
const dayOfThisYear = once(() => dayFormat({ timeZone: "UTC" }));
const dayOfOtherYear = once(() => dayFormat({ timeZone: "UTC", year: "numeric" }));
const thisYear = new Date().getFullYear();

/** A point in time, in the reader's language and time zone. @param {string} iso */
export function time(iso) {
  const date = new Date(iso);
  return h("time", { datetime: iso, title: long().format(date) }, short().format(date));
}

/** The same to the second, as a confirmation needs it. @param {string} iso */
export function moment(iso) {
  return h("time", { datetime: iso }, exact().format(new Date(iso)));
}

/** The day of a point in time, with its year where that is not this one. @param {string} iso */
export function day(iso) {
  const date = new Date(iso);
  const format = dayFormat({ year: date.getFullYear() === thisYear ? undefined : "numeric" });
  return h("time", { datetime: iso, title: long().format(date) }, format.format(date));
}

/**
 * A day of the calendar, which is the same everywhere; with its year where that is not this one.
 * @param {string} date "2026-11-25"
 */
export function calendarDay(date) {
  const isThisYear = date.startsWith(String(thisYear));
  return (isThisYear ? dayOfThisYear() : dayOfOtherYear()).format(new Date(date));
}

const DAY_MS = 24 * 60 * 60 * 1000;
const pad = (/** @type {number} */ number) => String(number).padStart(2, "0");

/** The reader's day of a point in time, such as "2026-11-25". @param {string | number} at */
export function localDay(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** "Today", "Yesterday", or the weekday and the date. @param {string} date as localDay() answers it */
export function dayInWords(date) {
  const noon = new Date(`${date}T12:00`);
  if (date === localDay(Date.now())) return t("day.today");
  // Noon is far enough from both ends of a day that a change of the clocks does not matter.
  if (date === localDay(new Date(`${localDay(Date.now())}T12:00`).getTime() - DAY_MS)) return t("day.yesterday");
  const isThisYear = noon.getFullYear() === thisYear;
  return dayFormat({ weekday: "long", month: "long", year: isThisYear ? undefined : "numeric" }).format(noon);
}
